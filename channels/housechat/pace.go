package housechat

import (
	"context"
	"sync"
	"time"
)

// pacer lets one through every so often. The zero pacer lets everybody through.
type pacer struct {
	gap  time.Duration
	mu   sync.Mutex
	next time.Time // when the next may pass
}

// wait returns when it is the caller's turn, or with false when ctx ends first.
func (p *pacer) wait(ctx context.Context) bool {
	p.mu.Lock()
	turn := time.Now()
	if p.next.After(turn) {
		turn = p.next
	}
	p.next = turn.Add(p.gap)
	p.mu.Unlock()
	return pause(ctx, time.Until(turn))
}

// pause waits for a time; false when ctx ends first, or had ended before.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 || ctx.Err() != nil {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// turns lets one at a time into each chat, so that two houses of one Send neither post twice nor quarrel about a pin.
type turns[K comparable] struct {
	mu   sync.Mutex
	open map[K]*turn
}

// turn is a chat that somebody is in or waits for.
type turn struct {
	free chan struct{} // holds one value when nobody is in
	n    int           // who is in or waits
}

// enter waits for the caller's turn; leave is nil when ctx ends first.
func (t *turns[K]) enter(ctx context.Context, key K) (leave func()) {
	t.mu.Lock()
	if t.open == nil {
		t.open = map[K]*turn{}
	}
	mine := t.open[key]
	if mine == nil {
		mine = &turn{free: make(chan struct{}, 1)}
		mine.free <- struct{}{}
		t.open[key] = mine
	}
	mine.n++
	t.mu.Unlock()
	forget := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.n--; mine.n == 0 {
			delete(t.open, key)
		}
	}
	select {
	case <-mine.free:
		return func() { mine.free <- struct{}{}; forget() }
	case <-ctx.Done():
		forget()
		return nil
	}
}
