-- Takes payments that are to be declared and are not known yet.
--
-- KEYS[1] v:{p}:declare   due times
-- ARGV[1] prefix of the declarations' keys, "v:{p}:declare:"
-- ARGV[2] life in ms
-- ARGV[3] now in ms
-- ARGV[4…] pairs: digest of the reference, declaration
-- Returns how many are new.
local fresh = 0
for i = 4, #ARGV, 2 do
  local key = ARGV[1] .. ARGV[i]
  if redis.call('EXISTS', key) == 0 then
    redis.call('SET', key, ARGV[i + 1], 'PX', ARGV[2])
    redis.call('ZADD', KEYS[1], ARGV[3], ARGV[i])
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    fresh = fresh + 1
  end
end
return fresh
