package redisq_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
	"vestnik/engine/redisq"
	"vestnik/engine/redisq/redistest"
)

func TestStoresOnCluster(t *testing.T) {
	cluster := redistest.StartCluster(t)
	enginetest.ExerciseStores(t, func(t *testing.T) engine.Stores { return open(t, redisq.Options{URL: cluster.URL()}).Stores() })
}

// TestWorkersOnCluster puts thousands of wakes of many campaigns into queues that are spread over the masters.
func TestWorkersOnCluster(t *testing.T) {
	const campaigns, batches = 30, 100
	r := open(t, redisq.Options{URL: redistest.StartCluster(t).URL(), QueueShards: 4})
	var wakes []engine.Wake
	for c := range campaigns {
		for b := range batches {
			w := wake(fmt.Sprint(b), time.Now())
			w.Campaign, w.Urgent = engine.CampaignID(fmt.Sprint("campaign", c)), c%3 == 0
			wakes = append(wakes, w)
		}
	}
	put(t, r, wakes...)
	put(t, r, wakes[:campaigns]...) // again: no-ops
	var mu sync.Mutex
	done, all := map[engine.Wake]int{}, make(chan struct{})
	ctx, stop := context.WithTimeout(t.Context(), 10*patience)
	defer stop()
	workers := r.Workers(redisq.WorkerOptions{
		Channels: map[engine.ChannelName]int{engine.Email: 16},
		Handle: func(_ context.Context, w engine.Wake) error {
			mu.Lock()
			defer mu.Unlock()
			if done[w]++; len(done) == len(wakes) && done[w] == 1 {
				close(all)
			}
			return nil
		},
		Log: slog.New(slog.DiscardHandler),
	})
	go func() {
		defer stop()
		select {
		case <-all:
		case <-ctx.Done():
		}
	}()
	if err := workers.Run(ctx); err != nil {
		t.Fatal(err)
	}
	for _, w := range wakes {
		if done[w] != 1 {
			t.Fatalf("wake %v was handed over %d times; %d of %d wakes were", w, done[w], len(done), len(wakes))
		}
	}
}

func TestJournalAndLocksOnCluster(t *testing.T) {
	cluster := redistest.StartCluster(t)
	r := open(t, redisq.Options{URL: cluster.URL()})
	if err := r.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	reader := r.JournalReader("one")
	recorded(t, r, 0, 50)
	wantLag(t, reader, 50)
	list := readAll(t, reader)
	wantOrdinals(t, list, 0, 50)
	ack(t, reader, list...)
	wantLag(t, reader, 0)

	put(t, r, wake("a", time.Now()), wake("b", time.Now()), wake("c", time.Now().Add(time.Hour)))
	d, err := r.Depths(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(d.Queues, func(q redisq.Depth) bool { return q.Channel == engine.Email && !q.Urgent })
	if q := d.Queues[at]; q.Pending != 2 || q.Scheduled != 1 {
		t.Fatalf("got %+v", q)
	}
	for _, holder := range []string{"me", "you"} {
		if leads, err := r.TryLead(t.Context(), "reconcile", holder, time.Minute); err != nil || leads != (holder == "me") {
			t.Fatalf("%s leads: %v, %v", holder, leads, err)
		}
	}
	// Every master is asked: one that is away is found out.
	cluster.Masters[1].Kill()
	if err := r.Check(t.Context()); !errors.Is(err, engine.ErrDown) {
		t.Fatalf("error is %v, want ErrDown", err)
	}
}

func TestForgetfulMasterIsRefused(t *testing.T) {
	cluster := redistest.StartCluster(t, "--maxmemory-policy", "allkeys-lru")
	if err := open(t, redisq.Options{URL: cluster.URL()}).Check(t.Context()); err == nil {
		t.Fatal("a cluster that evicts keys was accepted")
	}
}
