-- Writes what became of declarations. One that is done twice counts once.
--
-- KEYS[1] v:{p}:declare         due times
-- KEYS[2] v:{p}:declare:failed  those that failed, by when
-- KEYS[3] v:{p}:declare:counts
-- ARGV[1] prefix of the declarations' keys, "v:{p}:declare:"
-- ARGV[2] life in ms
-- ARGV[3] now in ms
-- ARGV[4] how many failed ones are remembered
-- ARGV[5…] fives: digest of the reference, declaration, state, due in ms, digest of the name or empty
for i = 5, #ARGV, 5 do
  local digest, state = ARGV[i], ARGV[i + 2]
  redis.call('SET', ARGV[1] .. digest, ARGV[i + 1], 'PX', ARGV[2])
  if ARGV[i + 4] ~= '' then
    redis.call('SET', ARGV[1] .. ARGV[i + 4], '', 'PX', ARGV[2])
  end
  if state == 'waiting' then
    redis.call('ZADD', KEYS[1], ARGV[i + 3], digest)
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
  elseif redis.call('ZREM', KEYS[1], digest) == 1 then
    redis.call('HINCRBY', KEYS[3], state, 1)
    redis.call('PEXPIRE', KEYS[3], ARGV[2])
    if state == 'failed' then
      redis.call('ZADD', KEYS[2], ARGV[3], digest)
      redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - ARGV[4])
      redis.call('PEXPIRE', KEYS[2], ARGV[2])
    end
  end
end
return 1
