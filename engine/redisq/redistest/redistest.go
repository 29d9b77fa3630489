// Package redistest starts real redis-servers for tests: on a free port, in a folder of the test, with an append-only file that is written
// through before a command is answered. A server can be killed and started again over the same data. There are also whole clusters, and a master
// with a replica that sentinels watch.
package redistest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Server is one redis-server.
type Server struct {
	t      testing.TB
	dir    string
	addr   string
	config string   // a file the server keeps its state in; empty: it has none
	args   []string // further configuration
	cmd    *exec.Cmd
	exited chan struct{}
}

// ready is how long a server may take to start and load its data.
const ready = 30 * time.Second

// Start starts a redis-server, with further configuration like "--maxmemory-policy", "allkeys-lru", and ends it with the test. The test fails
// if there is no redis-server on this machine.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := prepare(t, args...)
	s.Start()
	return s
}

// prepare chooses where a server that keeps data will be.
func prepare(t testing.TB, args ...string) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), addr: freeAddress(t)}
	// The log is never rewritten: the process that does that outlives Kill, and writes into a folder that is being removed.
	s.args = append([]string{"--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0", "--save", ""}, args...)
	t.Cleanup(s.Kill)
	return s
}

// freeAddress finds a port nobody listens on, below those the kernel gives to outgoing connections: while the server is down between Kill and
// Start, none of them may take it.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.N(12_000))
		if l, err := net.Listen("tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	t.Fatal("no port is free for redis-server")
	return ""
}

// URL is where the server listens.
func (s *Server) URL() string { return "redis://" + s.addr + "/0" }

// Addr is the server's host and port.
func (s *Server) Addr() string { return s.addr }

func (s *Server) port() string { _, port, _ := net.SplitHostPort(s.addr); return port }

// Start starts the server again after Kill, over the same data, and waits until it serves.
func (s *Server) Start() {
	s.t.Helper()
	args := []string{"--port", s.port(), "--bind", "127.0.0.1", "--dir", s.dir, "--logfile", filepath.Join(s.dir, "log"), "--loglevel", "warning"}
	if s.config != "" {
		args = append([]string{s.config}, args...)
	}
	s.cmd = exec.Command("redis-server", append(args, s.args...)...)
	// A test that is killed itself must not leave its server behind.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start redis-server (Debian package redis-server): %v", err)
	}
	exited, cmd := make(chan struct{}), s.cmd
	s.exited = exited
	go func() {
		defer close(exited)
		_ = cmd.Wait()
	}()
	if err := s.await(); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		s.t.Fatalf("redis-server does not serve: %v\n%s", err, log)
	}
}

// Kill ends the server like kill -9, and waits until it is gone. Killing a dead server does nothing.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.exited
	s.cmd = nil
}

// await asks for a sign of life until there is one.
func (s *Server) await() error { return s.until(s.ping) }

// until tries something until it succeeds or the server has exited.
func (s *Server) until(try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), ready)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-s.exited:
			return fmt.Errorf("it has exited")
		case <-again.C:
		}
	}
}

func (s *Server) ping(ctx context.Context) error {
	answer, err := s.ask(ctx, "PING")
	if err == nil && answer != "PONG" {
		err = fmt.Errorf("it answers %q", answer)
	}
	return err
}

// ask sends one command, written as in a terminal, and gives the answer: a line, or a text.
func (s *Server) ask(ctx context.Context, command string) (string, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	from := bufio.NewReader(conn)
	line, err := from.ReadString('\n')
	if err != nil {
		return "", err
	}
	line = strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(line, "-"):
		return "", errors.New(line[1:])
	case strings.HasPrefix(line, "$"):
		size, err := strconv.Atoi(line[1:])
		if err != nil || size < 0 {
			return "", fmt.Errorf("it answers %q", line)
		}
		text := make([]byte, size)
		_, err = io.ReadFull(from, text)
		return string(text), err
	}
	return strings.TrimLeft(line, "+:"), nil
}
