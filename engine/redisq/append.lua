-- Stores one chunk with the index entries of its recipients, or nothing if an account is there already.
--
-- KEYS[1] v:{c}:size
-- ARGV[1] prefix of the campaign's keys, "v:{c}:"
-- ARGV[2] token of this call, 16 bytes: the same call sent twice stores once
-- ARGV[3] recipients in the chunk, as the two bytes that stand in its head
-- ARGV[4] the chunk, packed
-- ARGV[5] digests of the accounts, 10 bytes each
-- ARGV[6] digests of the documents, 10 bytes each; zeros for none
-- ARGV[7] life of the chunk in ms
-- ARGV[8] life of the index in ms
-- ARGV[9] recipients a chunk has room for
-- ARGV[10] in how many of the lowest tiers the caller has looked for the accounts itself, after those tiers were closed
-- ARGV[11…] for each tier the chunk that it begins with and how many buckets it has
-- Returns {1, chunk} when stored, {0, place, …} with the places (from 0) of accounts that are there already.
--
-- The index has tiers of more and more buckets, so that a bucket stays a short listpack whatever the size of the audience. A tier is closed,
-- that is only read, once the campaign has as many chunks as the next one begins with. v:{c}:made:T has a bit for each bucket that was made.
local prefix, accounts, documents = ARGV[1], ARGV[5], ARGV[6]
local n = #accounts / 10
local chunk = tonumber(redis.call('HGET', KEYS[1], 'chunks') or '0')
local tier = 1
while ARGV[11 + tier * 2] and chunk >= tonumber(ARGV[11 + tier * 2]) do
  tier = tier + 1
end
local base = chunk * tonumber(ARGV[9])

local function bucket(t, digest)
  local a, b, c = string.byte(digest, 1, 3)
  return (a * 65536 + b * 256 + c) % tonumber(ARGV[10 + t * 2])
end

local function key(t, number)
  return prefix .. 'index:' .. t .. ':' .. number
end

local madeKey = prefix .. 'made:' .. tier
local made = redis.call('GET', madeKey) or ''
local making = {}

-- Writes an entry unless it is there.
local function write(digest, ordinal)
  local number = bucket(tier, digest)
  if redis.call('HSETNX', key(tier, number), digest, ordinal) == 0 then
    return false
  end
  if not making[number] then
    local bits = string.byte(made, math.floor(number / 8) + 1) or 0
    if math.floor(bits / 2 ^ (7 - number % 8)) % 2 == 0 then
      making[number] = true
      redis.call('PEXPIRE', key(tier, number), ARGV[8])
    end
  end
  return true
end

local function known(digest, from, to)
  for t = from, to do
    local ordinal = redis.call('HGET', key(t, bucket(t, digest)), digest)
    if ordinal then
      return ordinal
    end
  end
  return false
end

local lowest = tonumber(ARGV[10]) + 1
local places, written, first = {}, {}, false
for i = 1, n do
  local digest = string.sub(accounts, i * 10 - 9, i * 10)
  local there
  if #places > 0 then
    there = known(digest, lowest, tier) -- nothing will be stored: only tell who is there
  else
    there = known(digest, lowest, tier - 1)
    if not there then
      if write(digest, base + i - 1) then
        written[#written + 1] = digest
      else
        there = known(digest, tier, tier)
      end
    end
  end
  if there then
    places[#places + 1] = i - 1
    first = first or there
  end
end

if #places > 0 then
  for _, digest in ipairs(written) do
    redis.call('HDEL', key(tier, bucket(tier, digest)), digest)
  end
  if #places == n then
    local stored = math.floor(tonumber(first) / tonumber(ARGV[9]))
    if redis.call('GETRANGE', prefix .. 'chunk:' .. stored, 0, 15) == ARGV[2] then
      return {1, stored}
    end
  end
  return {0, unpack(places)}
end

local none = string.rep('\0', 10)
for i = 1, n do
  local digest = string.sub(documents, i * 10 - 9, i * 10)
  if digest ~= none then
    write(digest, base + i - 1)
  end
end
for number in pairs(making) do
  redis.call('SETBIT', madeKey, number, 1)
end
redis.call('PEXPIRE', madeKey, ARGV[8])
redis.call('SET', prefix .. 'chunk:' .. chunk, ARGV[2] .. ARGV[3] .. ARGV[4], 'PX', ARGV[7])
redis.call('HSET', KEYS[1], 'chunks', chunk + 1)
redis.call('HINCRBY', KEYS[1], 'recipients', n)
redis.call('PEXPIRE', KEYS[1], ARGV[8])
return {1, chunk}
