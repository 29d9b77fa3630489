-- Stores a chunk as the next one, if the campaign has no chunk that the caller does not know of.
--
-- KEYS[1] v:{c}:size
-- ARGV[1] prefix of the campaign's keys, "v:{c}:"
-- ARGV[2] how many chunks the caller knows
-- ARGV[3] the token of the last of them; empty if there is none
-- ARGV[4] the token of this call
-- ARGV[5] the names of the chunk, which begin with the token
-- ARGV[6] the chunk
-- ARGV[7] how many recipients it has
-- ARGV[8] life of the size in ms
-- ARGV[9] life of the chunk and its names in ms
-- Returns {1, chunks} when stored, by this or an earlier sending of the same call; {0, chunks} if the caller must look at the chunks it does
-- not know, or knows chunks that are lost. chunks is how many there are now.
local have = redis.call('HMGET', KEYS[1], 'chunks', 'last')
local chunks, last = have[1] or '0', have[2] or ''
if last == ARGV[4] then
  return {1, tonumber(chunks)}
end
if chunks ~= ARGV[2] or last ~= ARGV[3] then
  return {0, tonumber(chunks)}
end
redis.call('SET', ARGV[1] .. 'names:' .. chunks, ARGV[5], 'PX', ARGV[9])
redis.call('SET', ARGV[1] .. 'chunk:' .. chunks, ARGV[6], 'PX', ARGV[9])
redis.call('HSET', KEYS[1], 'last', ARGV[4])
redis.call('HINCRBY', KEYS[1], 'recipients', ARGV[7])
chunks = redis.call('HINCRBY', KEYS[1], 'chunks', 1)
redis.call('PEXPIRE', KEYS[1], ARGV[8])
return {1, chunks}
