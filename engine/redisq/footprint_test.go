package redisq_test

import (
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/redisq"
	"vestnik/engine/redisq/redistest"
)

// waiting fills a campaign with full chunks all of whose recipients wait for an e-mail to be opened.
func waiting(t testing.TB, s engine.Stores, chunks int) engine.CampaignID {
	t.Helper()
	ctx, id, now := t.Context(), engine.CampaignID(engine.NewID()), time.Now()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(s.Registry.AddCampaign(ctx, engine.Campaign{
		ID: id, Provider: "prv", Kind: engine.KindBill, Status: engine.StatusRunning, CreatedAt: now, StartedAt: now,
	}))
	check(s.Ledger.Open(ctx, id, int64(chunks*engine.ChunkSize), 1))
	for chunk := range chunks {
		_, err := s.Audience.Append(ctx, id, accounts(chunk*engine.ChunkSize, engine.ChunkSize))
		check(err)
		b := engine.Batch{Chunk: chunk, Phase: engine.Sending, Since: now, Due: now, Members: engine.FirstMembers(engine.ChunkSize)}
		check(s.Ledger.Feed(ctx, id, chunk, chunk+1, []engine.Batch{b}))
	}
	for {
		roused, err := s.Ledger.Rouse(ctx, id, now, now.Add(time.Minute), 64)
		check(err)
		if len(roused) == 0 {
			return id
		}
		for _, b := range roused {
			_, err := s.Ledger.Take(ctx, id, b.ID(), "me", now, now.Add(time.Minute))
			check(err)
			settlement := engine.Settlement{Chunk: b.Chunk}
			for i := range b.Members.All() {
				settlement.States = append(settlement.States, engine.Change{Index: i, State: engine.State{Channel: engine.Email}})
			}
			then := b
			then.Phase, then.Due = engine.Waiting, now.Add(72*time.Hour)
			settlement.Next = []engine.Batch{then}
			_, err = s.Ledger.Settle(ctx, id, b.ID(), "me", settlement)
			check(err)
		}
	}
}

// end settles everything that waits, and ends the campaign.
func end(t *testing.T, s engine.Stores, id engine.CampaignID) {
	t.Helper()
	ctx, now := t.Context(), time.Now()
	list, err := s.Ledger.Batches(ctx, id, 1_000_000)
	for _, b := range list {
		if _, err = s.Ledger.Take(ctx, id, b.ID(), "me", now, now.Add(time.Minute)); err != nil {
			break
		}
		settlement := engine.Settlement{Chunk: b.Chunk}
		for i := range b.Members.All() {
			was, now := engine.State{Channel: engine.Email}, engine.State{Outcome: engine.Delivered, Channel: engine.Email}
			settlement.States = append(settlement.States, engine.Change{Index: i, Was: was, State: now})
		}
		if _, err = s.Ledger.Settle(ctx, id, b.ID(), "me", settlement); err != nil {
			break
		}
	}
	if err == nil {
		_, err = s.Registry.ChangeCampaign(ctx, id, func(c *engine.Campaign) error {
			c.Status, c.EndedAt = engine.StatusCompleted, now
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestFootprint holds what a recipient who waits may take, and that what tells who travels is gone at the end; on a cluster, where each key has
// to be asked for at its master.
func TestFootprint(t *testing.T) {
	const chunks, most = 40, 150
	for name, url := range map[string]string{"one node": redistest.Start(t).URL(), "cluster": redistest.StartCluster(t).URL()} {
		t.Run(name, func(t *testing.T) {
			r := open(t, redisq.Options{URL: url, DataKey: []byte("sixteen bytes !!")})
			s := r.Stores()
			id := waiting(t, s, chunks)
			if _, err := s.Audience.FindAccount(t.Context(), id, accounts(0, 1)[0].Account); err != nil {
				t.Fatal(err)
			}
			sums, err := r.Footprint(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			all := int64(0)
			for _, n := range sums {
				all += n
			}
			if each := all / (chunks * engine.ChunkSize); each > most {
				t.Errorf("a waiting recipient takes %d bytes, want at most %d: %v", each, most, sums)
			}
			for _, kind := range []string{"campaign", "size", "chunk", "names", "dir", "counts", "batches", "due", "states"} {
				if sums[kind] == 0 {
					t.Errorf("nothing was measured of %s: %v", kind, sums)
				}
			}
			end(t, s, id)
			if sums, err = r.Footprint(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			for _, kind := range []string{"batches", "due", "awake", "leases", "claims"} {
				if sums[kind] != 0 {
					t.Errorf("%d bytes of %s are left at the end", sums[kind], kind)
				}
			}
		})
	}
}

// BenchmarkWaiting reports the bytes that a recipient who waits for an e-mail to be opened takes, by kind of key.
func BenchmarkWaiting(b *testing.B) {
	const chunks = 1_000_000 / engine.ChunkSize
	server := redistest.Start(b)
	r := open(b, redisq.Options{URL: server.URL(), DataKey: []byte("sixteen bytes !!")})
	for b.Loop() {
		before := info(b, server, "used_memory")
		id := waiting(b, r.Stores(), chunks)
		b.ReportMetric((info(b, server, "used_memory")-before)/(chunks*engine.ChunkSize), "used_memory/recipient")
		sums, err := r.Footprint(b.Context(), id)
		if err != nil {
			b.Fatal(err)
		}
		for kind, n := range sums {
			b.ReportMetric(float64(n)/(chunks*engine.ChunkSize), kind+"/recipient")
		}
	}
}
