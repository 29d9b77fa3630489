-- Sets bits.
--
-- KEYS[1] v:{c}:mark:FACT:CHANNEL
-- ARGV[1] life in ms
-- ARGV[2…] offsets of the bits
-- Returns a string of what each bit was: "0" or "1".
local was = {}
for i = 2, #ARGV do
  was[i - 1] = tostring(redis.call('SETBIT', KEYS[1], ARGV[i], 1))
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return table.concat(was)
