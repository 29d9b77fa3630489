package email

import (
	"context"
	"errors"
	"time"

	"vestnik/engine"
)

// outbox hands the messages of one Send to its couriers: those whose domains have time now. What would have to wait for its domain for long it
// gives back as Throttled, which is no attempt, so that neither a courier nor the worker that has called Send is held.
type outbox struct {
	domains *domains
	sender  string
	results []engine.Result

	// The mutex of domains guards what follows.
	lanes []*lane
	turn  int
	left  int       // messages that nobody has taken
	until time.Time // when waiting for domains ends; zero: nobody has waited yet
}

// lane is the messages of a Send for one domain.
type lane struct {
	domain   *domain
	left     []parcel
	couriers int // of this Send that hold a place
}

// parcel is one message on its way.
type parcel struct {
	index int
	to    string // a bare address
	lane  *lane
}

const (
	soon     = 10 * time.Second // what a domain is not going to manage until then is given back
	patience = 15 * time.Second // that a Send waits for domains at most
)

var errBusy = errors.New("not tried: the recipient's domain has had enough for now")

// pack sorts messages by domain. Those whose address is none have failed.
func (d *domains) pack(sender string, msgs []engine.Message, results []engine.Result) *outbox {
	o := &outbox{domains: d, sender: sender, results: results}
	lanes, now := map[*domain]*lane{}, time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range msgs {
		to, err := mailboxOf(msgs[i].Recipient.Email)
		if err != nil {
			results[i].Fault = &engine.Fault{Reason: engine.BadAddress, Err: err}
			continue
		}
		its := d.of(to, now)
		if lanes[its] == nil {
			lanes[its] = &lane{domain: its}
			o.lanes = append(o.lanes, lanes[its])
		}
		lanes[its].left = append(lanes[its].left, parcel{i, to, lanes[its]})
		o.left++
	}
	return o
}

// empty reports whether nothing is left to take.
func (o *outbox) empty() bool {
	o.domains.mu.Lock()
	defer o.domains.mu.Unlock()
	return o.left == 0
}

// take gives a message whose domain has time now, one of the lane that the courier is in rather than another; none if there is none.
func (o *outbox) take(in *lane) (parcel, bool) {
	now := time.Now()
	o.domains.mu.Lock()
	defer o.domains.mu.Unlock()
	if in != nil {
		if !o.until.IsZero() { // others have waited, and may be gone
			o.giveBack(in, now)
		}
		if len(in.left) > 0 && in.domain.admit(now) {
			return o.pop(in), true
		}
	}
	for range o.lanes {
		l := o.lanes[o.turn%len(o.lanes)]
		o.turn++
		if l != in && len(l.left) > 0 && l.domain.enter(o.sender, now) {
			l.couriers++
			return o.pop(l), true
		}
	}
	return parcel{}, false
}

func (o *outbox) pop(l *lane) parcel {
	p := l.left[0]
	l.left = l.left[1:]
	o.left--
	return p
}

// done notes what became of a message. stays tells that its courier goes on in the same lane.
func (o *outbox) done(p parcel, try attempt, begun time.Time, stays bool) {
	now := time.Now()
	o.domains.mu.Lock()
	defer o.domains.mu.Unlock()
	o.results[p.index].Fault = try.fault
	its := p.lane.domain
	switch {
	case try.fault == nil:
		its.passed(now)
	case try.hint != silent:
		if rest := its.slow(try.hint == tooQuick, now); try.fault.Reason == engine.Throttled {
			try.fault.RetryAfter = rest
		}
	}
	if try.told {
		its.answered(begun, now)
	}
	if !stays {
		p.lane.couriers--
		o.domains.leave(its, o.sender)
	}
}

// fail gives one of the messages that are left a Fault that has nothing to do with its domain.
func (o *outbox) fail(fault *engine.Fault) {
	o.domains.mu.Lock()
	defer o.domains.mu.Unlock()
	for _, l := range o.lanes {
		if len(l.left) > 0 {
			o.results[o.pop(l).index].Fault = fault
			return
		}
	}
}

// wait waits until one of the messages may go; false when none is left that another courier does not see to.
func (o *outbox) wait(ctx context.Context) bool {
	now := time.Now()
	o.domains.mu.Lock()
	if o.until.IsZero() {
		o.until = now.Add(patience)
	}
	pause, some := o.until.Sub(now), false
	for _, l := range o.lanes {
		o.giveBack(l, now)
		if len(l.left) == 0 || l.couriers > 0 {
			continue
		}
		some = true
		if wait := l.domain.wait(now); wait > 0 {
			pause = min(pause, wait)
		} else if l.domain.room(o.sender) {
			pause = 0
		}
	}
	leaving := o.domains.leaving()
	o.domains.mu.Unlock()
	if !some {
		return false
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-leaving:
	case <-timer.C:
	case <-ctx.Done():
	}
	return true
}

// giveBack takes out of a lane what its domain is not going to manage soon.
func (o *outbox) giveBack(l *lane, now time.Time) {
	if len(l.left) == 0 || l.domain.wait(now) == 0 && l.domain.room(o.sender) {
		return
	}
	keep := 0
	if l.couriers > 0 || now.Before(o.until) {
		keep = min(l.domain.within(soon, now), len(l.left))
	}
	back := l.left[keep:]
	if len(back) == 0 {
		return
	}
	l.left = l.left[:keep]
	o.left -= len(back)
	fault := &engine.Fault{Reason: engine.Throttled, RetryAfter: l.domain.later(len(back), l.domain.capacity(now), now), Err: errBusy}
	for _, p := range back {
		o.results[p.index].Fault = fault
	}
}
