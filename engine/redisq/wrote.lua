-- Remembers messages of dialogs and tells which are read already.
--
-- KEYS[1] v:{p}:dialog:CH   (names the slot)
-- ARGV[1] prefix of the dialogs, "v:{p}:dialog:CH:"
-- ARGV[2] life of a dialog in ms
-- ARGV[3] how many messages of a dialog are remembered
-- ARGV[4…] three a message: digest of the address, number, member
-- Returns a string with one digit a message: "1" the resident has read beyond it.
-- A dialog is a sorted set: member → number; the empty member stands where the resident has read up to.
local answers = {}
for i = 4, #ARGV, 3 do
  local key, number = ARGV[1] .. ARGV[i], ARGV[i + 1]
  redis.call('ZADD', key, 'LT', number, ARGV[i + 2])
  redis.call('ZREMRANGEBYRANK', key, 0, -tonumber(ARGV[3]) - 2)
  redis.call('PEXPIRE', key, ARGV[2])
  local read = redis.call('ZSCORE', key, '')
  answers[#answers + 1] = read and tonumber(read) >= tonumber(number) and '1' or '0'
end
return table.concat(answers)
