-- Lists the batches that are due, or whose lease ends, before a time, earliest first.
--
-- KEYS[1] v:{c}:batches
-- KEYS[2] v:{c}:due
-- ARGV[1] the time in ms
-- ARGV[2] how many at most
-- Returns {time in ms, batch, …}.
local found = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local list = {}
for i = 1, #found, 2 do
  list[i] = found[i + 1]
  list[i + 1] = redis.call('HGET', KEYS[1], found[i])
end
return list
