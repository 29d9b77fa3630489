package redisq_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/redisq"
	"vestnik/engine/redisq/redistest"
)

func TestCheckRefusesAForgetfulRedis(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		wants []string
	}{
		"good":          {},
		"no AOF":        {args: []string{"--appendonly", "no"}, wants: []string{"appendonly yes"}},
		"evicting":      {args: []string{"--maxmemory-policy", "allkeys-lru"}, wants: []string{"allkeys-lru", "noeviction"}},
		"both, at once": {args: []string{"--appendonly", "no", "--maxmemory-policy", "volatile-ttl"}, wants: []string{"appendonly yes", "volatile-ttl"}},
	} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t, c.args...)
			err := open(t, redisq.Options{URL: server.URL()}).Check(t.Context())
			if (err != nil) != (len(c.wants) > 0) {
				t.Fatalf("error is %v", err)
			}
			for _, want := range c.wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if err := open(t, redisq.Options{URL: server.URL(), AllowVolatile: true}).Check(t.Context()); err != nil {
				t.Errorf("told otherwise: %v", err)
			}
		})
	}
}

func TestRedisThatIsAway(t *testing.T) {
	server := redistest.Start(t)
	r := open(t, redisq.Options{URL: server.URL()})
	if err := r.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	s := r.Stores()
	for name, call := range map[string]func() error{
		"ping":    func() error { return r.Ping(t.Context()) },
		"check":   func() error { return r.Check(t.Context()) },
		"script":  func() error { return s.Ledger.Open(t.Context(), "c", 1, 1) },
		"command": func() error { _, err := s.Registry.Campaign(t.Context(), "c"); return err },
		"pipe":    func() error { _, err := s.Audience.Chunk(t.Context(), "c", 0); return err },
		"journal": func() error { return s.Journal.Record(t.Context(), make([]engine.Entry, 1000)...) },
		"reader":  func() error { _, err := r.JournalReader("x").Read(t.Context(), 1); return err },
		"depths":  func() error { _, err := r.Depths(t.Context()); return err },
		"lead":    func() error { _, err := r.TryLead(t.Context(), "x", "me", time.Second); return err },
	} {
		begin := time.Now()
		if err := call(); !errors.Is(err, engine.ErrDown) {
			t.Errorf("%s: error is %v, want ErrDown", name, err)
		}
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("%s: took %v to find out", name, took)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Ping(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, engine.ErrDown) {
		t.Errorf("error is %v, want Canceled", err)
	}
	server.Start()
	if err := r.Ping(t.Context()); err != nil {
		t.Errorf("it does not come back: %v", err)
	}
}

func TestOneLeads(t *testing.T) {
	r := open(t, redisq.Options{URL: redistest.Start(t).URL()})
	try := func(holder string, ttl time.Duration, want bool) {
		t.Helper()
		leads, err := r.TryLead(t.Context(), "reconcile", holder, ttl)
		if err != nil || leads != want {
			t.Fatalf("%s leads: %v, %v", holder, leads, err)
		}
	}
	try("me", time.Minute, true)
	try("you", time.Minute, false)
	try("me", time.Minute, true)
	if err := r.Resign(t.Context(), "reconcile", "you"); err != nil {
		t.Fatal(err)
	}
	try("you", time.Minute, false)
	if err := r.Resign(t.Context(), "reconcile", "me"); err != nil {
		t.Fatal(err)
	}
	try("you", time.Millisecond, true)
	for begin := time.Now(); ; { // the lock is given up by the clock of Redis
		if leads, err := r.TryLead(t.Context(), "reconcile", "me", time.Minute); err != nil || time.Since(begin) > patience {
			t.Fatal("the lock did not run out", err)
		} else if leads {
			return
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, o := range map[string]redisq.Options{
		"no URL":      {},
		"a bad key":   {URL: "redis://localhost", DataKey: []byte("short")},
		"a bad place": {URL: "postgres://localhost"},
	} {
		if _, err := redisq.Open(t.Context(), o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
