-- Begins the ledger of a campaign; one that has begun is left as it is.
--
-- KEYS[1] v:{c}:counts
-- ARGV[1] how many were ordered
-- ARGV[2] lanes
-- ARGV[3] life in ms
-- Returns 1 if it began now, 0 if it had begun.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('HSET', KEYS[1], 'ordered', ARGV[1], 'lanes', ARGV[2], 'fed', 0, 'o0', ARGV[1], 'o1', 0, 'o2', 0, 'o3', 0, 'o4', 0, 'o5', 0)
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
