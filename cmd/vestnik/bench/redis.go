package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrNoRedis says that there is no redis-server to measure with.
var ErrNoRedis = errors.New("redis-server is not installed (Debian: apt install redis-server): the benchmarks run a real one")

// redisReady is how long a redis-server may take to start.
const redisReady = 10 * time.Second

// redis starts a redis-server on a free port that keeps what it acknowledges, as we recommend it, and gives its URL.
func (b *bed) redis() (string, error) {
	exe, err := exec.LookPath("redis-server")
	if err != nil {
		return "", ErrNoRedis
	}
	port, err := freePort(b.ctx)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(b.dir, "redis")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make a folder: %w", err)
	}
	cmd := exec.Command(exe, "--port", port, "--bind", "127.0.0.1", "--dir", dir, "--appendonly", "yes", "--appendfsync", "always", "--save", "",
		"--logfile", filepath.Join(dir, "log"), "--loglevel", "warning")
	cmd.SysProcAttr = lifeline()
	if err := cmd.Start(); err != nil {
		return "", fmt.Errorf("start redis-server: %w", err)
	}
	b.watch("redis-server", cmd.Process.Pid)
	b.atEnd(func() error {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it tells that we killed it
		return nil
	})
	address := net.JoinHostPort("127.0.0.1", port)
	if err := b.answers(address); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		return "", fmt.Errorf("redis-server does not serve: %w %s", err, strings.TrimSpace(string(log)))
	}
	return "redis://" + address + "/0", nil
}

// answers waits until somebody listens: a Redis without data serves as soon as it does.
func (b *bed) answers(address string) error {
	ctx, cancel := context.WithTimeout(b.ctx, redisReady)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		if ctx.Err() != nil {
			return err
		}
		time.Sleep(lookPause)
	}
}

// freePort finds a port nobody listens on.
func freePort(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port, l.Close()
}
