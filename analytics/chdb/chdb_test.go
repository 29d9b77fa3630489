package chdb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"go.uber.org/goleak"

	"vestnik/analytics/chdb"
)

func TestMain(m *testing.M) {
	chdb.MaybeServe()
	if dir := os.Getenv(parentEnv); dir != "" {
		parent(dir)
	}
	goleak.VerifyTestMain(m)
}

// start runs an engine for the length of a test.
func start(t testing.TB, o chdb.Options) *chdb.Engine {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	e, err := chdb.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// connect opens the driver everybody uses; change adapts its options.
func connect(t testing.TB, e *chdb.Engine, change func(*clickhouse.Options)) driver.Conn {
	t.Helper()
	o, err := clickhouse.ParseDSN(e.URL())
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(o)
	}
	conn, err := clickhouse.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn
}

// mustExec runs statements that must succeed.
func mustExec(t testing.TB, conn driver.Conn, statements ...string) {
	t.Helper()
	for _, sql := range statements {
		if err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// count answers a query with one number.
func count(t testing.TB, ctx context.Context, conn driver.Conn, sql string, args ...any) uint64 {
	t.Helper()
	var n uint64
	if err := conn.QueryRow(ctx, sql, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

func TestStartPing(t *testing.T) {
	began := time.Now()
	e := start(t, chdb.Options{})
	t.Logf("started in %v", time.Since(began))
	conn := connect(t, e, nil)
	if err := conn.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	version, err := conn.ServerVersion()
	if err != nil {
		t.Fatal(err)
	}
	if version.Version.Major < 24 {
		t.Errorf("engine %v is older than what production asks for", version)
	}
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.PID())); err == nil {
		for line := range strings.Lines(string(status)) {
			if strings.HasPrefix(line, "VmRSS") || strings.HasPrefix(line, "Threads") {
				t.Log(line)
			}
		}
	}
	if logs := count(t, t.Context(), conn, "SELECT count() FROM system.tables WHERE database = 'system' AND name LIKE '%\\_log'"); logs != 0 {
		t.Errorf("%d system logs are on", logs)
	}
}

func TestMissingLibrary(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "libchdb.so")
	tests := []struct {
		name string
		o    chdb.Options
		env  string
		in   string
	}{
		{"option", chdb.Options{Lib: missing}, "", ""},
		{"environment", chdb.Options{}, missing, ""},
		{"nowhere", chdb.Options{}, "", t.TempDir()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("VESTNIK_CHDB_LIB", tt.env)
			if tt.in != "" {
				t.Chdir(tt.in)
			}
			tt.o.Dir = t.TempDir()
			_, err := chdb.Start(t.Context(), tt.o)
			if !errors.Is(err, chdb.ErrNoLibrary) || !strings.Contains(err.Error(), "make chdb") {
				t.Errorf("got %v, want ErrNoLibrary that says what to do", err)
			}
		})
	}
}

func TestBadStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "libchdb.so")
	if err := os.WriteFile(file, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	busy := t.TempDir()
	start(t, chdb.Options{Dir: busy})
	tests := []struct {
		name string
		o    chdb.Options
		want string
	}{
		{"no directory", chdb.Options{}, "Options.Dir is empty"},
		{"broken library", chdb.Options{Dir: t.TempDir(), Lib: file}, "make chdb"},
		{"directory is a file", chdb.Options{Dir: file}, "data directory"},
		{"directory in use", chdb.Options{Dir: busy}, "already running"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := chdb.Start(t.Context(), tt.o)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestStartGivesUpWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := chdb.Start(ctx, chdb.Options{Dir: t.TempDir()}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
