-- Recipients stand in chunks, and most of what happens happens to whole chunks: recipients travel to ClickHouse as runs of neighbours, the first of
-- each and how many, which is two numbers for a chunk and two for somebody alone.

-- The door for facts: one row is an entry of the journal as far as it is about one chunk.
CREATE TABLE IF NOT EXISTS happened
(
    provider LowCardinality(String),
    mode     LowCardinality(String),
    campaign String,
    fact     LowCardinality(String),
    channel  LowCardinality(String),
    reason   LowCardinality(String),
    code     LowCardinality(String),
    at       DateTime64(3, 'UTC'),
    chunk    UInt32,
    firsts   Array(UInt32),
    counts   Array(UInt32),
    ordinals Array(UInt32) MATERIALIZED arrayFlatten(arrayMap((first, count) -> range(first, toUInt32(first + count)), firsts, counts))
)
ENGINE = Null;

-- Every fact: what the list of recipients and the timeline of an account are read from. It stays one row for all of a chunk to whom it happened at
-- one moment: a row a recipient was five hundred times as many to write, and to merge again and again, for the sake of reading single
-- recipients, which reading a chunk's few rows is as good for. The same row again, as a replay brings it, merges away.
CREATE TABLE IF NOT EXISTS facts
(
    provider LowCardinality(String),
    mode     LowCardinality(String),
    campaign String,
    chunk    UInt32,
    fact     LowCardinality(String),
    channel  LowCardinality(String),
    reason   LowCardinality(String),
    code     LowCardinality(String),
    at       DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    firsts   Array(UInt32),
    counts   Array(UInt32),
    ordinals Array(UInt32) ALIAS arrayFlatten(arrayMap((first, count) -> range(first, toUInt32(first + count)), firsts, counts))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
PRIMARY KEY (provider, campaign, chunk)
ORDER BY (provider, campaign, chunk, fact, channel, at, firsts, counts)
TTL toDateTime(at) + INTERVAL 3 YEAR
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1;

CREATE MATERIALIZED VIEW IF NOT EXISTS happened_to_facts TO facts AS
SELECT provider, mode, campaign, chunk, fact, channel, reason, code, at, firsts, counts
FROM happened;

CREATE MATERIALIZED VIEW IF NOT EXISTS happened_to_rollup TO rollup AS
SELECT provider, mode, campaign, fact, channel,
       if(fact IN ('sent', 'failed'), toStartOfHour(at), toStartOfDay(at)) AS hour,
       groupBitmapArrayState(ordinals) AS ordinals
FROM happened
GROUP BY provider, mode, campaign, fact, channel, hour;

-- The door for recipients, as audience was.
CREATE TABLE IF NOT EXISTS ordered
(
    provider  LowCardinality(String),
    mode      LowCardinality(String),
    campaign  String,
    kind      LowCardinality(String),
    template  LowCardinality(String),
    version   UInt32,
    at        DateTime64(3, 'UTC'),
    firsts    Array(UInt32),
    counts    Array(UInt32),
    ordinals  Array(UInt32) MATERIALIZED arrayFlatten(arrayMap((first, count) -> range(first, toUInt32(first + count)), firsts, counts)),
    accounts  String,
    documents String,
    periods   String,
    houses    String,
    amounts   Array(Int64),
    known     Array(UInt8)
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS ordered_to_recipients TO recipients AS
SELECT provider, mode, campaign, ordinal, kind, template, version, at, account, document, period, house, amount, one_known AS known
FROM ordered
ARRAY JOIN ordinals AS ordinal, splitByChar('\x1F', accounts) AS account, splitByChar('\x1F', documents) AS document,
    splitByChar('\x1F', periods) AS period, splitByChar('\x1F', houses) AS house, amounts AS amount, known AS one_known;

CREATE MATERIALIZED VIEW IF NOT EXISTS ordered_to_rollup TO rollup AS
SELECT provider, mode, campaign, 'ordered' AS fact, '' AS channel, toStartOfDay(at) AS hour, groupBitmapArrayState(ordinals) AS ordinals
FROM ordered
GROUP BY provider, mode, campaign, fact, channel, hour;

CREATE MATERIALIZED VIEW IF NOT EXISTS ordered_to_campaigns TO campaigns AS
SELECT provider, mode, campaign, kind, template, version, min(at) AS ordered
FROM ordered
GROUP BY provider, mode, campaign, kind, template, version;

-- What happened before: the same facts in the new form, each recipient a run of its own. events stays as it was.
INSERT INTO facts (provider, mode, campaign, chunk, fact, channel, reason, code, at, firsts, counts)
SELECT provider, mode, campaign, intDiv(ordinal, 496) AS chunk, fact, channel, reason, code, at,
       arraySort(groupUniqArray(ordinal)) AS firsts, arrayWithConstant(length(firsts), 1) AS counts
FROM events
GROUP BY provider, mode, campaign, chunk, fact, channel, reason, code, at;
