-- Takes one of a few places, or keeps it.
--
-- KEYS[1] v:{pace:DIGEST}:places
-- ARGV[1] holder
-- ARGV[2] how many places there are
-- ARGV[3] now in ms
-- ARGV[4] until when in ms
-- ARGV[5] life in ms
-- Returns 1 if the holder has a place, 0 if all are taken.
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
  return 0
end
redis.call('ZADD', KEYS[1], ARGV[4], ARGV[1])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[5]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return 1
