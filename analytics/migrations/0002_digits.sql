-- The door for amounts: one row is a binary digit of the amounts of a chunk that was ordered, with those who have it. The loader cuts the amounts:
-- grouping ten rows a recipient by their digit was more work for ClickHouse than all the rest of an order together.
CREATE TABLE IF NOT EXISTS digits
(
    provider LowCardinality(String),
    campaign String,
    weight   Int64,
    ordinals Array(UInt32)
)
ENGINE = Null;

CREATE MATERIALIZED VIEW IF NOT EXISTS digits_to_amounts TO amounts AS
SELECT provider, campaign, weight, groupBitmapArrayState(ordinals) AS ordinals
FROM digits
GROUP BY provider, campaign, weight;

DROP VIEW IF EXISTS recipients_to_amounts;
