-- Counts a campaign for accounts, unless they have had enough of its kind in a window of days.
--
-- KEYS[1] v:{p}:sent:KIND   (names the slot)
-- ARGV[1] prefix of the buckets, "v:{p}:sent:KIND:"
-- ARGV[2] what stands for the campaign, four bytes
-- ARGV[3] the day, counted from 1970
-- ARGV[4] days of the window, the day included
-- ARGV[5] how many campaigns may be in it
-- ARGV[6] how many days entries are remembered, at least as many as the window has
-- ARGV[7] life of a bucket in ms
-- ARGV[8] digests of the accounts, ten bytes each
-- Returns a string with one digit an account: "1" it is counted, now or before; "0" it has had enough.
-- A bucket is a hash: the last eight bytes of a digest → entries, six bytes each: day (two bytes) and campaign.
local campaign, day, days, most, kept = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local today = string.char(math.floor(day / 256) % 256, day % 256)
local answers = {}
for at = 1, #ARGV[8], 10 do
  local a, b = string.byte(ARGV[8], at, at + 1)
  local key, field = ARGV[1] .. (a * 256 + b), string.sub(ARGV[8], at + 2, at + 9)
  local list = redis.call('HGET', key, field) or ''
  local counted, n, keep = {}, 0, {}
  for i = 1, #list, 6 do
    local c, d = string.byte(list, i, i + 1)
    local was, name = c * 256 + d, string.sub(list, i + 2, i + 5)
    if was > day - kept then
      keep[#keep + 1] = string.sub(list, i, i + 5)
    end
    if was <= day and was > day - days and not counted[name] then
      counted[name], n = true, n + 1
    end
  end
  if counted[campaign] then
    answers[#answers + 1] = '1'
  elseif n >= most then
    answers[#answers + 1] = '0'
  else
    answers[#answers + 1] = '1'
    redis.call('HSET', key, field, table.concat(keep) .. today .. campaign)
    redis.call('PEXPIRE', key, ARGV[7])
  end
end
return table.concat(answers)
