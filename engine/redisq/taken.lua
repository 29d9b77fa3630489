-- Says that the channel took the messages to shared addresses.
--
-- KEYS[1] v:{c}:claims
-- ARGV    digests of place and address
-- Returns how many of them somebody had.
local n = 0
for _, field in ipairs(ARGV) do
  local has = redis.call('HGET', KEYS[1], field)
  if has then
    n = n + 1
    if string.sub(has, -1) ~= '!' then
      redis.call('HSET', KEYS[1], field, has .. '!')
    end
  end
end
return n
