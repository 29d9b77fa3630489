-- Appends entries to the ledger of consents, without those that are there.
--
-- KEYS[1] v:{p}:consents
-- KEYS[2] v:{p}:consents:log
-- ARGV    sextuples: digest of the account, channel (empty: all), time in ms, "1" given or "0" withdrawn, digest of the entry, the entry sealed
-- Returns how many were appended.
local function there(log, digest)
  local at = 1
  while at <= #log do
    local a, b, c, d = string.byte(log, at, at + 3)
    if string.sub(log, at + 4, at + 3 + #digest) == digest then
      return true
    end
    at = at + 4 + ((a * 256 + b) * 256 + c) * 256 + d
  end
  return false
end

local appended = 0
for i = 1, #ARGV, 6 do
  local account, at, given, digest = ARGV[i], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local log = redis.call('HGET', KEYS[2], account) or ''
  if not there(log, digest) then
    local record, size = digest .. ARGV[i + 5], #digest + #ARGV[i + 5]
    local head = string.char(math.floor(size / 16777216), math.floor(size / 65536) % 256, math.floor(size / 256) % 256, size % 256)
    redis.call('HSET', KEYS[2], account, log .. head .. record)
    -- What holds for a channel, or for all: the latest; of two at the same time the withdrawal.
    local field = account .. ARGV[i + 1]
    local holds = redis.call('HGET', KEYS[1], field)
    local last = holds and tonumber(string.sub(holds, 2))
    if not last or tonumber(at) > last or tonumber(at) == last and given == '0' then
      redis.call('HSET', KEYS[1], field, given .. at)
    end
    appended = appended + 1
  end
end
return appended
