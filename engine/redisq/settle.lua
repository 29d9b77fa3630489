-- Ends a batch, or takes returned messages in: writes states, counts outcomes, adds successors, all or nothing.
--
-- KEYS[1] v:{c}:counts
-- KEYS[2] v:{c}:batches
-- KEYS[3] v:{c}:due
-- KEYS[4] v:{c}:awake
-- KEYS[5] v:{c}:leases
-- KEYS[6] v:{c}:campaign   (kept alive with the rest)
-- KEYS[7] v:{c}:size       (likewise)
-- ARGV[1] batch ID; empty: there is no batch and no lease
-- ARGV[2] holder
-- ARGV[3] lane
-- ARGV[4] first byte of the chunk in the states of a lane
-- ARGV[5] changes as runs of neighbours that change alike, twelve bytes each, in ascending order: first place, how many (two bytes each), state
--         before, state after (four each)
-- ARGV[6] prefix of the states of a lane, "v:{c}:states:"
-- ARGV[7] life in ms
-- ARGV[8…] triples: batch ID, batch, due time in ms
-- Returns {0, ordered, o0 … o5} when done; {1} if the lease is not the holder's, {2} if a state is not what it was, {3} if there is no such
-- lane, {4} if a successor is there already: nothing is written then.
local id, lane, base, changes = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
if id ~= '' and redis.call('HGET', KEYS[5], id) ~= ARGV[2] then
  return {1}
end
local lanes = tonumber(redis.call('HGET', KEYS[1], 'lanes') or '0')
if lane < 0 or lane >= lanes then
  return {3}
end

local runs = {}
for at = 1, #changes, 12 do
  local a, b, c, d = string.byte(changes, at, at + 3)
  runs[#runs + 1] = {from = a * 256 + b, n = c * 256 + d, was = string.sub(changes, at + 4, at + 7), now = string.sub(changes, at + 8, at + 11)}
end

-- The states between the first and the last place, of every lane.
local states, first, size = {}, 0, 0
if #runs > 0 then
  first = runs[1].from
  size = (runs[#runs].from + runs[#runs].n - first) * 4
  for l = 0, lanes - 1 do
    local s = redis.call('GETRANGE', ARGV[6] .. l, base + first * 4, base + first * 4 + size - 1)
    states[l] = s .. string.rep('\0', size - #s)
  end
end
local mine = states[lane]
for _, run in ipairs(runs) do
  local at = (run.from - first) * 4
  if string.sub(mine, at + 1, at + run.n * 4) ~= string.rep(run.was, run.n) then
    return {2}
  end
end
for i = 8, #ARGV, 3 do
  if ARGV[i] ~= id and redis.call('HEXISTS', KEYS[2], ARGV[i]) == 1 then
    return {4}
  end
end

if id ~= '' then
  redis.call('HDEL', KEYS[2], id)
  redis.call('ZREM', KEYS[3], id)
  redis.call('ZREM', KEYS[4], id)
  redis.call('HDEL', KEYS[5], id)
end
if #runs > 0 then
  local moved, pieces, done = {}, {}, 0
  -- Counts by recipients whose other lanes stand, at a place of the states, where they are for all of them.
  local function move(run, place, by)
    local was, now = string.byte(run.was), string.byte(run.now)
    for l = 0, lanes - 1 do -- a recipient's outcome is the smallest of its lanes
      if l ~= lane then
        local other = string.byte(states[l], place)
        was, now = math.min(was, other), math.min(now, other)
      end
    end
    moved[was] = (moved[was] or 0) - by
    moved[now] = (moved[now] or 0) + by
  end
  local function alike(from, to)
    for l = 0, lanes - 1 do
      local s = string.sub(states[l], from, to)
      if l ~= lane and s ~= string.rep(string.sub(s, 1, 4), #s / 4) then
        return false
      end
    end
    return true
  end
  for _, run in ipairs(runs) do
    local at = (run.from - first) * 4
    if alike(at + 1, at + run.n * 4) then
      move(run, at + 1, run.n)
    else
      for place = at + 1, at + run.n * 4, 4 do
        move(run, place, 1)
      end
    end
    pieces[#pieces + 1] = string.sub(mine, done + 1, at)
    pieces[#pieces + 1] = string.rep(run.now, run.n)
    done = at + run.n * 4
  end
  redis.call('SETRANGE', ARGV[6] .. lane, base + first * 4, table.concat(pieces))
  redis.call('PEXPIRE', ARGV[6] .. lane, ARGV[7])
  for code, by in pairs(moved) do
    if by ~= 0 then
      redis.call('HINCRBY', KEYS[1], 'o' .. code, by)
    end
  end
end
for i = 8, #ARGV, 3 do
  redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 1])
  redis.call('ZADD', KEYS[3], ARGV[i + 2], ARGV[i])
end
if #ARGV >= 8 then
  redis.call('PEXPIRE', KEYS[2], ARGV[7])
  redis.call('PEXPIRE', KEYS[3], ARGV[7])
end
-- Once a day is often enough for what outlives every batch.
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[7]) - 86400000 then
  redis.call('PEXPIRE', KEYS[1], ARGV[7])
  redis.call('PEXPIRE', KEYS[6], ARGV[7])
  redis.call('PEXPIRE', KEYS[7], ARGV[7])
end
local counts = redis.call('HMGET', KEYS[1], 'ordered', 'o0', 'o1', 'o2', 'o3', 'o4', 'o5')
return {0, unpack(counts)}
