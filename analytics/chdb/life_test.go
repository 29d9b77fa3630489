package chdb_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vestnik/analytics/chdb"
)

// parentEnv turns the test binary into a program that starts an engine in the named directory and waits for its end.
const parentEnv = "VESTNIK_CHDB_TEST_PARENT"

func parent(dir string) {
	e, err := chdb.Start(context.Background(), chdb.Options{Dir: dir})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(e.URL())
	_, _ = io.Copy(io.Discard, os.Stdin)
	_ = e.Close()
	os.Exit(0)
}

// eventually polls a condition that depends on another process; its end cannot be waited for in any other way.
func eventually(t *testing.T, what string, met func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !met() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: did not happen", what)
		}
	}
}

// log collects what the engine reports.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestKilledChildComesBackWithItsData(t *testing.T) {
	var l log
	e := start(t, chdb.Options{Log: slog.New(slog.NewTextHandler(&l, nil))})
	conn := connect(t, e, nil)
	mustExec(t, conn, "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
	for round := range 3 {
		insert(t, t.Context(), conn, "INSERT INTO t", 1000)
		pid := e.PID()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a new child", func() bool { return e.PID() != pid && e.PID() != 0 })
		// The driver keeps connections to the dead child; each may fail once.
		eventually(t, "an answer", func() bool { return conn.Ping(t.Context()) == nil })
		if n := count(t, t.Context(), conn, "SELECT count() FROM t"); n != uint64(round+1)*1000 {
			t.Errorf("after kill %d: %d rows", round+1, n)
		}
	}
	if got := strings.Count(l.String(), "started again"); got != 3 {
		t.Errorf("%d restarts were reported, want 3:\n%s", got, l.String())
	}
	if strings.Contains(l.String(), "INSERT") {
		t.Error("the log tells statements")
	}
}

func TestKilledUnderLoad(t *testing.T) {
	e := start(t, chdb.Options{})
	conn := connect(t, e, nil)
	mustExec(t, conn, "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
	failed := make(chan error, 1)
	go func() { failed <- query(t.Context(), conn, "SELECT max(sipHash64(number)) FROM numbers(100000000000)") }()
	eventually(t, "the query to run", func() bool {
		return count(t, t.Context(), conn, "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64(number)%' AND query NOT LIKE '%processes%'") == 1
	})
	if err := syscall.Kill(e.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("a query survived the death of its engine")
	}
	eventually(t, "an answer", func() bool { return conn.Ping(t.Context()) == nil })
}

func TestAbandonedQueryIsStopped(t *testing.T) {
	e := start(t, chdb.Options{Connections: 2})
	conn := connect(t, e, nil)
	running := func() uint64 {
		return count(t, t.Context(), conn, "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64(number)%' AND query NOT LIKE '%processes%'")
	}
	for range 3 {
		ctx, abandon := context.WithCancel(t.Context())
		failed := make(chan error, 1)
		go func() { failed <- query(ctx, conn, "SELECT max(sipHash64(number)) FROM numbers(100000000000)") }()
		eventually(t, "the query to run", func() bool { return running() == 1 })
		abandon()
		if err := <-failed; err == nil {
			t.Error("an abandoned query has ended well")
		}
		eventually(t, "the query's end", func() bool { return running() == 0 })
	}
}

// While the engine cannot be started, clients are told so at once, and when it can be, everything goes on.
func TestEngineThatCannotStartAnswers503(t *testing.T) {
	real := os.Getenv("VESTNIK_CHDB_LIB")
	if real == "" {
		real = filepath.Join("..", "..", "bin", "libchdb.so")
	}
	real, err := filepath.Abs(real)
	if err != nil {
		t.Fatal(err)
	}
	lib := filepath.Join(t.TempDir(), "libchdb.so")
	if err := os.Symlink(real, lib); err != nil {
		t.Fatal(err)
	}
	e := start(t, chdb.Options{Lib: lib})
	if err := os.Remove(lib); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(e.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, "503", func() bool {
		status, header, _ := ask(t, e, "GET", "/ping", "", nil)
		return status == http.StatusServiceUnavailable && header.Get("Retry-After") != ""
	})
	if err := os.Symlink(real, lib); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an answer", func() bool {
		status, _, _ := ask(t, e, "POST", "", "SELECT 1", nil)
		return status == http.StatusOK
	})
}

func TestDataSurvivesClose(t *testing.T) {
	dir := t.TempDir()
	e := start(t, chdb.Options{Dir: dir})
	conn := connect(t, e, nil)
	mustExec(t, conn, "CREATE TABLE t (a UInt64) ENGINE = MergeTree ORDER BY a")
	insert(t, t.Context(), conn, "INSERT INTO t", 10)
	began := time.Now()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("an idle engine took %v to end", took)
	}
	if err := e.Close(); err != nil || e.PID() != 0 {
		t.Errorf("closing twice: %v, PID %d", err, e.PID())
	}
	again := connect(t, start(t, chdb.Options{Dir: dir}), nil)
	if n := count(t, t.Context(), again, "SELECT count() FROM t"); n != 10 {
		t.Errorf("%d rows, want 10", n)
	}
}

// The listening socket belongs to parent and child, so a refused connection means that both are gone.
func TestChildEndsWithItsParent(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			program := launch(t, exe, parentEnv+"="+t.TempDir())
			if err := program.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			_ = program.cmd.Wait()
			eventually(t, "the child's end", func() bool { return !listens(program.address) })
		})
	}
}

type program struct {
	cmd     *exec.Cmd
	address string
}

// launch runs the test binary as a parent and waits until its engine serves.
func launch(t *testing.T, exe, env string) program {
	t.Helper()
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), env)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(strings.TrimSpace(line))
	if err != nil || u.Host == "" {
		t.Fatalf("the parent said %q", line)
	}
	if !listens(u.Host) {
		t.Fatal("the engine does not listen")
	}
	return program{cmd, u.Host}
}

func listens(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}

// TestDirectoryOfADyingEngine is opened by the next one as soon as the one before has let go of it.
func TestDirectoryOfADyingEngine(t *testing.T) {
	dir := t.TempDir()
	before := start(t, chdb.Options{Dir: dir})
	heard := &log{}
	started := make(chan error, 1)
	var after *chdb.Engine
	go func() {
		var err error
		after, err = chdb.Start(t.Context(), chdb.Options{Dir: dir, Log: slog.New(slog.NewTextHandler(heard, nil))})
		started <- err
	}()
	eventually(t, "the second engine waits", func() bool { return strings.Contains(heard.String(), "still has the directory") })
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	if err := after.Close(); err != nil {
		t.Error(err)
	}
}
