package engine_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

// unaccounted remembers what a Meter is told about recipients in no batch.
type unaccounted struct {
	engine.NoMeter
	lost     []int64
	repaired int
}

func (u *unaccounted) Unaccounted(n int64) { u.lost = append(u.lost, n) }
func (u *unaccounted) Repaired(n int)      { u.repaired += n }

// loseBatches takes every batch that is due by then out of the ledger, as a Redis does that has lost what it had acknowledged: they are taken
// and settled without a trace.
func (w *town) loseBatches(c engine.Campaign) {
	w.Helper()
	ledger := w.memory.Stores().Ledger
	for _, b := range must(ledger.Batches(w.Context(), c.ID, 1000)) {
		if _, err := ledger.Take(w.Context(), c.ID, b.ID(), "thief", time.Now(), time.Now().Add(time.Hour)); err != nil {
			w.Fatal(err)
		}
		if _, err := ledger.Settle(w.Context(), c.ID, b.ID(), "thief", engine.Settlement{Chunk: b.Chunk, Lane: b.Lane}); err != nil {
			w.Fatal(err)
		}
	}
}

func TestLostBatchesAreMended(t *testing.T) {
	for name, when := range map[string]time.Duration{
		"before anything was sent":         0,
		"while all wait":                   time.Hour,
		"on the way to the second channel": 50 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := simpleTown(t, engine.Email, engine.VK)
				meter := &unaccounted{}
				w.engine.Meter = meter
				w.set(engine.SettingQuiet, "00:00-23:00") // who comes to VK waits there for the evening
				c := w.order(engine.Campaign{Kind: engine.KindAction, Route: routeOf(
					engine.Lane{until(engine.Email, 49*time.Hour, engine.Opened), {Channel: engine.VK}})}, 600, nil)
				w.start(c)
				if when == 0 {
					if err := w.engine.Advance(t.Context(), c.ID); err != nil {
						t.Fatal(err)
					}
				} else {
					w.run(when)
				}
				w.loseBatches(c)
				w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 600, InFlight: 600})
				w.reconciled(4 * time.Second)
				if !slices.Equal(meter.lost, []int64{600}) || meter.repaired != 2 {
					t.Errorf("the meter was told of %v lost and %d batches repaired", meter.lost, meter.repaired)
				}
				w.run(10 * day)
				w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 600, Delivered: 600})
				// What was lost with the batches is how long they had waited: the wait is over at once.
				w.expectTold(c, map[string]int{"ordered": 600, "sent/email": 600, "sent/vk": 600})
				for _, ch := range w.channels {
					for account, n := range ch.TakenBy() {
						if n != 1 {
							t.Errorf("%s got %d messages", account, n)
						}
					}
				}
			})
		})
	}
}

// deaf is a queue that loses every wake while it is deaf.
type deaf struct {
	engine.Queue
	now *bool
}

func (d deaf) Put(ctx context.Context, wakes ...engine.Wake) error {
	if *d.now {
		return nil
	}
	return d.Queue.Put(ctx, wakes...)
}

func TestLostWakesAreMended(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		lost := true
		w.engine.Stores.Queue = deaf{w.engine.Stores.Queue, &lost}
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 1200, nil)
		w.start(c)
		w.reconciled(20 * time.Second)
		lost = false
		w.reconciled(20 * time.Second) // what was roused is forgotten when the lease's time is over
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1200, Delivered: 1200})
	})
}
