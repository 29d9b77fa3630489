-- Puts messages into the index of an inbox and takes out what is over its bounds, oldest first.
--
-- KEYS[1] v:{p}:inbox        sorted set: id by time in ms
-- KEYS[2] v:{p}:inbox:sizes  hash: id to bytes, and "" to the sum of all
-- ARGV[1] what is older (ms) goes
-- ARGV[2] how many messages may stay
-- ARGV[3] how many bytes may stay
-- ARGV[4] life in ms
-- ARGV[5…] id, time, bytes; id, time, bytes; …
-- Returns the ids that went.
local index, sizes = KEYS[1], KEYS[2]
local total = tonumber(redis.call('HGET', sizes, '') or '0')
for i = 5, #ARGV, 3 do
  local before = redis.call('HGET', sizes, ARGV[i])
  total = total + tonumber(ARGV[i + 2]) - tonumber(before or '0')
  redis.call('ZADD', index, ARGV[i + 1], ARGV[i])
  redis.call('HSET', sizes, ARGV[i], ARGV[i + 2])
end
local count, gone = redis.call('ZCARD', index), {}
while count > 0 do
  local oldest = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')
  if count <= tonumber(ARGV[2]) and total <= tonumber(ARGV[3]) and tonumber(oldest[2]) > tonumber(ARGV[1]) then
    break
  end
  total = total - tonumber(redis.call('HGET', sizes, oldest[1]) or '0')
  redis.call('ZREM', index, oldest[1])
  redis.call('HDEL', sizes, oldest[1])
  gone[#gone + 1] = oldest[1]
  count = count - 1
end
redis.call('HSET', sizes, '', string.format('%d', total))
redis.call('PEXPIRE', index, ARGV[4])
redis.call('PEXPIRE', sizes, ARGV[4])
return gone
