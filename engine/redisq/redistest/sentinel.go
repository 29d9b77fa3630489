package redistest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Sentinel is a master and a replica that three sentinels watch: when the master is killed, the replica becomes one.
type Sentinel struct {
	Master, Replica *Server
	sentinels       []*Server
}

// watched is the name under which the sentinels know the master.
const watched = "vestnik"

// StartSentinel starts all of them, waits until the replica follows and the sentinels know of it and of each other, and ends them with the test.
func StartSentinel(t testing.TB) *Sentinel {
	t.Helper()
	s := &Sentinel{Master: Start(t)}
	s.Replica = Start(t, "--replicaof", "127.0.0.1 "+s.Master.port(), "--repl-diskless-sync-delay", "0")
	if err := s.Replica.until(s.Replica.follows); err != nil {
		t.Fatalf("the replica does not follow: %v", err)
	}
	for range 3 {
		s.sentinels = append(s.sentinels, s.watch(t))
	}
	for _, sentinel := range s.sentinels {
		if err := sentinel.until(sentinel.watches); err != nil {
			t.Fatalf("a sentinel does not watch: %v", err)
		}
	}
	return s
}

// watch starts one sentinel.
func (s *Sentinel) watch(t testing.TB) *Server {
	t.Helper()
	sentinel := &Server{t: t, dir: t.TempDir(), addr: freeAddress(t), args: []string{"--sentinel"}}
	t.Cleanup(sentinel.Kill)
	sentinel.config = filepath.Join(sentinel.dir, "sentinel.conf")
	text := fmt.Sprintf("sentinel monitor %[1]s 127.0.0.1 %[2]s 2\nsentinel down-after-milliseconds %[1]s 1000\nsentinel failover-timeout %[1]s 10000\n",
		watched, s.Master.port())
	if err := os.WriteFile(sentinel.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel.Start()
	return sentinel
}

// follows reports whether a replica has what its master has.
func (s *Server) follows(ctx context.Context) error {
	return s.says(ctx, "INFO replication", "master_link_status:up")
}

// watches reports whether a sentinel could have the master replaced.
func (s *Server) watches(ctx context.Context) error {
	return s.says(ctx, "INFO sentinel", "status=ok", "slaves=1", "sentinels=3")
}

func (s *Server) says(ctx context.Context, command string, wants ...string) error {
	answer, err := s.ask(ctx, command)
	if err != nil {
		return err
	}
	for _, want := range wants {
		if !strings.Contains(answer, want) {
			return fmt.Errorf("%s does not say %s", command, want)
		}
	}
	return nil
}

// URL is where the sentinels are found.
func (s *Sentinel) URL() string {
	var addrs []string
	for _, sentinel := range s.sentinels {
		addrs = append(addrs, sentinel.Addr())
	}
	return "redis+sentinel://" + strings.Join(addrs, ",") + "/" + watched
}

// AwaitReplica waits until the replica has everything the master has; a test that wants to lose nothing calls it before it kills the master.
func (s *Sentinel) AwaitReplica() {
	s.Master.t.Helper()
	err := s.Master.until(func(ctx context.Context) error {
		want, err := s.Master.offset(ctx, "master_repl_offset:")
		if err != nil {
			return err
		}
		has, err := s.Replica.offset(ctx, "slave_repl_offset:")
		if err == nil && has < want {
			err = fmt.Errorf("the replica is %d bytes behind", want-has)
		}
		return err
	})
	if err != nil {
		s.Master.t.Fatal(err)
	}
}

// offset reads a number of INFO replication.
func (s *Server) offset(ctx context.Context, name string) (n int64, err error) {
	info, err := s.ask(ctx, "INFO replication")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(info, name)
	_, err = fmt.Sscan(rest, &n)
	return n, err
}
