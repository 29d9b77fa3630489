-- Adds first batches and moves the feeding cursor.
--
-- KEYS[1] v:{c}:counts
-- KEYS[2] v:{c}:batches
-- KEYS[3] v:{c}:due
-- ARGV[1] where the cursor must be
-- ARGV[2] where it goes
-- ARGV[3] life in ms
-- ARGV[4…] triples: batch ID, batch, due time in ms
-- Returns 0 when done; 1 if the ledger is not open, 2 if the cursor is elsewhere, 3 if a batch is there already: nothing is written then.
local fed = redis.call('HGET', KEYS[1], 'fed')
if not fed then
  return 1
end
if fed ~= ARGV[1] then
  return 2
end
for i = 4, #ARGV, 3 do
  if redis.call('HEXISTS', KEYS[2], ARGV[i]) == 1 then
    return 3
  end
end
for i = 4, #ARGV, 3 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[3], ARGV[i + 2], ARGV[i])
end
redis.call('HSET', KEYS[1], 'fed', ARGV[2])
for i = 1, 3 do
  redis.call('PEXPIRE', KEYS[i], ARGV[3])
end
return 0
