-- Makes batches that wait for a later time due now, except those that ask a channel what became of their messages ("conf" in their ID).
--
-- KEYS[1] v:{c}:due
-- KEYS[2] v:{c}:awake
-- ARGV[1] now in ms
-- Returns how many there were.
local n = 0
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[1], '+inf')) do
  if not string.find(id, '.conf.', 1, true) and not redis.call('ZSCORE', KEYS[2], id) then
    redis.call('ZADD', KEYS[1], ARGV[1], id)
    n = n + 1
  end
end
return n
