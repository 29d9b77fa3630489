-- Marks references of payments as done.
--
-- KEYS[1] v:{p}:cash   (names the slot)
-- ARGV[1] prefix of this epoch's keys, "v:{p}:cash:E:"
-- ARGV[2] prefix of the epoch before
-- ARGV[3] life in ms
-- ARGV[4] buckets
-- ARGV[5…] digests of the references
-- Returns how many there were.
local buckets = tonumber(ARGV[4])
for i = 5, #ARGV do
  local a, b = string.byte(ARGV[i], 1, 2)
  local bucket = 'ref:' .. ((a * 256 + b) % buckets)
  local key = ARGV[1] .. bucket
  local known = redis.call('HGET', key, ARGV[i]) or redis.call('HGET', ARGV[2] .. bucket, ARGV[i])
  local annulled = known == '3' or known == '4'
  redis.call('HSET', key, ARGV[i], annulled and '4' or '2')
  if redis.call('HLEN', key) == 1 then
    redis.call('PEXPIRE', key, ARGV[3])
  end
end
return #ARGV - 4
