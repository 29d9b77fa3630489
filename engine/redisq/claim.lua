-- Gives shared addresses to recipients.
--
-- KEYS[1] v:{c}:claims
-- ARGV[1] life in ms
-- ARGV[2…] pairs: digest of place and address, ordinal
-- Returns a string with one digit an address: "0" it is the recipient's, "1" another one has it, "2" the channel took the message, whoever it
-- was for.
local answers = {}
for i = 2, #ARGV, 2 do
  local has = redis.call('HGET', KEYS[1], ARGV[i])
  if not has then
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
    answers[#answers + 1] = '0'
  elseif has == ARGV[i + 1] then
    answers[#answers + 1] = '0'
  elseif string.sub(has, -1) == '!' then
    answers[#answers + 1] = '2'
  else
    answers[#answers + 1] = '1'
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return table.concat(answers)
