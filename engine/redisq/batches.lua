-- Lists batches: those that are awake, then the others, each by the time they are due.
--
-- KEYS[1] v:{c}:batches
-- KEYS[2] v:{c}:due
-- KEYS[3] v:{c}:awake
-- ARGV[1] how many at most
-- Returns {due time in ms, batch, …}.
local limit, awake, order = tonumber(ARGV[1]), {}, {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[3], 0, -1)) do
  awake[id] = true
  order[#order + 1] = {id = id, due = redis.call('ZSCORE', KEYS[2], id)}
end
table.sort(order, function(a, b)
  local x, y = tonumber(a.due), tonumber(b.due)
  return x < y or x == y and a.id < b.id
end)
if #order < limit then
  local found = redis.call('ZRANGE', KEYS[2], 0, limit - 1, 'WITHSCORES') -- of these at most the awake ones are listed already
  for i = 1, #found, 2 do
    if not awake[found[i]] then
      order[#order + 1] = {id = found[i], due = found[i + 1]}
    end
  end
end
local list = {}
for i = 1, math.min(limit, #order) do
  list[2 * i - 1] = order[i].due
  list[2 * i] = redis.call('HGET', KEYS[1], order[i].id)
end
return list
