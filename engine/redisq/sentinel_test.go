package redisq_test

import (
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/redisq"
	"vestnik/engine/redisq/redistest"
)

// TestFailover kills the master under a ledger and workers: what the replica had is there, writes go on, wakes come.
func TestFailover(t *testing.T) {
	redises := redistest.StartSentinel(t)
	r := open(t, redisq.Options{URL: redises.URL()})
	ctx, s := t.Context(), r.Stores()
	if err := r.Check(ctx); err != nil {
		t.Fatal(err)
	}
	feed := func(chunk int) error {
		b := engine.Batch{Chunk: chunk, Phase: engine.Sending, Due: time.Now(), Members: engine.FirstMembers(1)}
		return s.Ledger.Feed(ctx, "c", chunk, chunk+1, []engine.Batch{b})
	}
	if err := s.Ledger.Open(ctx, "c", 2, 1); err != nil {
		t.Fatal(err)
	}
	if err := feed(0); err != nil {
		t.Fatal(err)
	}
	wakes := work(t, r, nil)
	put(t, r, wake("before", time.Now()))
	if w := next(t, wakes); w.Batch != "before" {
		t.Fatalf("got %v", w)
	}
	redises.AwaitReplica()
	redises.Master.Kill()

	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	deadline := time.Now().Add(3 * patience)
	for err := feed(1); err != nil; err = feed(1) {
		if time.Now().After(deadline) {
			t.Fatalf("writes do not go on: %v", err)
		}
		<-again.C
	}
	if n, err := s.Ledger.Outstanding(ctx, "c"); err != nil || n != 2 {
		t.Fatalf("%d batches are there, want one from before and one from after: %v", n, err)
	}
	put(t, r, wake("after", time.Now()))
	for w := next(t, wakes); w.Batch != "after"; w = next(t, wakes) {
	}
	if err := r.Check(ctx); err != nil {
		t.Fatal(err)
	}
}
