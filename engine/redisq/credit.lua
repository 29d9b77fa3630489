-- Books payments that are not known yet.
--
-- KEYS[1] v:{p}:cash   (names the slot)
-- ARGV[1] prefix of this epoch's keys, "v:{p}:cash:E:"
-- ARGV[2] prefix of the epoch before
-- ARGV[3] life in ms
-- ARGV[4] buckets
-- ARGV[5…] triples: digest of the reference, digest of the purpose, record
-- Returns a string with one digit a payment: "0" it was new and is booked now, "1" it was booked, "2" it was closed, "3" and "4" it was annulled.
local buckets = tonumber(ARGV[4])
local function bucket(digest)
  local a, b = string.byte(digest, 1, 2)
  return (a * 256 + b) % buckets
end
local function write(key, field, value)
  redis.call('HSET', key, field, value)
  if redis.call('HLEN', key) == 1 then
    redis.call('PEXPIRE', key, ARGV[3])
  end
end

local answers = {}
for i = 5, #ARGV, 3 do
  local reference = 'ref:' .. bucket(ARGV[i])
  local known = redis.call('HGET', ARGV[1] .. reference, ARGV[i]) or redis.call('HGET', ARGV[2] .. reference, ARGV[i])
  answers[#answers + 1] = known or '0'
  if not known then
    local purpose = ARGV[1] .. 'for:' .. bucket(ARGV[i + 1])
    local before = redis.call('HGET', purpose, ARGV[i + 1]) or ''
    write(purpose, ARGV[i + 1], before .. ARGV[i + 2])
    write(ARGV[1] .. reference, ARGV[i], '1')
  end
end
return table.concat(answers)
