-- Takes or keeps a leader lock, or gives it back.
--
-- KEYS[1] v:{lead:NAME}
-- ARGV[1] holder
-- ARGV[2] for how long in ms; 0 gives it back
-- Returns 1 if the holder leads now, 0 if not.
local leads = redis.call('GET', KEYS[1])
if leads and leads ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
