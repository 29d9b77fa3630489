-- Makes the earliest batches that are due awake, so many that at most a window of them is. First those whose time is over, because a crash
-- forgot them, stop being awake, and their leases end: they are due again.
--
-- KEYS[1] v:{c}:batches
-- KEYS[2] v:{c}:due
-- KEYS[3] v:{c}:awake
-- KEYS[4] v:{c}:leases
-- ARGV[1] now in ms
-- ARGV[2] until when they are awake in ms
-- ARGV[3] how many may be awake
-- ARGV[4] life in ms
-- Returns {due time in ms, batch, …}, earliest first.
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', ARGV[1])) do
  redis.call('ZREM', KEYS[3], id)
  redis.call('HDEL', KEYS[4], id)
end
local room = tonumber(ARGV[3]) - redis.call('ZCARD', KEYS[3])
if room <= 0 then
  return {}
end
-- Fewer than the window are awake, so the first page, as large as the window, mostly is all that is looked at.
local list, from, size = {}, 0, math.min(tonumber(ARGV[3]), 1000)
while room > 0 do
  local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', from, size)
  if #due == 0 then
    break
  end
  from = from + #due
  for i, awake in ipairs(redis.call('ZMSCORE', KEYS[3], unpack(due))) do
    if not awake and room > 0 then
      redis.call('ZADD', KEYS[3], ARGV[2], due[i])
      list[#list + 1] = redis.call('ZSCORE', KEYS[2], due[i])
      list[#list + 1] = redis.call('HGET', KEYS[1], due[i])
      room = room - 1
    end
  end
end
if #list > 0 then
  redis.call('PEXPIRE', KEYS[3], ARGV[4])
end
return list
