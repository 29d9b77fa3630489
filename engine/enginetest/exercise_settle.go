package enginetest

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"vestnik/engine"
)

func testSettle(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	b := batchOf("", 0, 0, 0, 1, 2, 9)
	id := opened(t, s, 10, 1, b)
	take(t, s, id, b, "me")
	next := batchOf(id, 0, 0, 1)
	next.Phase, next.Due = engine.Waiting, moment.Add(time.Hour)
	got := must[engine.Balance](t)(s.Ledger.Settle(ctx, id, b.ID(), "me", engine.Settlement{
		States: []engine.Change{change(0, fresh, delivered), change(1, fresh, waiting), change(2, fresh, failed), change(9, fresh, gone)},
		Next:   []engine.Batch{next},
	}))
	want := engine.Balance{Ordered: 10, Delivered: 1, Undelivered: 1, Suppressed: 1, InFlight: 7}
	equal(t, "balance returned", got, want)
	equal(t, "balance", must[engine.Balance](t)(s.Ledger.Balance(ctx, id)), want)
	zero := engine.UnpackState(nil)
	equalSlices(t, "states", must[[]engine.State](t)(s.Ledger.States(ctx, id, 0, 0, 11)),
		[]engine.State{delivered, waiting, failed, zero, zero, zero, zero, zero, zero, gone, zero})
	equal(t, "outstanding", must[int](t)(s.Ledger.Outstanding(ctx, id)), 1)
	_, err := s.Ledger.Take(ctx, id, b.ID(), "me", moment, moment)
	wantError(t, err, engine.ErrGone)
	listed := must[[]engine.Batch](t)(s.Ledger.Batches(ctx, id, 10))
	equal(t, "batches", len(listed), 1)
	equal(t, "next", listed[0].ID(), next.ID())
}

func testFence(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	b := batchOf("", 0, 0, 0)
	id := opened(t, s, 1, 1, b)
	settle := func(holder string) error {
		_, err := s.Ledger.Settle(ctx, id, b.ID(), holder, engine.Settlement{States: []engine.Change{change(0, fresh, delivered)}})
		return err
	}
	wantError(t, settle("me"), engine.ErrGone) // not leased
	take(t, s, id, b, "me")
	wantError(t, settle("you"), engine.ErrGone)
	must[engine.Batch](t)(s.Ledger.Take(ctx, id, b.ID(), "you", moment.Add(time.Hour), moment.Add(2*time.Hour)))
	wantError(t, settle("me"), engine.ErrGone) // lost to somebody else
	equal(t, "nothing counted", must[engine.Balance](t)(s.Ledger.Balance(ctx, id)), engine.Balance{Ordered: 1, InFlight: 1})
	ok(t, settle("you"))
	wantError(t, settle("you"), engine.ErrGone) // settled
	equal(t, "counted once", must[engine.Balance](t)(s.Ledger.Balance(ctx, id)), engine.Balance{Ordered: 1, Delivered: 1})
}

func testSettleConflict(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	b := batchOf("", 0, 0, 0, 1)
	id := opened(t, s, 2, 1, b)
	take(t, s, id, b, "me")
	settlement := engine.Settlement{
		States: []engine.Change{change(0, fresh, delivered), change(1, waiting, delivered)},
		Next:   []engine.Batch{batchOf(id, 7, 0, 0)},
	}
	_, err := s.Ledger.Settle(ctx, id, b.ID(), "me", settlement)
	wantError(t, err, engine.ErrConflict)
	equal(t, "balance", must[engine.Balance](t)(s.Ledger.Balance(ctx, id)), engine.Balance{Ordered: 2, InFlight: 2})
	equal(t, "state", must[[]engine.State](t)(s.Ledger.States(ctx, id, 0, 0, 1))[0], engine.UnpackState(nil))
	equal(t, "outstanding", must[int](t)(s.Ledger.Outstanding(ctx, id)), 1)
	settlement.States[1].Was = engine.State{Outcome: engine.InFlight} // the same as the zero state
	must[engine.Balance](t)(s.Ledger.Settle(ctx, id, b.ID(), "me", settlement))
}

func testRefusedSettlement(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	b, other := batchOf("", 0, 0, 0), batchOf("", 0, 0, 1)
	id := opened(t, s, 2, 1, b, other)
	take(t, s, id, b, "me")
	// A successor that is there already would lose the members of one of the two.
	_, err := s.Ledger.Settle(ctx, id, b.ID(), "me", engine.Settlement{
		States: []engine.Change{change(0, fresh, delivered)}, Next: []engine.Batch{other},
	})
	if err == nil || errors.Is(err, engine.ErrConflict) || errors.Is(err, engine.ErrGone) {
		t.Fatalf("error is %v, want one of its own: trying again cannot help", err)
	}
	_, err = s.Ledger.Settle(ctx, id, b.ID(), "me", engine.Settlement{Lane: 1, States: []engine.Change{change(0, fresh, delivered)}})
	wantError(t, err, engine.ErrNotFound) // there is one lane
	equal(t, "balance", must[engine.Balance](t)(s.Ledger.Balance(ctx, id)), engine.Balance{Ordered: 2, InFlight: 2})
	equal(t, "outstanding", must[int](t)(s.Ledger.Outstanding(ctx, id)), 2)
}

func testPutBack(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	b := batchOf("", 0, 0, 0, 1)
	id := opened(t, s, 2, 1, b)
	take(t, s, id, b, "me")
	back := batchOf(id, 0, 0, 0) // only one of the two, under the same ID
	back.Due = moment.Add(time.Hour)
	equal(t, "the same ID", back.ID(), b.ID())
	must[engine.Balance](t)(s.Ledger.Settle(ctx, id, b.ID(), "me", engine.Settlement{
		States: []engine.Change{change(1, fresh, delivered)}, Next: []engine.Batch{back},
	}))
	wantError(t, s.Ledger.Hold(ctx, id, b.ID(), "me", moment), engine.ErrGone)
	got := must[engine.Batch](t)(s.Ledger.Take(ctx, id, b.ID(), "you", moment, moment.Add(time.Minute)))
	equal(t, "members", got.Members, back.Members)
	equal(t, "due", got.Due.Equal(back.Due), true)
	equal(t, "outstanding", must[int](t)(s.Ledger.Outstanding(ctx, id)), 1)
}

func testLanes(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	lanes := []engine.Batch{batchOf("", 0, 0, 0, 1), batchOf("", 0, 1, 0, 1), batchOf("", 0, 2, 0, 1)}
	id := opened(t, s, 2, 3, lanes...)
	settle := func(lane int, first, second engine.State) engine.Balance {
		t.Helper()
		take(t, s, id, lanes[lane], "me")
		return must[engine.Balance](t)(s.Ledger.Settle(ctx, id, lanes[lane].ID(), "me", engine.Settlement{
			Lane: lane, States: []engine.Change{change(0, fresh, first), change(1, fresh, second)},
		}))
	}
	equal(t, "one lane is not all", settle(1, delivered, gone), engine.Balance{Ordered: 2, InFlight: 2})
	equal(t, "two lanes are not all", settle(0, failed, failed), engine.Balance{Ordered: 2, InFlight: 2})
	equal(t, "the smallest counts", settle(2, gone, gone), engine.Balance{Ordered: 2, Delivered: 1, Suppressed: 1})
}

func testReturn(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	b, beside := batchOf("", 0, 0, 0, 1), batchOf("", 0, 1, 0, 1)
	id := opened(t, s, 2, 2, b, beside)
	for lane, batch := range []engine.Batch{b, beside} {
		take(t, s, id, batch, "me")
		last := delivered
		if lane == 1 {
			last = failed
		}
		must[engine.Balance](t)(s.Ledger.Settle(ctx, id, batch.ID(), "me", engine.Settlement{
			Lane: lane, States: []engine.Change{change(0, fresh, last), change(1, fresh, last)},
		}))
	}
	equal(t, "before", must[engine.Balance](t)(s.Ledger.Balance(ctx, id)), engine.Balance{Ordered: 2, Delivered: 2})
	onward := batchOf(id, 0, 0, 1)
	onward.Step = 1
	back := engine.Settlement{
		States: []engine.Change{change(1, delivered, engine.State{Channel: engine.Email, Reason: engine.BadAddress, Step: 1})},
		Next:   []engine.Batch{onward},
	}
	answers, errs := together(4, func(int) (engine.Balance, error) { return s.Ledger.Return(ctx, id, back) })
	won := 0
	for i, err := range errs {
		if err == nil {
			equal(t, "counts move back", answers[i], engine.Balance{Ordered: 2, Delivered: 1, InFlight: 1})
			won++
			continue
		}
		wantError(t, err, engine.ErrConflict)
	}
	equal(t, "returned once", won, 1)
	equal(t, "outstanding", must[int](t)(s.Ledger.Outstanding(ctx, id)), 1)
	take(t, s, id, onward, "me")
	end := engine.State{Outcome: engine.Undelivered, Channel: engine.VK, Reason: engine.Refused, Step: 1}
	equal(t, "at the end", must[engine.Balance](t)(s.Ledger.Settle(ctx, id, onward.ID(), "me", engine.Settlement{
		States: []engine.Change{change(1, back.States[0].State, end)},
	})), engine.Balance{Ordered: 2, Delivered: 1, Undelivered: 1})
}

func testSettleTogether(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	const lanes, parts, size = 2, 8, 62
	var batches []engine.Batch
	for lane := range lanes {
		for part := range parts {
			b := batchOf("", 3, lane)
			for i := range size {
				b.Members.Add(part*size + i)
			}
			batches = append(batches, b)
		}
	}
	id := opened(t, s, engine.ChunkSize, lanes, batches...)
	balances, errs := together(len(batches), func(n int) (engine.Balance, error) {
		b := batches[n]
		if _, err := s.Ledger.Take(ctx, id, b.ID(), "me", moment, moment.Add(time.Minute)); err != nil {
			return engine.Balance{}, err
		}
		settlement := engine.Settlement{Chunk: 3, Lane: b.Lane}
		for i := range b.Members.All() {
			state := delivered
			if (i+b.Lane)%2 == 0 || i%3 == 0 {
				state = failed
			}
			settlement.States = append(settlement.States, change(i, fresh, state))
		}
		return s.Ledger.Settle(ctx, id, b.ID(), "me", settlement)
	})
	ok(t, errors.Join(errs...))
	for _, b := range balances {
		equal(t, "balanced at every moment", b.Balanced(), true)
	}
	thirds := int64((engine.ChunkSize + 2) / 3)
	equal(t, "balance", must[engine.Balance](t)(s.Ledger.Balance(ctx, id)),
		engine.Balance{Ordered: engine.ChunkSize, Delivered: engine.ChunkSize - thirds, Undelivered: thirds})
	equal(t, "outstanding", must[int](t)(s.Ledger.Outstanding(ctx, id)), 0)
}

func testEveryOutcome(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	outcomes := engine.Outcomes()
	b := batchOf("", 0, 0)
	var settlement engine.Settlement
	for i, outcome := range outcomes {
		b.Members.Add(i)
		settlement.States = append(settlement.States, change(i, fresh, engine.State{Outcome: outcome}))
	}
	id := opened(t, s, int64(len(outcomes)), 1, b)
	take(t, s, id, b, "me")
	balance := must[engine.Balance](t)(s.Ledger.Settle(ctx, id, b.ID(), "me", settlement))
	for _, outcome := range outcomes {
		equal(t, string(outcome), balance.Of(outcome), 1)
	}
}

// testAgainstMemory changes states at random, by batches and by returns, right and wrong, and holds every answer against Memory's.
func testAgainstMemory(t *testing.T, s engine.Stores) {
	ctx, random := t.Context(), rand.New(rand.NewPCG(1, 2))
	const lanes, chunks, size, steps = 3, 2, 40, 150
	var batches []engine.Batch
	for chunk := range chunks {
		for lane := range lanes {
			b := batchOf("", chunk, lane)
			b.Members = engine.FirstMembers(size)
			batches = append(batches, b)
		}
	}
	id, model := opened(t, s, chunks*size, lanes, batches...), NewMemory().Stores().Ledger
	ok(t, model.Open(ctx, id, chunks*size, lanes))
	ok(t, model.Feed(ctx, id, 0, 1, batches))
	for range steps {
		b := batches[random.IntN(len(batches))]
		was := must[[]engine.State](t)(model.States(ctx, id, b.Lane, engine.OrdinalOf(b.Chunk, 0), size))
		settlement := engine.Settlement{Chunk: b.Chunk, Lane: b.Lane}
		for i := range was {
			if random.IntN(3) > 0 {
				continue
			}
			now := engine.State{Outcome: engine.Outcomes()[random.IntN(6)], Channel: engine.Email, Step: uint8(random.IntN(2))}
			if random.IntN(300) == 0 {
				was[i].Step++ // a state it is not in
			}
			settlement.States = append(settlement.States, change(i, was[i], now))
		}
		do := func(l engine.Ledger) (engine.Balance, error) { return l.Return(ctx, id, settlement) }
		if random.IntN(2) == 0 {
			settlement.Next = []engine.Batch{b} // put back
			do = func(l engine.Ledger) (engine.Balance, error) {
				if _, err := l.Take(ctx, id, b.ID(), "me", moment, moment.Add(time.Minute)); err != nil {
					return engine.Balance{}, err
				}
				return l.Settle(ctx, id, b.ID(), "me", settlement)
			}
		}
		want, wantErr := do(model)
		got, err := do(s.Ledger)
		equal(t, "conflict", errors.Is(err, engine.ErrConflict), errors.Is(wantErr, engine.ErrConflict))
		equal(t, "failure", err != nil, wantErr != nil)
		equal(t, "balance", got, want)
		equal(t, "balanced", err != nil || got.Balanced(), true)
	}
	for _, b := range batches {
		from := engine.OrdinalOf(b.Chunk, 0)
		equalSlices(t, "states", must[[]engine.State](t)(s.Ledger.States(ctx, id, b.Lane, from, size)),
			must[[]engine.State](t)(model.States(ctx, id, b.Lane, from, size)))
	}
}
