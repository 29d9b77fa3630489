-- Replaces a field of a hash if it is still what the caller has read. The same exchange sent twice succeeds twice: values begin with a token of
-- the call that wrote them.
--
-- KEYS[1] the hash
-- ARGV[1] the field
-- ARGV[2] what the caller has read; empty: the field must not be there
-- ARGV[3] the new value; empty: the field goes
-- ARGV[4] life in ms; 0: for ever
-- Returns 1 when done, 0 if somebody else has changed it.
local is = redis.call('HGET', KEYS[1], ARGV[1]) or ''
if is ~= ARGV[2] and is ~= ARGV[3] then
  return 0
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return 1
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
if ARGV[4] ~= '0' then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return 1
