-- Ends a batch, or takes returned messages in: writes states, counts outcomes, adds successors, all or nothing.
--
-- KEYS[1] v:{c}:counts
-- KEYS[2] v:{c}:batches
-- KEYS[3] v:{c}:due
-- KEYS[4] v:{c}:leases
-- KEYS[5] v:{c}:campaign   (kept alive with the rest)
-- KEYS[6] v:{c}:size       (likewise)
-- ARGV[1] batch ID; empty: there is no batch and no lease
-- ARGV[2] holder
-- ARGV[3] lane
-- ARGV[4] first byte of the chunk in the states of a lane
-- ARGV[5] changes, ten bytes each, by ascending place: place (two bytes), state before (four), state after (four)
-- ARGV[6] prefix of the states of a lane, "v:{c}:states:"
-- ARGV[7] life in ms
-- ARGV[8…] triples: batch ID, batch, due time in ms
-- Returns {0, ordered, o0 … o5} when done; {1} if the lease is not the holder's, {2} if a state is not what it was, {3} if there is no such
-- lane, {4} if a successor is there already: nothing is written then.
local id, lane, base, changes = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
if id ~= '' and redis.call('HGET', KEYS[4], id) ~= ARGV[2] then
  return {1}
end
local lanes = tonumber(redis.call('HGET', KEYS[1], 'lanes') or '0')
if lane < 0 or lane >= lanes then
  return {3}
end

local n = #changes / 10
local function place(i)
  local a, b = string.byte(changes, i * 10 - 9, i * 10 - 8)
  return a * 256 + b
end

-- The states between the first and the last place, of every lane.
local states, begin, size = {}, 0, 0
if n > 0 then
  begin = base + place(1) * 4
  size = (place(n) - place(1) + 1) * 4
  for l = 0, lanes - 1 do
    local s = redis.call('GETRANGE', ARGV[6] .. l, begin, begin + size - 1)
    states[l] = s .. string.rep('\0', size - #s)
  end
end
local mine = states[lane]
for i = 1, n do
  local at = (place(i) - place(1)) * 4
  if string.sub(mine, at + 1, at + 4) ~= string.sub(changes, i * 10 - 7, i * 10 - 4) then
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
  redis.call('HDEL', KEYS[4], id)
end
if n > 0 then
  local moved, pieces, done = {}, {}, 0
  for i = 1, n do
    local at = (place(i) - place(1)) * 4
    local was, now = string.byte(mine, at + 1), string.byte(changes, i * 10 - 3)
    for l = 0, lanes - 1 do
      if l ~= lane then
        local other = string.byte(states[l], at + 1)
        if other < was then was = other end
        if other < now then now = other end
      end
    end
    if was ~= now then
      moved[was] = (moved[was] or 0) - 1
      moved[now] = (moved[now] or 0) + 1
    end
    pieces[#pieces + 1] = string.sub(mine, done + 1, at)
    pieces[#pieces + 1] = string.sub(changes, i * 10 - 3, i * 10)
    done = at + 4
  end
  redis.call('SETRANGE', ARGV[6] .. lane, begin, table.concat(pieces))
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
  redis.call('PEXPIRE', KEYS[5], ARGV[7])
  redis.call('PEXPIRE', KEYS[6], ARGV[7])
end
local counts = redis.call('HMGET', KEYS[1], 'ordered', 'o0', 'o1', 'o2', 'o3', 'o4', 'o5')
return {0, unpack(counts)}
