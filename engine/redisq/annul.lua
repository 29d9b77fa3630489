-- Annuls payments by their references.
--
-- KEYS[1] v:{p}:cash   (names the slot)
-- ARGV[1] prefix of this epoch's keys, "v:{p}:cash:E:"
-- ARGV[2] prefix of the epoch before
-- ARGV[3] life in ms
-- ARGV[4] buckets
-- ARGV[5…] digests of the references
-- Returns a string with one digit a payment: "0" it was never booked, "1" it counted until now, or its annulment was not closed, "2" it was annulled
-- and closed before.
local buckets = tonumber(ARGV[4])
local answers = {}
for i = 5, #ARGV do
  local a, b = string.byte(ARGV[i], 1, 2)
  local bucket = 'ref:' .. ((a * 256 + b) % buckets)
  local key = ARGV[1] .. bucket
  local known = redis.call('HGET', key, ARGV[i]) or redis.call('HGET', ARGV[2] .. bucket, ARGV[i])
  local answer, now = '1', '3'
  if not known then
    answer, now = '0', '4'
  elseif known == '4' then
    answer, now = '2', '4'
  end
  answers[#answers + 1] = answer
  redis.call('HSET', key, ARGV[i], now)
  if redis.call('HLEN', key) == 1 then
    redis.call('PEXPIRE', key, ARGV[3])
  end
end
return table.concat(answers)
