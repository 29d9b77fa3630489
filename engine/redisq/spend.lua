-- Takes from a limit, or gives back.
--
-- KEYS[1] v:{pace:DIGEST}:END
-- ARGV[1] how many; negative: gives back
-- ARGV[2] the limit
-- ARGV[3] life in ms
-- Returns how many it got; negative: how many were given back.
local n, spent = tonumber(ARGV[1]), tonumber(redis.call('GET', KEYS[1]) or '0')
local got
if n > 0 then
  got = math.max(0, math.min(n, tonumber(ARGV[2]) - spent))
else
  got = math.max(n, -spent)
end
if got ~= 0 then
  redis.call('SET', KEYS[1], string.format('%d', spent + got), 'PX', ARGV[3])
end
return got
