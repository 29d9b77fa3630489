-- The door for facts: one row is an entry of the journal with all its recipients. Nothing is kept here; the views below spread it, so that
-- what travels to ClickHouse is four bytes a fact.
CREATE TABLE IF NOT EXISTS entries
(
    provider LowCardinality(String),
    mode     LowCardinality(String),
    campaign String,
    fact     LowCardinality(String),
    channel  LowCardinality(String),
    reason   LowCardinality(String),
    code     LowCardinality(String),
    at       DateTime64(3, 'UTC'),
    ordinals Array(UInt32)
)
ENGINE = Null;

-- Every fact of every recipient: what the list of recipients and the timeline of an account are read from. The same fact at the same
-- moment is the same row, so a replay merges away.
CREATE TABLE IF NOT EXISTS events
(
    provider LowCardinality(String),
    mode     LowCardinality(String),
    campaign String,
    ordinal  UInt32,
    fact     LowCardinality(String),
    channel  LowCardinality(String),
    reason   LowCardinality(String),
    code     LowCardinality(String),
    at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
PRIMARY KEY (provider, campaign, ordinal)
ORDER BY (provider, campaign, ordinal, fact, channel, at)
TTL toDateTime(at) + INTERVAL 3 YEAR
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS entries_to_events TO events AS
SELECT provider, mode, campaign, arrayJoin(ordinals) AS ordinal, fact, channel, reason, code, at
FROM entries;

-- Who: one bit a recipient, by fact, channel and hour. Merging bits is exact in any order and any number of times. Reports by day need
-- the hour of sends only (a day begins at another hour in every time zone), so all other facts go by the day and stay few.
CREATE TABLE IF NOT EXISTS rollup
(
    provider LowCardinality(String),
    mode     LowCardinality(String),
    campaign String,
    fact     LowCardinality(String),
    channel  LowCardinality(String),
    hour     DateTime('UTC'),
    ordinals AggregateFunction(groupBitmap, UInt32)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (provider, mode, campaign, fact, channel, hour)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 256; -- bitmaps are large: read few of the neighbours

CREATE MATERIALIZED VIEW IF NOT EXISTS entries_to_rollup TO rollup AS
SELECT provider, mode, campaign, fact, channel,
       if(fact IN ('sent', 'failed'), toStartOfHour(at), toStartOfDay(at)) AS hour,
       groupBitmapArrayState(ordinals) AS ordinals
FROM entries
GROUP BY provider, mode, campaign, fact, channel, hour;

-- The door for recipients: one row is a chunk that was ordered. known says of whom more than the ordinal is known.
CREATE TABLE IF NOT EXISTS orders
(
    provider  LowCardinality(String),
    mode      LowCardinality(String),
    campaign  String,
    kind      LowCardinality(String),
    template  LowCardinality(String),
    version   UInt32,
    at        DateTime64(3, 'UTC'),
    ordinals  Array(UInt32),
    accounts  Array(String),
    documents Array(String),
    periods   Array(String),
    houses    Array(String),
    amounts   Array(Int64),
    known     Array(UInt8)
)
ENGINE = Null;

-- Whom: one row a recipient that was ordered. Account and document are the only handles of a person; they are emptied after three years,
-- the rest stays for the reports. known is 0 when the recipient's own data had expired before it was loaded: a row that knows more wins.
CREATE TABLE IF NOT EXISTS recipients
(
    provider LowCardinality(String),
    mode     LowCardinality(String),
    campaign String,
    ordinal  UInt32,
    kind     LowCardinality(String),
    template LowCardinality(String),
    version  UInt32,
    at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    account  String TTL toDateTime(at) + INTERVAL 3 YEAR,
    document String TTL toDateTime(at) + INTERVAL 3 YEAR,
    period   LowCardinality(String),
    house    LowCardinality(String),
    amount   Int64,
    known    UInt8,
    INDEX by_account account TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree(known)
PARTITION BY toYYYYMM(at)
ORDER BY (provider, campaign, ordinal)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS orders_to_recipients TO recipients AS
SELECT provider, mode, campaign, ordinal, kind, template, version, at, account, document, period, house, amount, one_known AS known
FROM orders
ARRAY JOIN ordinals AS ordinal, accounts AS account, documents AS document, periods AS period, houses AS house, amounts AS amount, known AS one_known;

CREATE MATERIALIZED VIEW IF NOT EXISTS orders_to_rollup TO rollup AS
SELECT provider, mode, campaign, 'ordered' AS fact, '' AS channel, toStartOfDay(at) AS hour, groupBitmapArrayState(ordinals) AS ordinals
FROM orders
GROUP BY provider, mode, campaign, fact, channel, hour;

-- What was ordered: every report chooses its campaigns here first.
CREATE TABLE IF NOT EXISTS campaigns
(
    provider LowCardinality(String),
    mode     LowCardinality(String),
    campaign String,
    kind     LowCardinality(String),
    template LowCardinality(String),
    version  UInt32,
    ordered  SimpleAggregateFunction(min, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (provider, mode, campaign, kind, template, version)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS orders_to_campaigns TO campaigns AS
SELECT provider, mode, campaign, kind, template, version, min(at) AS ordered
FROM orders
GROUP BY provider, mode, campaign, kind, template, version;

-- How much: the amounts of a campaign's recipients in kopecks, cut into binary digits. ordinals are the recipients whose amount has the
-- digit of this weight (negative for what is owed to the resident), so the roubles of any set of recipients are
-- sum(weight * bitmapAndCardinality(ordinals, set)): exact, mergeable, and as indifferent to replay as any bitmap.
CREATE TABLE IF NOT EXISTS amounts
(
    provider LowCardinality(String),
    campaign String,
    weight   Int64,
    ordinals AggregateFunction(groupBitmap, UInt32)
)
ENGINE = AggregatingMergeTree
ORDER BY (provider, campaign, weight)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 256;

CREATE MATERIALIZED VIEW IF NOT EXISTS recipients_to_amounts TO amounts AS
SELECT provider, campaign,
       arrayJoin(arrayMap(digit -> sign(amount) * bitShiftLeft(toInt64(1), digit), bitPositionsToArray(toUInt64(abs(amount))))) AS weight,
       groupBitmapState(ordinal) AS ordinals
FROM recipients
GROUP BY provider, campaign, weight;

-- Money that came in. A payment may count in several campaigns (a bill and the notice about its debt), but in any sum its reference counts once.
-- payment is the reference as a number: sixteen bytes whatever the reference is.
CREATE TABLE IF NOT EXISTS payments
(
    provider  LowCardinality(String),
    mode      LowCardinality(String),
    campaign  String,
    ordinal   UInt32,
    reference String,
    payment   UInt128 MATERIALIZED reinterpretAsUInt128(sipHash128(reference)),
    amount    Int64,
    paid_at   DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(paid_at)
ORDER BY (provider, campaign, ordinal, payment)
TTL toDateTime(paid_at) + INTERVAL 3 YEAR
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1;

-- Entries of the journal that make no sense, with why: kept aside for a person to look at.
CREATE TABLE IF NOT EXISTS aside
(
    id    String,
    why   String,
    entry String,
    at    DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY id
TTL toDateTime(at) + INTERVAL 90 DAY
SETTINGS non_replicated_deduplication_window = 1000;
