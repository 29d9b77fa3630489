-- Sets bits.
--
-- KEYS[1] v:{c}:mark:FACT:CHANNEL
-- ARGV[1] life in ms
-- ARGV[2] the single bits, four bytes each
-- ARGV[3…] pairs: where whole bytes of ones begin, the bytes
-- Returns nothing.
local bits = ARGV[2]
for at = 1, #bits, 4 do
  local a, b, c, d = string.byte(bits, at, at + 3)
  redis.call('SETBIT', KEYS[1], ((a * 256 + b) * 256 + c) * 256 + d, 1)
end
for i = 3, #ARGV, 2 do
  redis.call('SETRANGE', KEYS[1], ARGV[i], ARGV[i + 1])
end
-- Once a day is often enough.
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) - 86400000 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return ''
