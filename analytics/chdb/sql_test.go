package chdb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"vestnik/analytics/chdb"
)

func TestParameters(t *testing.T) {
	conn := connect(t, start(t, chdb.Options{}), nil)
	nasty := "a'b\\c\nd\te;` -- Ж"
	ctx := clickhouse.Context(t.Context(), clickhouse.WithParameters(clickhouse.Parameters{"n": "42", "s": "plain"}))
	var n uint64
	var s string
	if err := conn.QueryRow(ctx, "SELECT {n:UInt64}, {s:String}").Scan(&n, &s); err != nil || n != 42 || s != "plain" {
		t.Errorf("got %d, %q, %v", n, s, err)
	}
	for name, args := range map[string][]any{
		"SELECT {s:String}": {clickhouse.Named("s", nasty)},
		"SELECT ?":          {nasty},
		"SELECT $1":         {nasty},
	} {
		if err := conn.QueryRow(t.Context(), name, args...).Scan(&s); err != nil || s != nasty {
			t.Errorf("%s: got %q, %v", name, s, err)
		}
	}
}

func TestExceptionSurfaces(t *testing.T) {
	conn := connect(t, start(t, chdb.Options{Connections: 1}), nil)
	mustExec(t, conn, "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
	tests := []struct {
		name, sql string
		code      int32
	}{
		{"syntax", "SELEC 1", 62},
		{"unknown table", "SELECT * FROM nowhere", 60},
		{"while running", "SELECT throwIf(number = 3) FROM numbers(10)", 395},
		{"two statements", "SELECT 1; SELECT 2", 62},
		{"bad value", "INSERT INTO t VALUES ('x')", 27},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, err := range map[string]error{
				"exec":  conn.Exec(t.Context(), tt.sql),
				"query": query(t.Context(), conn, tt.sql),
			} {
				var e *clickhouse.Exception
				if !errors.As(err, &e) || (e.Code != tt.code && tt.name != "bad value") {
					t.Errorf("%s: got %v, want code %d", name, err, tt.code)
				}
			}
			if n := count(t, t.Context(), conn, "SELECT toUInt64(1)"); n != 1 {
				t.Error("the connection did not go on")
			}
		})
	}
	if n := count(t, t.Context(), conn, "SELECT count() FROM t"); n != 0 {
		t.Errorf("%d rows came from failed inserts", n)
	}
}

func query(ctx context.Context, conn driver.Conn, sql string) error {
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

func TestDatabases(t *testing.T) {
	e := start(t, chdb.Options{Connections: 2})
	conn := connect(t, e, nil)
	mustExec(t, conn, "CREATE DATABASE other", "CREATE TABLE here (a UInt64) ENGINE = Memory", "CREATE TABLE other.there (a UInt64) ENGINE = Memory")
	other := connect(t, e, func(o *clickhouse.Options) { o.Auth.Database = "other" })
	for range 4 {
		count(t, t.Context(), conn, "SELECT count() FROM here")
		count(t, t.Context(), other, "SELECT count() FROM there")
	}
	nowhere := connect(t, e, func(o *clickhouse.Options) { o.Auth.Database = "nowhere" })
	var ex *clickhouse.Exception
	if err := nowhere.Ping(t.Context()); !errors.As(err, &ex) || ex.Code != 81 {
		t.Errorf("an unknown database: got %v, want code 81", err)
	}
}

// A request must not find what another one has left behind, although both use the same session of the engine.
func TestRequestsAreCleanSheets(t *testing.T) {
	conn := connect(t, start(t, chdb.Options{Connections: 1, Threads: 2}), nil)
	threads := func(ctx context.Context) uint64 {
		return count(t, ctx, conn, "SELECT toUInt64(getSetting('max_threads'))")
	}
	with := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_threads": 3, "max_block_size": 1000}))
	if n := threads(with); n != 3 {
		t.Errorf("setting in the address: max_threads = %d", n)
	}
	if n := threads(t.Context()); n != 2 {
		t.Errorf("the cap did not come back: max_threads = %d", n)
	}
	mustExec(t, conn, "SET max_threads = 5")
	if n := threads(t.Context()); n != 2 {
		t.Errorf("SET outlived its request: max_threads = %d", n)
	}
	mustExec(t, conn, "USE system", "CREATE TEMPORARY TABLE mine (a UInt8)")
	if n := count(t, t.Context(), conn, "SELECT toUInt64(currentDatabase() = 'vestnik')"); n != 1 {
		t.Error("USE outlived its request")
	}
	if err := query(t.Context(), conn, "SELECT * FROM mine"); err == nil {
		t.Error("a temporary table outlived its request")
	}
	bad := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{"max_threads": 3, "no_such_setting": 1}))
	var ex *clickhouse.Exception
	if err := query(bad, conn, "SELECT 1"); !errors.As(err, &ex) || ex.Code != 115 {
		t.Errorf("unknown setting: got %v, want code 115", err)
	}
	if n := threads(t.Context()); n != 2 {
		t.Errorf("a failed SET left max_threads = %d", n)
	}
}

func TestInsertIsDeduplicatedByToken(t *testing.T) {
	conn := connect(t, start(t, chdb.Options{}), nil)
	mustExec(t, conn,
		"CREATE TABLE facts (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 1000",
		"CREATE TABLE sums (n AggregateFunction(count)) ENGINE = AggregatingMergeTree ORDER BY tuple() SETTINGS non_replicated_deduplication_window = 1000",
		"CREATE MATERIALIZED VIEW facts_sums TO sums AS SELECT countState() AS n FROM facts",
	)
	for _, token := range []string{"one", "one", "two", "one"} {
		ctx := clickhouse.Context(t.Context(), clickhouse.WithSettings(clickhouse.Settings{
			"insert_deduplication_token": token, "deduplicate_blocks_in_dependent_materialized_views": 1,
		}))
		insert(t, ctx, conn, "INSERT INTO facts (a)", 10)
	}
	if n := count(t, t.Context(), conn, "SELECT count() FROM facts"); n != 20 {
		t.Errorf("%d rows, want 20: the same token twice must insert once", n)
	}
	if n := count(t, t.Context(), conn, "SELECT countMerge(n) FROM sums"); n != 20 {
		t.Errorf("the view counted %d, want 20", n)
	}
}

// insert sends n rows of one number in one batch.
func insert(t testing.TB, ctx context.Context, conn driver.Conn, sql string, n int) {
	t.Helper()
	batch, err := conn.PrepareBatch(ctx, sql)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := batch.Append(uint64(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
}

func TestInsertSelectAndBitmaps(t *testing.T) {
	conn := connect(t, start(t, chdb.Options{}), nil)
	mustExec(t, conn,
		"CREATE TABLE e (fact LowCardinality(String), ordinal UInt32) ENGINE = MergeTree ORDER BY fact",
		"CREATE TABLE r (fact LowCardinality(String), who AggregateFunction(groupBitmap, UInt32)) ENGINE = AggregatingMergeTree ORDER BY fact",
		"CREATE MATERIALIZED VIEW v TO r AS SELECT fact, groupBitmapState(ordinal) AS who FROM e GROUP BY fact",
		"INSERT INTO e SELECT if(number % 2 = 0, 'opened', 'paid'), number FROM numbers(100000)",
		"INSERT INTO e SELECT 'paid', number FROM numbers(1000)",
	)
	if n := count(t, t.Context(), conn, "SELECT toUInt64(groupBitmapMerge(who)) FROM r WHERE fact = 'paid'"); n != 50_500 {
		t.Errorf("paid = %d, want 50500", n)
	}
}

func TestLargeResultInManyBlocks(t *testing.T) {
	conn := connect(t, start(t, chdb.Options{}), nil)
	rows, err := conn.Query(t.Context(), "SELECT number, toString(number) FROM numbers(300000)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	want := uint64(0)
	for ; rows.Next(); want++ {
		var n uint64
		var s string
		if err := rows.Scan(&n, &s); err != nil || n != want || s != fmt.Sprint(want) {
			t.Fatalf("row %d: got %d, %q, %v", want, n, s, err)
		}
	}
	if err := rows.Err(); err != nil || want != 300_000 {
		t.Errorf("got %d rows, %v", want, err)
	}
}

func TestMemoryCapFailsTheStatementOnly(t *testing.T) {
	e := start(t, chdb.Options{Memory: 512 << 20})
	conn, pid := connect(t, e, nil), e.PID()
	var ex *clickhouse.Exception
	if err := query(t.Context(), conn, "SELECT length(groupArray(number)) FROM numbers(1000000000)"); !errors.As(err, &ex) || ex.Code != 241 {
		t.Errorf("got %v, want code 241", err)
	}
	if n := count(t, t.Context(), conn, "SELECT toUInt64(1)"); n != 1 || e.PID() != pid {
		t.Error("the engine did not live on")
	}
}

func TestConcurrentQueriesAndInserts(t *testing.T) {
	conn := connect(t, start(t, chdb.Options{}), func(o *clickhouse.Options) { o.MaxOpenConns = 16 })
	mustExec(t, conn, "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
	const writers, batches, size = 8, 5, 1000
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for range batches {
				batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO t")
				if err != nil {
					t.Error(err)
					return
				}
				for i := range size {
					if err := batch.Append(uint64(i)); err != nil {
						t.Error(err)
					}
				}
				if err := batch.Send(); err != nil {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			for range batches {
				if err := query(t.Context(), conn, "SELECT sum(a), count() FROM t"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := count(t, t.Context(), conn, "SELECT count() FROM t"); n != writers*batches*size {
		t.Errorf("%d rows, want %d", n, writers*batches*size)
	}
}
