package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is a running `vestnik serve`.
type server struct {
	*exec.Cmd
	town   *town
	log    *logbook
	exited chan struct{}
}

// serve starts a server and waits until it says that it runs.
func (w *town) serve(args ...string) *server {
	w.Helper()
	s := &server{Cmd: w.command(append([]string{"serve"}, args...)...), town: w, log: &logbook{}, exited: make(chan struct{})}
	s.Stderr = s.log
	s.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // tests that are killed leave nothing behind
	if err := s.Start(); err != nil {
		w.Fatal(err)
	}
	go func() {
		defer close(s.exited)
		_ = s.Wait() // the code is in ProcessState
	}()
	w.Cleanup(func() {
		s.kill()
		w.inspect(s.log)
	})
	w.await("a start", func() bool {
		select {
		case <-s.exited:
			w.Fatalf("vestnik serve has ended:\n%s", s.log)
		default:
		}
		return strings.Contains(s.log.String(), `"msg":"vestnik is running"`)
	}, s.log.String)
	return s
}

// kill ends the server like kill -9 and waits until it is gone; one that is gone stays so.
func (s *server) kill() {
	_ = s.Process.Kill()
	<-s.exited
}

// stop asks the server to end, and gives its exit code and how long it took.
func (s *server) stop() (code int, took time.Duration) {
	s.town.Helper()
	begin := time.Now()
	if err := s.Process.Signal(syscall.SIGTERM); err != nil {
		s.town.Fatal(err)
	}
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.town.Fatalf("no end %v after SIGTERM\n%s", patience, s.log)
	}
	return s.ProcessState.ExitCode(), time.Since(begin)
}

// clickhouse is the process of the server's embedded ClickHouse; 0 while there is none.
func (s *server) clickhouse() int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		_, rest, _ := strings.Cut(string(text), ") ") // proc(5): state, parent
		fields := strings.Fields(rest)
		if len(fields) > 1 && fields[1] == strconv.Itoa(s.Process.Pid) && fields[0] != "Z" {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			return pid
		}
	}
	return 0
}

// signal sends a signal to the server's embedded ClickHouse once it is there, and gives its number.
func (s *server) signal(what syscall.Signal) int {
	s.town.Helper()
	pid := 0
	s.town.await("a process of ClickHouse", func() bool { pid = s.clickhouse(); return pid != 0 })
	if err := syscall.Kill(pid, what); err != nil && !errors.Is(err, syscall.ESRCH) {
		s.town.Fatal(err)
	}
	return pid
}

// logbook is what a server has written to stderr.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String is all of it.
func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// inspect reads a log as a whole: lines of JSON without residents, and nobody unaccounted for.
func (w *town) inspect(l *logbook) {
	w.Helper()
	for line := range strings.Lines(l.String()) {
		entry := map[string]any{}
		if json.Unmarshal([]byte(line), &entry) != nil && strings.HasSuffix(line, "\n") { // a kill may cut the last line
			w.Errorf("a line of the log is no JSON: %s", line)
		}
		if personal.MatchString(line) {
			w.Errorf("a resident in the log: %s", line)
		}
		if entry["msg"] == "recipients are in flight but in no batch" || entry["msg"] == "a part of the house has failed" {
			w.Errorf("the log tells: %s", line)
		}
	}
	if w.Failed() && testing.Verbose() {
		w.Logf("the log:\n%s", l)
	}
}
