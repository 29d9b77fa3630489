-- Replaces a chat if it is still what the caller has read, and moves it in the index. The same exchange sent twice succeeds twice: values begin
-- with a token of the call that wrote them.
--
-- KEYS[1] v:{p}:chats
-- KEYS[2] v:{p}:chats:index
-- ARGV[1] the chat's ID
-- ARGV[2] what the caller has read; empty: the chat must not be there
-- ARGV[3] the new value; empty: the chat goes
-- ARGV[4] how many entries of the index go
-- ARGV[5…] the entries that go, then those that come
-- Returns 1 when done, 0 if somebody else has changed it.
local is = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if is ~= ARGV[2] and is ~= ARGV[3] then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
local going = tonumber(ARGV[4])
for i = 5, #ARGV do
  if i < 5 + going then
    redis.call('ZREM', KEYS[2], ARGV[i])
  else
    redis.call('ZADD', KEYS[2], 0, ARGV[i])
  end
end
return 1
