package chdb_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"vestnik/analytics/chdb"
)

// BenchmarkInsert sends batches of 100,000 rows shaped like facts, through the driver.
func BenchmarkInsert(b *testing.B) {
	const rows = 100_000
	e := start(b, chdb.Options{})
	for _, method := range []clickhouse.CompressionMethod{clickhouse.CompressionNone, clickhouse.CompressionLZ4} {
		b.Run(method.String(), func(b *testing.B) {
			conn := connect(b, e, func(o *clickhouse.Options) { o.Compression = &clickhouse.Compression{Method: method} })
			mustExec(b, conn, "DROP TABLE IF EXISTS facts", `CREATE TABLE facts (provider UInt64, campaign UUID, ordinal UInt32, channel LowCardinality(String),
				fact LowCardinality(String), at DateTime64(3,'UTC'), amount Decimal(18,2)) ENGINE = MergeTree ORDER BY (provider, campaign, ordinal)`)
			channels, facts := []string{"email", "gosuslugi", "vk"}, []string{"accepted", "opened", "clicked", "paid"}
			provider, at := make([]uint64, rows), make([]time.Time, rows)
			ordinal, channel, fact := make([]uint32, rows), make([]string, rows), make([]string, rows)
			for i := range rows {
				provider[i], at[i] = 7, time.UnixMilli(1_790_000_000_000+int64(i))
				ordinal[i], channel[i], fact[i] = uint32(i), channels[i%3], facts[i%4]
			}
			for b.Loop() {
				batch, err := conn.PrepareBatch(b.Context(), "INSERT INTO facts (provider, ordinal, channel, fact, at)")
				if err != nil {
					b.Fatal(err)
				}
				for i, values := range []any{provider, ordinal, channel, fact, at} {
					if err := batch.Column(i).Append(values); err != nil {
						b.Fatal(err)
					}
				}
				if err := batch.Send(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkQuery is the smallest question and answer, through the driver.
func BenchmarkQuery(b *testing.B) {
	conn := connect(b, start(b, chdb.Options{}), nil)
	for b.Loop() {
		count(b, b.Context(), conn, "SELECT toUInt64(1)")
	}
}

// BenchmarkSelect reads results of many rows, which have to be re-encoded.
func BenchmarkSelect(b *testing.B) {
	conn := connect(b, start(b, chdb.Options{}), nil)
	for _, n := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if err := query(b.Context(), conn, fmt.Sprintf("SELECT number, toLowCardinality(toString(number %% 10)), toDateTime64(number, 3, 'UTC') FROM numbers(%d)", n)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkStart is from nothing to the first answer, and the end.
func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		e, err := chdb.Start(b.Context(), chdb.Options{Dir: b.TempDir()})
		if err != nil {
			b.Fatal(err)
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
