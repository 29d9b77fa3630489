package enginetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"vestnik/engine"
)

var ledgerTests = map[string]func(*testing.T, engine.Stores){
	"opened once":                        testOpen,
	"feeding moves a cursor":             testFeed,
	"one feeder wins":                    testFeedTogether,
	"a batch comes back as it was":       testBatchWhole,
	"leases":                             testLeases,
	"one worker takes":                   testTakeTogether,
	"rousing opens a window":             testRouse,
	"many rouse one window":              testRouseTogether,
	"awake for a time":                   testAwake,
	"roused again after a crash":         testRousedAgain,
	"put back is not awake":              testPutBackWaits,
	"recalled":                           testRecall,
	"waking, as Memory does it":          testWakingAgainstMemory,
	"batches, awake ones first":          testBatches,
	"settling":                           testSettle,
	"settling is fenced by the holder":   testFence,
	"settling is fenced by the states":   testSettleConflict,
	"nothing of a refused settlement":    testRefusedSettlement,
	"a batch may be put back":            testPutBack,
	"several lanes":                      testLanes,
	"a returned message":                 testReturn,
	"settling at once keeps the balance": testSettleTogether,
	"anything, as Memory does it":        testAgainstMemory,
	"every outcome is counted":           testEveryOutcome,
}

// batchOf makes a first batch of a chunk.
func batchOf(id engine.CampaignID, chunk, lane int, members ...int) engine.Batch {
	b := engine.Batch{Campaign: id, Chunk: chunk, Lane: lane, Phase: engine.Sending, Since: moment, Due: moment}
	for _, i := range members {
		b.Members.Add(i)
	}
	return b
}

// opened opens a ledger and feeds one chunk's batches.
func opened(t *testing.T, s engine.Stores, ordered int64, lanes int, batches ...engine.Batch) engine.CampaignID {
	t.Helper()
	id := newCampaign()
	ok(t, s.Ledger.Open(t.Context(), id, ordered, lanes))
	ok(t, s.Ledger.Feed(t.Context(), id, 0, 1, batches))
	return id
}

// take leases a batch for a minute.
func take(t *testing.T, s engine.Stores, id engine.CampaignID, b engine.Batch, holder string) {
	t.Helper()
	must[engine.Batch](t)(s.Ledger.Take(t.Context(), id, b.ID(), holder, moment, moment.Add(time.Minute)))
}

// the states that the tests move recipients through.
var (
	fresh     = engine.State{}
	waiting   = engine.State{Outcome: engine.InFlight, Channel: engine.Email}
	delivered = engine.State{Outcome: engine.Delivered, Channel: engine.Email}
	failed    = engine.State{Outcome: engine.Undelivered, Channel: engine.Email, Reason: engine.BadAddress, Step: 1}
	gone      = engine.State{Outcome: engine.Suppressed, Reason: engine.GoalMet}
)

func change(i int, was, now engine.State) engine.Change {
	return engine.Change{Index: i, Was: was, State: now}
}

func testOpen(t *testing.T, s engine.Stores) {
	ctx, id := t.Context(), newCampaign()
	equal(t, "before", must[engine.Balance](t)(s.Ledger.Balance(ctx, id)), engine.Balance{})
	equal(t, "cursor before", must[int](t)(s.Ledger.Fed(ctx, id)), 0)
	wantError(t, s.Ledger.Feed(ctx, id, 0, 1, nil), engine.ErrNotFound)
	_, err := s.Ledger.Take(ctx, id, "0.0.0.send.0.0", "me", moment, moment)
	wantError(t, err, engine.ErrGone)
	ok(t, s.Ledger.Open(ctx, id, 7, 2))
	ok(t, s.Ledger.Open(ctx, id, 9, 1))
	equal(t, "balance", must[engine.Balance](t)(s.Ledger.Balance(ctx, id)), engine.Balance{Ordered: 7, InFlight: 7})
	equal(t, "outstanding", must[int](t)(s.Ledger.Outstanding(ctx, id)), 0)
	states := must[[]engine.State](t)(s.Ledger.States(ctx, id, 1, engine.OrdinalOf(3, 1), 5))
	equalSlices(t, "states never written", states, slices.Repeat([]engine.State{engine.UnpackState(nil)}, 5))
}

func testFeed(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	id := newCampaign()
	ok(t, s.Ledger.Open(ctx, id, 4, 1))
	ok(t, s.Ledger.Feed(ctx, id, 0, 2, []engine.Batch{batchOf(id, 0, 0, 0, 1), batchOf(id, 1, 0, 0)}))
	equal(t, "cursor", must[int](t)(s.Ledger.Fed(ctx, id)), 2)
	wantError(t, s.Ledger.Feed(ctx, id, 0, 2, []engine.Batch{batchOf(id, 5, 0, 0)}), engine.ErrConflict)
	equal(t, "outstanding", must[int](t)(s.Ledger.Outstanding(ctx, id)), 2)
	ok(t, s.Ledger.Feed(ctx, id, 2, 3, []engine.Batch{batchOf(id, 2, 0, 0)}))
	equal(t, "cursor", must[int](t)(s.Ledger.Fed(ctx, id)), 3)
	ok(t, s.Ledger.Feed(ctx, id, 3, 9, nil))
	equal(t, "cursor", must[int](t)(s.Ledger.Fed(ctx, id)), 9)
	equal(t, "outstanding", must[int](t)(s.Ledger.Outstanding(ctx, id)), 3)
}

func testFeedTogether(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	id := newCampaign()
	ok(t, s.Ledger.Open(ctx, id, 10, 1))
	_, errs := together(8, func(i int) (int, error) {
		return 0, s.Ledger.Feed(ctx, id, 0, 1, []engine.Batch{batchOf(id, 0, 0, i)})
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantError(t, err, engine.ErrConflict)
	}
	equal(t, "feeders that won", won, 1)
	equal(t, "outstanding", must[int](t)(s.Ledger.Outstanding(ctx, id)), 1)
}

func testBatchWhole(t *testing.T, s engine.Stores) {
	b := batchOf("", 0, 1, 0, 7, 8, engine.ChunkSize-1)
	b.Step, b.Phase, b.Try, b.Due = 2, engine.Waiting, 3, moment.Add(time.Hour+456*time.Microsecond)
	b.Hold, b.Receipt = engine.HeldQuiet, "message 7"
	id := opened(t, s, 4, 2, b)
	got := must[engine.Batch](t)(s.Ledger.Take(t.Context(), id, b.ID(), "me", moment, moment.Add(time.Minute)))
	equal(t, "campaign", got.Campaign, id)
	equal(t, "ID", got.ID(), b.ID())
	equal(t, "members", got.Members, b.Members)
	equal(t, "try", got.Try, 3)
	equal(t, "hold", got.Hold, engine.HeldQuiet)
	equal(t, "receipt", got.Receipt, "message 7")
	equal(t, "since", got.Since.Equal(moment), true)
	equal(t, "due to the millisecond", got.Due.Equal(moment.Add(time.Hour)), true)
}

func testLeases(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	b := batchOf("", 0, 0, 0)
	id := opened(t, s, 1, 1, b)
	end := moment.Add(time.Minute)
	wantError(t, s.Ledger.Hold(ctx, id, b.ID(), "me", end), engine.ErrGone)
	take(t, s, id, b, "me")
	_, err := s.Ledger.Take(ctx, id, b.ID(), "you", moment, end)
	leased, is := errors.AsType[*engine.LeasedError](err)
	equal(t, "leased", is, true)
	equal(t, "until", leased.Until.Equal(end), true)
	take(t, s, id, b, "me") // again is fine
	ok(t, s.Ledger.Hold(ctx, id, b.ID(), "me", end.Add(time.Minute)))
	_, err = s.Ledger.Take(ctx, id, b.ID(), "you", end.Add(time.Second), end)
	_, is = errors.AsType[*engine.LeasedError](err)
	equal(t, "the lease was moved", is, true)
	must[engine.Batch](t)(s.Ledger.Take(ctx, id, b.ID(), "you", end.Add(time.Minute), end.Add(2*time.Minute)))
	wantError(t, s.Ledger.Hold(ctx, id, b.ID(), "me", end), engine.ErrGone)
	ok(t, s.Ledger.Hold(ctx, id, b.ID(), "you", end))
}

func testTakeTogether(t *testing.T, s engine.Stores) {
	b := batchOf("", 0, 0, 0)
	id := opened(t, s, 1, 1, b)
	_, errs := together(8, func(i int) (engine.Batch, error) {
		return s.Ledger.Take(t.Context(), id, b.ID(), string(rune('a'+i)), moment, moment.Add(time.Minute))
	})
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if _, is := errors.AsType[*engine.LeasedError](err); !is {
			t.Fatalf("error is %v, want a LeasedError", err)
		}
	}
	equal(t, "workers that won", won, 1)
}
