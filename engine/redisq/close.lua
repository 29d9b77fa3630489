-- Marks references of payments as done.
--
-- KEYS[1] v:{p}:cash   (names the slot)
-- ARGV[1] prefix of this epoch's keys, "v:{p}:cash:E:"
-- ARGV[2] life in ms
-- ARGV[3] buckets
-- ARGV[4…] digests of the references
-- Returns how many there were.
local buckets = tonumber(ARGV[3])
for i = 4, #ARGV do
  local a, b = string.byte(ARGV[i], 1, 2)
  local key = ARGV[1] .. 'ref:' .. ((a * 256 + b) % buckets)
  redis.call('HSET', key, ARGV[i], '2')
  if redis.call('HLEN', key) == 1 then
    redis.call('PEXPIRE', key, ARGV[2])
  end
end
return #ARGV - 3
