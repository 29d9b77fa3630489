package redisq_test

import (
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/redisq"
	"vestnik/engine/redisq/redistest"
)

// TestWindowOfThousands rouses, recalls and lists more batches than a page of a script has.
func TestWindowOfThousands(t *testing.T) {
	const chunks = 5000
	for _, url := range []string{redistest.Start(t).URL(), "embedded"} {
		s := open(t, redisq.Options{URL: url}).Stores().Ledger
		ctx, id, now := t.Context(), engine.CampaignID(engine.NewID()), time.Now()
		batches := make([]engine.Batch, chunks)
		for chunk := range batches {
			batches[chunk] = engine.Batch{Chunk: chunk, Phase: engine.Sending, Due: now.Add(time.Hour), Members: engine.FirstMembers(1)}
		}
		if err := s.Open(ctx, id, chunks, 1); err != nil {
			t.Fatal(err)
		}
		if err := s.Feed(ctx, id, 0, chunks, batches); err != nil {
			t.Fatal(err)
		}
		if err := s.Recall(ctx, id, now); err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, most := range []int{64, 2000, 4500, 10 * chunks} {
			roused, err := s.Rouse(ctx, id, now, now.Add(time.Minute), most)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range roused {
				seen[b.ID()] = true
			}
			if want := min(most, chunks); len(seen) != want {
				t.Fatalf("%d batches are awake, want %d", len(seen), want)
			}
		}
		if list, err := s.Batches(ctx, id, 10*chunks); err != nil || len(list) != chunks {
			t.Fatalf("%d batches are listed: %v", len(list), err)
		}
		// All of them are forgotten at once.
		if roused, err := s.Rouse(ctx, id, now.Add(time.Minute), now.Add(time.Hour), 10*chunks); err != nil || len(roused) != chunks {
			t.Fatalf("%d batches are due again: %v", len(roused), err)
		}
	}
}
