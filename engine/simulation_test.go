package engine_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

var seeds = flag.Int("seeds", 60, "how many random campaigns the simulation walks")

// TestNobodyIsLostWhateverFails walks random campaigns over stores that fail before or after their work, with every wake handled twice,
// and says what must hold all the same: every recipient ends in the ledger with the outcome its script leads to, whatever was taken is
// in the journal, and nobody is sent more often than calls have failed.
func TestNobodyIsLostWhateverFails(t *testing.T) {
	for seed := range *seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { simulate(t, uint64(seed)) })
		})
	}
}

// fate is what the script says of one recipient.
type fate struct {
	answers []enginetest.Answer
	outcome engine.Outcome
	reason  engine.Reason
}

func someFate(rng *rand.Rand) fate {
	down, slow := enginetest.Refuse(engine.Unavailable, "451"), enginetest.Throttle(time.Minute)
	switch rng.IntN(8) {
	case 0:
		return fate{[]enginetest.Answer{enginetest.Refuse(engine.BadAddress, "550")}, engine.Undelivered, engine.BadAddress}
	case 1:
		return fate{[]enginetest.Answer{down, slow, enginetest.Refuse(engine.Refused, "554")}, engine.Undelivered, engine.Refused}
	case 2:
		return fate{[]enginetest.Answer{down, slow, down}, engine.Delivered, engine.NoReason}
	}
	return fate{nil, engine.Delivered, engine.NoReason}
}

func simulate(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	memory := enginetest.NewMemory()
	faults := enginetest.NewFaults(memory.Stores(), seed, 0)
	w := newTown(t, faults.Stores(), memory, engine.Email)

	n := 1 + rng.IntN(2*engine.ChunkSize)
	fates := make([]fate, n)
	c := w.order(engine.Campaign{Kind: engine.KindAction}, n, func(i int, r *engine.Recipient) {
		fates[i] = someFate(rng)
		if len(fates[i].answers) > 0 {
			w.channels[engine.Email].Script(r.Account, fates[i].answers...)
		}
	})
	w.start(c)
	faults.SetRate(0.15)
	work(t, w, faults, rng)
	faults.SetRate(0)

	people, _, _, err := w.engine.People(t.Context(), must(memory.Stores().Registry.Campaign(t.Context(), c.ID)), engine.Filter{}, 0, n+1)
	if err != nil {
		t.Fatal(err)
	}
	if len(people) != n {
		t.Fatalf("%d recipients of %d are in the ledger", len(people), n)
	}
	taken := w.channels[engine.Email].TakenBy()
	sent, repeated := 0, 0
	for i, p := range people {
		if p.State.Outcome != fates[i].outcome || p.State.Reason != fates[i].reason {
			// A fault after the channel answered makes it be asked again, and its script goes on: a refusal may become an acceptance.
			if fates[i].outcome != engine.Undelivered || p.State.Outcome != engine.Delivered {
				t.Errorf("recipient %d ended %s/%s, want %s/%s", i, p.State.Outcome, p.State.Reason, fates[i].outcome, fates[i].reason)
			}
		}
		if p.State.Outcome == engine.Delivered {
			sent++
			repeated += taken[p.Account] - 1
		}
	}
	if got := w.told(c)["sent/email"]; got < sent {
		t.Errorf("%d were sent, the journal tells of %d", sent, got)
	}
	if limit := faults.Injected() * engine.ChunkSize; repeated > limit {
		t.Errorf("%d messages were sent again, more than were in flight at %d faults", repeated, faults.Injected())
	}
	w.expect(c, engine.StatusCompleted, must(memory.Stores().Ledger.Balance(t.Context(), c.ID)))
}

// work handles every wake twice, as if the queue had doubled it, and reconciles now and then, as a worker does.
func work(t *testing.T, w *town, faults *enginetest.Faults, rng *rand.Rand) {
	ctx := t.Context()
	for step := 0; ; step++ {
		if step == 200 {
			faults.SetRate(0)
		}
		if step == 5000 {
			t.Fatal("the campaign does not come to an end")
		}
		wake, ok := w.memory.Next(time.Now())
		switch {
		case ok:
			for range 2 {
				if err := w.engine.Handle(ctx, wake); err != nil && rng.IntN(2) == 0 {
					_ = w.memory.Stores().Queue.Put(ctx, wake) // a queue that is careful with what failed; Reconcile covers the other half
				}
			}
		case len(must(w.memory.Stores().Registry.Active(ctx))) == 0:
			return
		default:
			time.Sleep(10 * time.Second)
			_ = w.engine.Reconcile(context.WithoutCancel(ctx)) // what fails now is done by the next
		}
	}
}
