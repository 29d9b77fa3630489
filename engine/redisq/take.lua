-- Leases a batch. It is awake from then on, whether it was roused or not; when it is due stays as it was, for when it is forgotten.
--
-- KEYS[1] v:{c}:batches
-- KEYS[2] v:{c}:due
-- KEYS[3] v:{c}:awake
-- KEYS[4] v:{c}:leases
-- ARGV[1] batch ID
-- ARGV[2] holder
-- ARGV[3] now in ms
-- ARGV[4] end of the lease in ms
-- ARGV[5] life in ms
-- Returns {0} if the batch is gone, {1, batch, due time in ms} if it is the holder's now, {2, end} if it is somebody else's until then.
local batch = redis.call('HGET', KEYS[1], ARGV[1])
if not batch then
  return {0}
end
local held = redis.call('HGET', KEYS[4], ARGV[1])
if held and held ~= ARGV[2] then
  local ends = redis.call('ZSCORE', KEYS[3], ARGV[1])
  if ends and tonumber(ends) > tonumber(ARGV[3]) then
    return {2, ends}
  end
end
redis.call('HSET', KEYS[4], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[5])
redis.call('PEXPIRE', KEYS[4], ARGV[5])
return {1, batch, redis.call('ZSCORE', KEYS[2], ARGV[1])}
