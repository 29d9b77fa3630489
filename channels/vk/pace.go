package vk

import (
	"context"
	"errors"
	"sync"
	"time"

	"vestnik/engine"
)

// window is what VK counts a community's requests in. A margin makes up for requests that catch up with each other on their way: it grows
// with every request VK found to be one too many, and shrinks again while none is.
const (
	window      = time.Second
	leastMargin = 12 * time.Millisecond
	mostMargin  = 100 * time.Millisecond
)

// patience is how long a pause VK asked for is waited out in place; for a longer one the engine finds something better to do.
const patience = 2 * time.Second

// pacer lets through so many requests in any second, evenly, in the order they came. All Sends of the process for one community share it.
type pacer struct {
	turn chan struct{} // held by who is next
	most int           // in any window; below 1: without bound
	last []time.Time   // when the last requests were let through, a ring; for the holder of turn
	next int

	mu     sync.Mutex
	until  time.Time     // VK asked us to be silent
	margin time.Duration // on top of window
}

func newPacer(most int) *pacer {
	return &pacer{turn: make(chan struct{}, 1), most: most, last: make([]time.Time, max(most, 0)), margin: leastMargin}
}

// wait returns when the next request may go, or why it may not.
func (p *pacer) wait(ctx context.Context) *engine.Fault {
	if ctx.Err() != nil {
		return untried(ctx)
	}
	if fault := p.silence(); fault != nil || p.most < 1 && p.quiet() <= 0 {
		return fault
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return untried(ctx)
	}
	for {
		if fault := p.silence(); fault != nil {
			return fault
		}
		pause := max(p.due(), p.quiet())
		if pause <= 0 {
			p.note()
			return nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return untried(ctx)
		}
	}
}

// due is how long the next request has to wait for those before it.
func (p *pacer) due() time.Duration {
	if p.most < 1 {
		return 0
	}
	newest := p.last[(p.next+p.most-1)%p.most]
	even := window * 9 / 10 / time.Duration(p.most) // a little ahead, so that a late timer costs nothing
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(time.Until(newest.Add(even)), time.Until(p.last[p.next].Add(window+p.margin)))
}

// note writes down that a request goes now.
func (p *pacer) note() {
	if p.most < 1 {
		return
	}
	p.last[p.next] = time.Now()
	p.next = (p.next + 1) % p.most
	p.mu.Lock()
	defer p.mu.Unlock()
	p.margin -= (p.margin - leastMargin) / 256
}

// crowd learns that VK found a request to be one too many, for the n-th time from 0. A moment's silence suffices when requests have caught
// up with each other; when others use the community too, it has to be longer.
func (p *pacer) crowd(n int) {
	p.pause(window / 20 << n)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.margin = min(p.margin+leastMargin/2, mostMargin)
}

// pause makes all requests wait.
func (p *pacer) pause(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(p.until) {
		p.until = until
	}
}

// quiet is how long VK wants us to be silent from now on.
func (p *pacer) quiet() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.until)
}

// silence is the Fault of what is not tried because VK wants us to be silent for longer than it is worth waiting.
func (p *pacer) silence() *engine.Fault {
	if left := p.quiet(); left > patience {
		return &engine.Fault{Reason: engine.Throttled, RetryAfter: left, Err: errors.New("not tried: VK asked for a pause")}
	}
	return nil
}
