package vk

import (
	"context"
	"sync"
	"time"
)

// mostGathered is how many events are taken together at most, and takeTime how long that may last.
const (
	mostGathered = 1000
	takeTime     = 10 * time.Second
)

// gather brings together events of requests that come at the same time, so that a store is asked once for many: while some are being taken,
// those that come wait and go together next.
type gather struct {
	take func(context.Context, []Event) error

	mu      sync.Mutex
	taking  bool
	waiting []*gathered
}

// gathered are events that are taken together.
type gathered struct {
	events []Event
	err    error
	taken  chan struct{} // closed when err is known
}

// add returns when the event was taken, or why it was not.
func (g *gather) add(ctx context.Context, e Event) error {
	g.mu.Lock()
	last := len(g.waiting) - 1
	if last < 0 || len(g.waiting[last].events) == mostGathered {
		g.waiting = append(g.waiting, &gathered{taken: make(chan struct{})})
		last++
	}
	mine := g.waiting[last]
	mine.events = append(mine.events, e)
	first := !g.taking
	g.taking = true
	g.mu.Unlock()
	if first {
		go g.run(context.WithoutCancel(ctx))
	}
	select {
	case <-mine.taken:
		return mine.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run takes what waits until nothing does.
func (g *gather) run(ctx context.Context) {
	for {
		g.mu.Lock()
		if len(g.waiting) == 0 {
			g.taking = false
			g.mu.Unlock()
			return
		}
		next := g.waiting[0]
		g.waiting = g.waiting[1:]
		g.mu.Unlock()
		g.hand(ctx, next)
	}
}

func (g *gather) hand(ctx context.Context, next *gathered) {
	defer close(next.taken)
	ctx, cancel := context.WithTimeout(ctx, takeTime)
	defer cancel()
	next.err = g.take(ctx, next.events)
}
