package analytics_test

import (
	"context"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"vestnik/analytics"
	"vestnik/analytics/chdb"
)

// clickhouse is the engine all tests share; each takes a provider of its own.
var clickhouse *chdb.Engine

func TestMain(m *testing.M) {
	chdb.MaybeServe()
	os.Exit(test(m))
}

func test(m *testing.M) int {
	dir, err := os.MkdirTemp("", "history")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if clickhouse, err = chdb.Start(context.Background(), chdb.Options{Dir: dir}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := clickhouse.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// open gives a migrated history on the shared engine.
func open(t testing.TB) *analytics.History {
	t.Helper()
	return openAt(t, clickhouse.URL())
}

func openAt(t testing.TB, url string) *analytics.History {
	t.Helper()
	h, err := analytics.Open(t.Context(), analytics.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := h.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return h
}
