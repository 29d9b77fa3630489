package engine_test

import (
	"context"
	"sync"
	"time"

	"vestnik/engine"
)

// mostRounds is how often a world may work or wait: one that takes more goes in circles.
const mostRounds = 30_000

// work lets the world happen until every event is over and every campaign at its end.
func (d *drive) work() {
	for _, o := range d.orders {
		for _, at := range o.blips {
			d.running.Go(func() { d.blip(o, at) })
		}
	}
	defer d.running.Wait()
	for range mostRounds {
		for len(d.events) > 0 && !d.events[0].at.After(time.Now()) {
			d.events[0].do()
			d.events = d.events[1:]
		}
		if d.serve() {
			continue
		}
		next, any := d.next()
		if !any {
			return
		}
		time.Sleep(time.Until(next))
		if next.After(time.Now().Add(-time.Second)) && d.due() {
			continue
		}
		// A reconciler calls every few seconds; while nothing is due it would have nothing to do.
		time.Sleep(time.Duration(d.IntN(10_000)) * time.Millisecond)
		d.mortal(d.Context(), func(ctx context.Context) { _ = d.engine.Reconcile(ctx) })
	}
	d.Error("the campaigns do not come to an end")
}

// due tells whether there is something to do without a reconciler.
func (d *drive) due() bool {
	wakes := d.memory.Wakes()
	return len(d.events) > 0 && !d.events[0].at.After(time.Now()) || len(wakes) > 0 && !wakes[0].At.After(time.Now())
}

// next is when something happens next at the earliest; false if nothing ever does.
func (d *drive) next() (at time.Time, any bool) {
	at = time.Now().Add(100 * wholeDay)
	consider := func(t time.Time) {
		if any = true; t.Before(at) {
			at = t
		}
	}
	if len(d.events) > 0 {
		consider(d.events[0].at)
	}
	for _, w := range d.memory.Wakes() {
		consider(w.At)
	}
	ctx, stores := d.Context(), d.memory.Stores()
	for _, id := range must(stores.Registry.Active(ctx)) {
		batches := must(stores.Ledger.Batches(ctx, id, 1_000_000))
		switch d.status(id) {
		case engine.StatusScheduled:
			consider(d.orders[id].start)
		case engine.StatusPaused:
			if o := d.orders[id]; !within(time.Now(), o.pause, o.resume) {
				consider(time.Now().Add(time.Second)) // it is a blip
			}
		default:
			if len(batches) == 0 {
				consider(time.Now())
			}
			for i := range batches {
				consider(batches[i].Due)
			}
		}
	}
	return at, any
}

// serve handles a few wakes that are due, each twice: one handling after the other, or both at the same time. Some get lost.
func (d *drive) serve() (any bool) {
	var all sync.WaitGroup
	for range 1 + d.IntN(3) {
		wake, ok := d.memory.Next(time.Now())
		if !ok {
			break
		}
		any = true
		if d.chance(7) {
			continue
		}
		careful, together := d.chance(50), d.chance(50)
		pauses := [2]time.Duration{time.Duration(d.IntN(5_000)) * time.Microsecond, time.Duration(d.IntN(5_000)) * time.Microsecond}
		all.Go(func() {
			var both sync.WaitGroup
			for _, pause := range pauses {
				both.Go(func() {
					time.Sleep(pause)
					d.handle(wake, careful)
				})
				if !together {
					both.Wait()
				}
			}
			both.Wait()
		})
	}
	all.Wait()
	return any
}
