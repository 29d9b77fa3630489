package chdb_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"vestnik/analytics/chdb"
)

// row is a value of every kind of column the program uses.
type row struct {
	S   string            `ch:"s"`
	LC  string            `ch:"lc"`
	LCN *string           `ch:"lcn"`
	U8  uint8             `ch:"u8"`
	U16 uint16            `ch:"u16"`
	U32 uint32            `ch:"u32"`
	U64 uint64            `ch:"u64"`
	I64 int64             `ch:"i64"`
	F   float64           `ch:"f"`
	B   bool              `ch:"b"`
	D   decimal.Decimal   `ch:"d"`
	T   time.Time         `ch:"t"`
	TS  time.Time         `ch:"ts"`
	Day time.Time         `ch:"day"`
	A   []string          `ch:"a"`
	AL  []string          `ch:"al"`
	M   map[string]uint64 `ch:"m"`
	N   *int64            `ch:"n"`
	U   uuid.UUID         `ch:"u"`
	E   string            `ch:"e"`
	FS  string            `ch:"fs"`
}

const typesTable = `CREATE TABLE types (
	s String, lc LowCardinality(String), lcn LowCardinality(Nullable(String)), u8 UInt8, u16 UInt16, u32 UInt32, u64 UInt64, i64 Int64, f Float64,
	b Bool, d Decimal(18,2), t DateTime('UTC'), ts DateTime64(3,'UTC'), day Date, a Array(String), al Array(LowCardinality(String)),
	m Map(LowCardinality(String), UInt64), n Nullable(Int64), u UUID, e Enum8('accepted' = 1, 'paid' = 2), fs FixedString(3)
) ENGINE = MergeTree ORDER BY u64`

func rows() []row {
	word, number := "квитанция", int64(-7)
	at := time.Date(2026, 11, 5, 7, 8, 9, 123e6, time.UTC)
	full := row{
		S: "; DROP TABLE types; -- 'Иванов' \\ \n\x00 FORMAT CSV;", LC: "email", LCN: &word, U8: 255, U16: 65535, U32: 1<<32 - 1, U64: 1<<64 - 1, I64: -1 << 63,
		F: 1.5, B: true, D: decimal.RequireFromString("1234567.89"), T: at.Truncate(time.Second), TS: at, Day: at.Truncate(24 * time.Hour),
		A: []string{"a", "", "б"}, AL: []string{"x", "y", "x"}, M: map[string]uint64{"вода": 1, "тепло": 2}, N: &number,
		U: uuid.MustParse("6f1c2b1e-8b0a-4c53-9a55-0d8b5d0c6a11"), E: "paid", FS: "abc",
	}
	epoch := time.Unix(0, 0).UTC()
	empty := row{E: "accepted", T: epoch, TS: epoch, Day: epoch, A: []string{}, AL: []string{}, M: map[string]uint64{}, FS: "\x00\x00\x00"}
	return []row{empty, full}
}

// normal makes rows comparable: equal times and decimals may differ inside.
func normal(rows []row) []row {
	for i := range rows {
		r := &rows[i]
		r.D = decimal.RequireFromString(r.D.StringFixed(2))
		r.T, r.TS, r.Day = r.T.UTC(), r.TS.UTC(), r.Day.UTC()
	}
	return rows
}

func TestTypesRoundTrip(t *testing.T) {
	e := start(t, chdb.Options{})
	for _, method := range []clickhouse.CompressionMethod{
		clickhouse.CompressionNone, clickhouse.CompressionLZ4, clickhouse.CompressionZSTD, clickhouse.CompressionGZIP, clickhouse.CompressionDeflate,
	} {
		t.Run(method.String(), func(t *testing.T) {
			conn := connect(t, e, func(o *clickhouse.Options) { o.Compression = &clickhouse.Compression{Method: method, Level: 3} })
			mustExec(t, conn, "DROP TABLE IF EXISTS types", typesTable)
			batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO types")
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows() {
				if err := batch.AppendStruct(&r); err != nil {
					t.Fatal(err)
				}
			}
			if err := batch.Send(); err != nil {
				t.Fatal(err)
			}
			var got []row
			if err := conn.Select(t.Context(), &got, "SELECT * FROM types ORDER BY u64"); err != nil {
				t.Fatal(err)
			}
			want := normal(rows())
			if got = normal(got); !reflect.DeepEqual(got, want) {
				t.Errorf("got\n%+v\nwant\n%+v", got, want)
			}
		})
	}
}
