-- Moves the end of a lease.
--
-- KEYS[1] v:{c}:awake
-- KEYS[2] v:{c}:leases
-- ARGV[1] batch ID
-- ARGV[2] holder
-- ARGV[3] end of the lease in ms
-- Returns 1 when done, 0 if the lease is not the holder's.
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then
  return 0
end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
return 1
