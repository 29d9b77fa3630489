-- Removes members of a sorted set whose score has not changed.
--
-- KEYS[1] the sorted set
-- ARGV    pairs: member, score
-- Returns how many were removed.
local removed = 0
for i = 1, #ARGV, 2 do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    removed = removed + redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
return removed
