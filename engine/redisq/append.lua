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
-- Returns {1, chunk} when stored, {0, place, …} with the places (from 0) of accounts that are there already.
--
-- The index has three tiers of more and more buckets, so that a bucket stays a short listpack whatever the size of the audience. A tier is
-- written to while the campaign has fewer chunks than the next tier begins with, and only read afterwards.
local tiers = {{0, 16}, {2, 512}, {64, 32768}}
local prefix, accounts, documents = ARGV[1], ARGV[5], ARGV[6]
local n = #accounts / 10
local chunk = tonumber(redis.call('HGET', KEYS[1], 'chunks') or '0')
local tier = 1
while tiers[tier + 1] and chunk >= tiers[tier + 1][1] do
  tier = tier + 1
end
local base = chunk * tonumber(ARGV[9])

local function bucket(kind, t, digest)
  local a, b = string.byte(digest, 1, 2)
  return prefix .. kind .. t .. ':' .. ((a * 256 + b) % tiers[t][2])
end

local function write(kind, digest, ordinal)
  local key = bucket(kind, tier, digest)
  if redis.call('HSETNX', key, digest, ordinal) == 0 then
    return false
  end
  if redis.call('HLEN', key) == 1 then
    redis.call('PEXPIRE', key, ARGV[8])
  end
  return true
end

local function known(digest, upto)
  for t = 1, upto do
    local ordinal = redis.call('HGET', bucket('acc:', t, digest), digest)
    if ordinal then
      return ordinal
    end
  end
  return false
end

local places, written, first = {}, {}, false
for i = 1, n do
  local digest = string.sub(accounts, i * 10 - 9, i * 10)
  local there
  if #places == 0 then
    there = known(digest, tier - 1)
    if not there then
      if write('acc:', digest, base + i - 1) then
        written[#written + 1] = digest
      else
        there = known(digest, tier)
      end
    end
  else
    there = known(digest, tier)
  end
  if there then
    places[#places + 1] = i - 1
    first = first or there
  end
end

if #places > 0 then
  for _, digest in ipairs(written) do
    redis.call('HDEL', bucket('acc:', tier, digest), digest)
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
    write('doc:', digest, base + i - 1)
  end
end
redis.call('SET', prefix .. 'chunk:' .. chunk, ARGV[2] .. ARGV[3] .. ARGV[4], 'PX', ARGV[7])
redis.call('HSET', KEYS[1], 'chunks', chunk + 1)
redis.call('HINCRBY', KEYS[1], 'recipients', n)
redis.call('PEXPIRE', KEYS[1], ARGV[8])
return {1, chunk}
