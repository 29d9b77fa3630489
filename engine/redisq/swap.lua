-- Replaces a campaign if it is still what the caller has read. The same swap sent twice succeeds twice: values begin with a token of the call
-- that wrote them.
--
-- KEYS[1] v:{c}:campaign
-- KEYS[2] v:{c}:claims
-- ARGV[1] what the caller has read; empty: the key must not be there
-- ARGV[2] the new value
-- ARGV[3] life in ms
-- ARGV[4] life of the claims in ms
-- Returns 1 when done, 0 if somebody else has changed it.
local is = redis.call('GET', KEYS[1]) or ''
if is ~= ARGV[1] and is ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
