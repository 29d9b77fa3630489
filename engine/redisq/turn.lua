-- Takes the next of the turns that come every so often.
--
-- KEYS[1] v:{pace:DIGEST}:turn
-- ARGV[1] how often they come, in µs
-- Returns in how many µs it comes.
local clock, every = redis.call('TIME'), tonumber(ARGV[1])
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local turn = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
redis.call('SET', KEYS[1], string.format('%.0f', turn + every), 'PX', math.ceil((turn + every - now) / 1000) + 1000)
return turn - now
