package enginetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"vestnik/engine"
)

// waitingAt makes a batch of one member, its number, that is due some seconds after moment.
func waitingAt(member, seconds int) engine.Batch {
	b := batchOf("", 0, 0, member)
	b.Due = at(seconds)
	return b
}

func at(seconds int) time.Time { return moment.Add(time.Duration(seconds) * time.Second) }

// roused rouses at a moment until another and gives the lowest members of those who were, in order.
func roused(t *testing.T, s engine.Stores, id engine.CampaignID, now, until, most int) []int {
	t.Helper()
	list := must[[]engine.Batch](t)(s.Ledger.Rouse(t.Context(), id, at(now), at(until), most))
	for _, b := range list {
		equal(t, "campaign", b.Campaign, id)
		equal(t, "due by now", b.Due.After(at(now)), false)
	}
	slices.SortFunc(list, func(a, b engine.Batch) int { return lowest(a) - lowest(b) })
	return lowestOf(list)
}

func lowest(b engine.Batch) int {
	for i := range b.Members.All() {
		return i
	}
	return -1
}

func lowestOf(list []engine.Batch) (members []int) {
	for _, b := range list {
		members = append(members, lowest(b))
	}
	return members
}

// putBack settles a batch that is leased to holder by putting it back, due some seconds after moment.
func putBack(t *testing.T, s engine.Stores, id engine.CampaignID, b engine.Batch, holder string, due int) {
	t.Helper()
	b.Due = at(due)
	must[engine.Balance](t)(s.Ledger.Settle(t.Context(), id, b.ID(), holder, engine.Settlement{Next: []engine.Batch{b}}))
}

func testRouse(t *testing.T, s engine.Stores) {
	ctx, first := t.Context(), waitingAt(0, 0)
	id := opened(t, s, 6, 1, waitingAt(3, 3), first, waitingAt(2, 2), waitingAt(5, 60), waitingAt(1, 1), waitingAt(4, 4))
	equalSlices(t, "before their time", roused(t, s, id, -1, 60, 9), nil)
	equalSlices(t, "at its time", roused(t, s, id, 0, 600, 2), []int{0})
	equalSlices(t, "the earliest", roused(t, s, id, 10, 600, 3), []int{1, 2})
	equalSlices(t, "a full window", roused(t, s, id, 10, 600, 3), nil)
	equalSlices(t, "a smaller window", roused(t, s, id, 10, 600, 1), nil)
	take(t, s, id, first, "me")
	equalSlices(t, "who works is awake", roused(t, s, id, 10, 600, 3), nil)
	must[engine.Balance](t)(s.Ledger.Settle(ctx, id, first.ID(), "me", engine.Settlement{States: []engine.Change{change(0, fresh, delivered)}}))
	equalSlices(t, "who settled makes room", roused(t, s, id, 10, 600, 3), []int{3})
	equalSlices(t, "no more are due", roused(t, s, id, 10, 600, 9), []int{4})
	equalSlices(t, "later", roused(t, s, id, 60, 600, 9), []int{5})
	equal(t, "outstanding", must[int](t)(s.Ledger.Outstanding(ctx, id)), 5)
}

func testRouseTogether(t *testing.T, s engine.Stores) {
	var batches []engine.Batch
	for i := range 20 {
		batches = append(batches, waitingAt(i, i))
	}
	id := opened(t, s, 20, 1, batches...)
	answers, errs := together(8, func(int) ([]engine.Batch, error) {
		return s.Ledger.Rouse(t.Context(), id, at(60), at(120), 5)
	})
	ok(t, errors.Join(errs...))
	all := lowestOf(slices.Concat(answers...))
	slices.Sort(all)
	equalSlices(t, "roused by all", all, []int{0, 1, 2, 3, 4})
}

func testAwake(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	b, late := waitingAt(0, 0), waitingAt(1, 3600)
	id := opened(t, s, 2, 1, b, late)
	equalSlices(t, "roused", roused(t, s, id, 0, 60, 9), []int{0})
	wantError(t, s.Ledger.Hold(ctx, id, b.ID(), "me", at(60)), engine.ErrGone) // being roused is no lease
	equalSlices(t, "still awake", roused(t, s, id, 59, 60, 9), nil)
	equalSlices(t, "its time is over", roused(t, s, id, 60, 120, 9), []int{0})
	must[engine.Batch](t)(s.Ledger.Take(ctx, id, b.ID(), "me", at(61), at(90)))
	equalSlices(t, "until the lease ends", roused(t, s, id, 90, 100, 9), []int{0})

	must[engine.Batch](t)(s.Ledger.Take(ctx, id, b.ID(), "you", at(91), at(100)))
	ok(t, s.Ledger.Hold(ctx, id, b.ID(), "you", at(200)))
	equalSlices(t, "the lease was moved", roused(t, s, id, 199, 300, 9), nil)
	equalSlices(t, "the moved lease ended", roused(t, s, id, 200, 300, 9), []int{0})

	must[engine.Batch](t)(s.Ledger.Take(ctx, id, late.ID(), "me", at(200), at(260))) // nobody roused it
	equalSlices(t, "who was taken is awake", lowestOf(must[[]engine.Batch](t)(s.Ledger.Batches(ctx, id, 9))), []int{0, 1})
	equalSlices(t, "forgotten, and not due yet", roused(t, s, id, 3599, 7200, 9), []int{0})
	equalSlices(t, "due at last", roused(t, s, id, 3600, 7200, 9), []int{1})
}

func testRousedAgain(t *testing.T, s engine.Stores) {
	ctx, b := t.Context(), waitingAt(0, 0)
	id := opened(t, s, 1, 1, b)
	must[engine.Batch](t)(s.Ledger.Take(ctx, id, b.ID(), "me", at(0), at(60)))
	equalSlices(t, "roused after a crash", roused(t, s, id, 60, 120, 9), []int{0})
	got := must[engine.Batch](t)(s.Ledger.Take(ctx, id, b.ID(), "you", at(61), at(121))) // the old lease is in nobody's way
	equal(t, "due when it was", got.Due.Equal(b.Due), true)
	settle := func(holder string) error {
		_, err := s.Ledger.Settle(ctx, id, b.ID(), holder, engine.Settlement{States: []engine.Change{change(0, fresh, delivered)}})
		return err
	}
	wantError(t, settle("me"), engine.ErrGone)
	ok(t, settle("you"))
	equalSlices(t, "settled for good", roused(t, s, id, 3600, 7200, 9), nil)
}

func testPutBackWaits(t *testing.T, s engine.Stores) {
	b := waitingAt(0, 0)
	id := opened(t, s, 2, 1, b, waitingAt(1, 1))
	equalSlices(t, "roused", roused(t, s, id, 10, 600, 1), []int{0})
	take(t, s, id, b, "me")
	putBack(t, s, id, b, "me", 100)
	equalSlices(t, "room for another", roused(t, s, id, 10, 600, 1), []int{1})
	equalSlices(t, "it waits", roused(t, s, id, 99, 600, 9), nil)
	equalSlices(t, "at its new time", roused(t, s, id, 100, 600, 9), []int{0})
	take(t, s, id, b, "me")
	putBack(t, s, id, b, "me", 50)
	equalSlices(t, "due at once", roused(t, s, id, 100, 600, 9), []int{0})
}

func testRecall(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	send, wait, asks, past := waitingAt(0, 1000), waitingAt(1, 2000), waitingAt(2, 3000), waitingAt(3, -5)
	wait.Phase, asks.Phase, asks.Receipt = engine.Waiting, engine.Confirming, "receipt"
	id := opened(t, s, 4, 1, send, wait, asks, past)
	for range 2 {
		ok(t, s.Ledger.Recall(ctx, id, at(0)))
	}
	dues := map[int]time.Time{}
	for _, b := range must[[]engine.Batch](t)(s.Ledger.Batches(ctx, id, 9)) {
		dues[lowest(b)] = b.Due
	}
	for i, want := range []int{0, 0, 3000, -5} {
		equal(t, fmt.Sprintf("due of batch %d", i), dues[i].Equal(at(want)), true)
	}
	equalSlices(t, "due now", roused(t, s, id, 0, 60, 9), []int{0, 1, 3})
	equalSlices(t, "recalled, and forgotten by a crash", roused(t, s, id, 60, 120, 9), []int{0, 1, 3})
	equalSlices(t, "asked at its time", roused(t, s, id, 3000, 3001, 9), []int{0, 1, 2, 3})
	got := must[engine.Batch](t)(s.Ledger.Take(ctx, id, asks.ID(), "me", at(3000), at(3060)))
	equal(t, "receipt", got.Receipt, "receipt")
}

// testWakingAgainstMemory rouses, takes, puts back and forgets at random and holds what is awake against Memory. No two batches are due at
// the same time: which of them is roused first is nobody's promise.
func testWakingAgainstMemory(t *testing.T, s engine.Stores) {
	ctx, random := t.Context(), rand.New(rand.NewPCG(5, 6))
	const n, steps = 30, 200
	batches := make([]engine.Batch, n)
	for i := range batches {
		batches[i] = waitingAt(i, i*10)
		if i%5 == 0 {
			batches[i].Phase = engine.Confirming
		}
	}
	memory := NewMemory().Stores()
	id := opened(t, s, n, 1, batches...)
	ok(t, memory.Ledger.Open(ctx, id, n, 1))
	ok(t, memory.Ledger.Feed(ctx, id, 0, 1, batches))
	now := 0
	compare := func(until, most int) {
		t.Helper()
		equalSlices(t, "roused", roused(t, s, id, now, until, most), roused(t, memory, id, now, until, most))
	}
	for step := range steps {
		now += random.IntN(10)
		if random.IntN(2) == 0 {
			compare(now+1+random.IntN(60), random.IntN(12))
			continue
		}
		b, holder, end, due := batches[random.IntN(n)], engine.NewID(), at(now+1+random.IntN(60)), 10*(now/10+random.IntN(20))
		for _, stores := range []engine.Stores{s, memory} {
			if _, err := stores.Ledger.Take(ctx, id, b.ID(), holder, at(now), end); err != nil {
				_, leased := errors.AsType[*engine.LeasedError](err)
				equal(t, "leased", leased, true)
				continue
			}
			switch step % 3 {
			case 0: // a crash
			case 1:
				ok(t, stores.Ledger.Hold(ctx, id, b.ID(), holder, end.Add(time.Minute)))
			case 2:
				b.Due = at(due).Add(time.Duration(step) * time.Millisecond)
				must[engine.Balance](t)(stores.Ledger.Settle(ctx, id, b.ID(), holder, engine.Settlement{Next: []engine.Batch{b}}))
			}
		}
	}
	for _, stores := range []engine.Stores{s, memory} {
		ok(t, stores.Ledger.Recall(ctx, id, at(now)))
	}
	compare(now+60, n)
	now += 3600
	compare(now+60, n)
}

func testBatches(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	id := opened(t, s, 5, 1, waitingAt(3, 3), waitingAt(0, 0), waitingAt(4, 4), waitingAt(2, 2), waitingAt(1, 1))
	list := func(limit int) []engine.Batch {
		t.Helper()
		list := must[[]engine.Batch](t)(s.Ledger.Batches(ctx, id, limit))
		for _, b := range list {
			equal(t, "campaign", b.Campaign, id)
			equal(t, fmt.Sprintf("due of %d", lowest(b)), b.Due.Equal(at(lowest(b))), true)
		}
		return list
	}
	equalSlices(t, "by time", lowestOf(list(9)), []int{0, 1, 2, 3, 4})
	equalSlices(t, "a limit", lowestOf(list(2)), []int{0, 1})
	equalSlices(t, "roused", roused(t, s, id, 0, 60, 9), []int{0})
	working := waitingAt(3, 3)
	take(t, s, id, working, "me")
	ok(t, s.Ledger.Hold(ctx, id, working.ID(), "me", at(120)))
	equalSlices(t, "awake ones first", lowestOf(list(9)), []int{0, 3, 1, 2, 4})
	equalSlices(t, "a limit across", lowestOf(list(3)), []int{0, 3, 1})
	equalSlices(t, "a limit within", lowestOf(list(1)), []int{0})
	equal(t, "nobody's", len(must[[]engine.Batch](t)(s.Ledger.Batches(ctx, newCampaign(), 9))), 0)
}
