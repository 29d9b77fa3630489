package redisq_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/redisq"
	"vestnik/engine/redisq/redistest"
)

// TestKillOfRedisLosesNothingAcknowledged settles batches from several workers while redis-server is killed and started again, and then
// holds the ledger against what the workers were told.
func TestKillOfRedisLosesNothingAcknowledged(t *testing.T) {
	const chunks, workers, kills = 400, 4, 3
	server := redistest.Start(t)
	s := open(t, redisq.Options{URL: server.URL()}).Stores()
	ctx, id := t.Context(), engine.CampaignID(engine.NewID())
	if err := s.Ledger.Open(ctx, id, chunks*engine.ChunkSize, 1); err != nil {
		t.Fatal(err)
	}
	batches := make([]engine.Batch, chunks)
	for chunk := range batches {
		batches[chunk] = engine.Batch{Campaign: id, Chunk: chunk, Phase: engine.Sending, Due: time.Now(), Members: engine.FirstMembers(engine.ChunkSize)}
	}
	if err := s.Ledger.Feed(ctx, id, 0, chunks, batches); err != nil {
		t.Fatal(err)
	}

	todo := make(chan engine.Batch, chunks)
	for _, b := range batches {
		todo <- b
	}
	close(todo)
	var mu sync.Mutex
	settled, progress := map[int]bool{}, make(chan struct{}, chunks)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for b := range todo {
				if told := settleThrough(t, s, b); told {
					mu.Lock()
					settled[b.Chunk] = true
					mu.Unlock()
				}
				progress <- struct{}{}
			}
		})
	}
	for range kills {
		for range chunks / (kills + 1) {
			<-progress
		}
		server.Kill()
		server.Start()
	}
	all.Wait()

	var delivered int64
	for chunk := range chunks {
		states, err := s.Ledger.States(ctx, id, 0, engine.OrdinalOf(chunk, 0), engine.ChunkSize)
		if err != nil {
			t.Fatal(err)
		}
		done := states[0].Outcome == engine.Delivered
		for _, state := range states {
			if (state.Outcome == engine.Delivered) != done {
				t.Fatalf("chunk %d is settled in part", chunk)
			}
		}
		if settled[chunk] && !done {
			t.Fatalf("chunk %d was acknowledged and is lost", chunk)
		}
		if done {
			delivered += engine.ChunkSize
		}
	}
	balance, err := s.Ledger.Balance(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	outstanding, err := s.Ledger.Outstanding(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	want := engine.Balance{Ordered: chunks * engine.ChunkSize, Delivered: delivered, InFlight: chunks*engine.ChunkSize - delivered}
	if balance != want || int64(outstanding)*engine.ChunkSize != balance.InFlight {
		t.Fatalf("balance is %+v with %d batches, want %+v", balance, outstanding, want)
	}
}

// settleThrough takes and settles a batch, trying again while Redis is away, and reports whether it was told that it has settled it.
func settleThrough(t *testing.T, s engine.Stores, b engine.Batch) bool {
	holder := engine.NewID()
	settlement := engine.Settlement{Chunk: b.Chunk}
	for i := range b.Members.All() {
		settlement.States = append(settlement.States, engine.Change{Index: i, State: engine.State{Outcome: engine.Delivered, Channel: engine.Email}})
	}
	for begin := time.Now(); time.Since(begin) < patience; {
		now := time.Now()
		_, err := s.Ledger.Take(t.Context(), b.Campaign, b.ID(), holder, now, now.Add(time.Minute))
		if err == nil {
			_, err = s.Ledger.Settle(t.Context(), b.Campaign, b.ID(), holder, settlement)
		}
		switch {
		case err == nil:
			return true
		case errors.Is(err, engine.ErrGone):
			return false // it was settled just before an answer was lost
		case !errors.Is(err, engine.ErrDown):
			t.Errorf("settle chunk %d: %v", b.Chunk, err)
			return false
		}
	}
	t.Errorf("chunk %d could not be settled", b.Chunk)
	return false
}

// TestKillOfRedisWhileAppending stores chunks while redis-server is killed: no account may be reserved without its chunk, and none stored twice.
func TestKillOfRedisWhileAppending(t *testing.T) {
	const lists, size = 120, 100
	server := redistest.Start(t)
	s := open(t, redisq.Options{URL: server.URL()}).Stores()
	ctx, id := t.Context(), engine.CampaignID(engine.NewID())
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		server.Kill()
		server.Start()
	}()
	for l := range lists {
		if l == lists/2 {
			<-killed
			killed = make(chan struct{})
			go func() {
				defer close(killed)
				server.Kill()
				server.Start()
			}()
		}
		for begin := time.Now(); ; {
			_, err := s.Audience.Append(ctx, id, accounts(l*size, size))
			if err == nil {
				break
			}
			if !errors.Is(err, engine.ErrDown) || time.Since(begin) > patience {
				t.Fatal(err)
			}
		}
	}
	<-killed
	total, err := s.Audience.Size(ctx, id)
	if err != nil || total.Recipients != lists*size {
		t.Fatalf("size is %+v, want %d recipients: %v", total, lists*size, err)
	}
	seen := map[string]bool{}
	for chunk := range total.Chunks {
		list, err := s.Audience.Chunk(ctx, id, chunk)
		if err != nil {
			t.Fatal(err)
		}
		for i, person := range list {
			ordinal, err := s.Audience.FindAccount(ctx, id, person.Account)
			if err != nil || ordinal != engine.OrdinalOf(chunk, i) || seen[person.Account] {
				t.Fatalf("recipient %d of chunk %d is found as %d: %v", i, chunk, ordinal, err)
			}
			seen[person.Account] = true
		}
	}
	if len(seen) != lists*size {
		t.Fatalf("%d recipients are stored, want %d", len(seen), lists*size)
	}
}
