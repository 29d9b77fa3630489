-- Makes a directory that was built the one that is looked into.
--
-- KEYS[1] v:{c}:size
-- ARGV[1] how many chunks the directory before it covers; "0" if there is none
-- ARGV[2] how many the new one covers
-- ARGV[3] how many pieces the new one has
-- Returns 1 when done, 0 if somebody else has made another.
if (redis.call('HGET', KEYS[1], 'directed') or '0') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'directed', ARGV[2], 'pieces', ARGV[3])
return 1
