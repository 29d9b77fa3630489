-- The door for recipients: one row is a chunk that was ordered. What is text travels joined by the unit separator (0x1F), a text a column: to the driver
-- each element of an array is a value of its own to be boxed, which was a fifth of the loader's work. known says of whom more than the
-- ordinal is known.
CREATE TABLE IF NOT EXISTS audience
(
    provider  LowCardinality(String),
    mode      LowCardinality(String),
    campaign  String,
    kind      LowCardinality(String),
    template  LowCardinality(String),
    version   UInt32,
    at        DateTime64(3, 'UTC'),
    ordinals  Array(UInt32),
    accounts  String,
    documents String,
    periods   String,
    houses    String,
    amounts   Array(Int64),
    known     Array(UInt8)
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS audience_to_recipients TO recipients AS
SELECT provider, mode, campaign, ordinal, kind, template, version, at, account, document, period, house, amount, one_known AS known
FROM audience
ARRAY JOIN ordinals AS ordinal, splitByChar('\x1F', accounts) AS account, splitByChar('\x1F', documents) AS document,
    splitByChar('\x1F', periods) AS period, splitByChar('\x1F', houses) AS house, amounts AS amount, known AS one_known;

CREATE MATERIALIZED VIEW IF NOT EXISTS audience_to_rollup TO rollup AS
SELECT provider, mode, campaign, 'ordered' AS fact, '' AS channel, toStartOfDay(at) AS hour, groupBitmapArrayState(ordinals) AS ordinals
FROM audience
GROUP BY provider, mode, campaign, fact, channel, hour;

CREATE MATERIALIZED VIEW IF NOT EXISTS audience_to_campaigns TO campaigns AS
SELECT provider, mode, campaign, kind, template, version, min(at) AS ordered
FROM audience
GROUP BY provider, mode, campaign, kind, template, version;

DROP VIEW IF EXISTS orders_to_recipients;

DROP VIEW IF EXISTS orders_to_rollup;

DROP VIEW IF EXISTS orders_to_campaigns;

DROP TABLE IF EXISTS orders;
