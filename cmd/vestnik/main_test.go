package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vestnik/analytics/chdb"
	"vestnik/engine/redisq/redistest"
)

// asProgram makes a process of this test binary the program itself, with all that the tests are built with.
const asProgram = "VESTNIK_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	chdb.MaybeServe()
	os.Exit(m.Run())
}

// patience is how long anything may take before it counts as stuck.
const patience = 4 * time.Minute

const secret = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldCE="

// shell is where a test gives its commands: a folder and an environment of its own.
type shell struct {
	*testing.T
	dir string
	env map[string]string
}

// newShell makes a shell that speaks English and has a secret, and nothing else.
func newShell(t *testing.T) *shell {
	t.Helper()
	library, err := filepath.Abs("../../bin/libchdb.so")
	if err != nil {
		t.Fatal(err)
	}
	return &shell{T: t, dir: t.TempDir(), env: map[string]string{
		asProgram: "yes", "LANG": "en_US.UTF-8", "PATH": os.Getenv("PATH"), "HOME": os.Getenv("HOME"), "TMPDIR": t.TempDir(),
		"VESTNIK_CHDB_LIB": library, "VESTNIK_SECRET": secret, "VESTNIK_LISTEN": "127.0.0.1:0",
	}}
}

// withStores gives the shell a real Redis and an embedded ClickHouse of its own.
func (s *shell) withStores() *shell {
	s.Helper()
	s.env["VESTNIK_REDIS_URL"] = redistest.Start(s.T).URL()
	s.env["VESTNIK_CLICKHOUSE_URL"] = "embedded:" + filepath.Join(s.dir, "clickhouse")
	return s
}

// write puts a file into the shell's folder.
func (s *shell) write(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// command prepares a command line.
func (s *shell) command(args ...string) *exec.Cmd {
	s.Helper()
	program, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	c := exec.Command(program, args...)
	c.Dir = s.dir
	for name, value := range s.env {
		c.Env = append(c.Env, name+"="+value)
	}
	return c
}

// result is what a command left behind.
type result struct {
	out, err string
	code     int
}

// run gives a command and waits for its end.
func (s *shell) run(args ...string) result {
	s.Helper()
	c := s.command(args...)
	var out, err bytes.Buffer
	c.Stdout, c.Stderr = &out, &err
	if problem := c.Start(); problem != nil {
		s.Fatal(problem)
	}
	stuck := time.AfterFunc(patience, func() { _ = c.Process.Kill() })
	defer stuck.Stop()
	return result{code: exitOf(s.T, c.Wait()), out: out.String(), err: err.String()}
}

// must is run for a command that must succeed; it gives its output without the line's end.
func (s *shell) must(args ...string) string {
	s.Helper()
	r := s.run(args...)
	if r.code != exitFine {
		s.Fatalf("vestnik %s: exit %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return strings.TrimSuffix(r.out, "\n")
}

func exitOf(t *testing.T, err error) int {
	t.Helper()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return failed.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return exitFine
}

// server is a running `vestnik serve`.
type server struct {
	*exec.Cmd
	shell *shell
	addr  string // of the API; empty without that role
	log   *logbook
	ended sync.Once
}

// serve starts a server and waits until it says that it runs.
func (s *shell) serve(args ...string) *server {
	s.Helper()
	r := &server{Cmd: s.command(append([]string{"serve"}, args...)...), shell: s, log: newLogbook()}
	r.Stderr = r.log
	if err := r.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { r.ended.Do(func() { _ = r.Process.Kill(); _ = r.Wait() }) })
	r.addr, _ = r.log.await(s.T, "vestnik is running")["listen"].(string)
	return r
}

// stop tells the server to end, and gives its exit code and how long it took.
func (r *server) stop() (code int, took time.Duration) {
	r.shell.Helper()
	begin := time.Now()
	r.ended.Do(func() {
		if err := r.Process.Signal(syscall.SIGTERM); err != nil {
			r.shell.Fatal(err)
		}
		code = exitOf(r.shell.T, r.Wait())
	})
	return code, time.Since(begin)
}

// logbook is a server's stderr, read line by line as it comes.
type logbook struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{} // gets a token after each write
}

func newLogbook() *logbook { return &logbook{grown: make(chan struct{}, 1)} }

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.grown <- struct{}{}:
	default:
	}
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// lines gives what was logged so far; every whole line must be JSON.
func (l *logbook) lines(t *testing.T) (list []map[string]any) {
	t.Helper()
	for line := range strings.Lines(l.String()) {
		if !strings.HasSuffix(line, "\n") {
			break
		}
		entry := map[string]any{}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("not a line of JSON: %s", line)
		}
		list = append(list, entry)
	}
	return list
}

// await waits for the line with a message.
func (l *logbook) await(t *testing.T, message string) map[string]any {
	t.Helper()
	stuck := time.NewTimer(patience)
	defer stuck.Stop()
	for {
		for _, entry := range l.lines(t) {
			if entry["msg"] == message {
				return entry
			}
		}
		select {
		case <-l.grown:
		case <-stuck.C:
			t.Fatalf("%q was not logged within %v:\n%s", message, patience, l)
		}
	}
}

// await asks until the answer is yes.
func await(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if yes() {
			return
		}
	}
	t.Fatalf("%s: not within %v", what, patience)
}
