-- Claims an idempotency key. The same claim sent twice succeeds twice.
--
-- KEYS[1] v:{p}:answer:DIGEST
-- ARGV[1] the mark of a running request
-- ARGV[2] life of the mark in ms
-- Returns what is known: empty if nothing was and the mark is set now.
local known = redis.call('GET', KEYS[1])
if known and known ~= ARGV[1] then
  return known
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ''
