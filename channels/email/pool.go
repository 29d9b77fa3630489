package email

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"vestnik/engine"
)

// pool keeps connections to the relays and hands them out round robin. No sender gets all connections to a relay, if there are several: one whose
// mails the relay keeps waiting for leaves a way for the others.
type pool struct {
	cfg Config

	mu     sync.Mutex
	freed  *sync.Cond // a connection came back, a relay failed, the pool was closed, or a waiter's ctx ended
	relays []*relay
	next   int // whose turn it is
	closed bool
}

// relay is a Relay with its connections. The pool's mutex guards what changes.
type relay struct {
	Relay
	busy    int             // connections in use or being opened
	has     map[string]int  // those of them by the sender they are used for
	idle    []*session      // in the order in which they came back
	shunned map[string]shun // by sender; everybody's when the relay could not be reached
}

// shun is a failure of a relay and until when it is therefore not asked for a connection.
type shun struct {
	until time.Time
	fault *engine.Fault
}

// everybody stands for all senders.
const everybody = ""

// failed gives the failure because of which the relay is not used for a sender now; nil if there is none.
func (r *relay) failed(sender string, now time.Time) *engine.Fault {
	for _, whose := range []string{everybody, sender} {
		if s := r.shunned[whose]; now.Before(s.until) {
			return s.fault
		}
	}
	return nil
}

// pause is how long a relay that could not be reached, or did not answer in time, is left alone: long enough for a batch to fail over or
// fail at once instead of waiting for every message, short enough that nobody notices its return.
const pause = time.Second

func newPool(cfg Config) *pool {
	p := &pool{cfg: cfg}
	p.freed = sync.NewCond(&p.mu)
	for _, r := range cfg.Relays {
		p.relays = append(p.relays, &relay{Relay: r, has: map[string]int{}, shunned: map[string]shun{}})
	}
	return p
}

// share is how many connections to a relay one sender may use.
func (p *pool) share() int { return max(1, p.cfg.Connections-1) }

// get gives a session for a sender, waiting for one while all it may have are in use. When no relay can be reached, the Fault is that of the last
// one tried.
func (p *pool) get(ctx context.Context, sender string) (*session, *engine.Fault) {
	var fault *engine.Fault
	for range p.relays {
		r, s, none := p.reserve(ctx, sender)
		if s != nil || none != nil {
			return s, none
		}
		if s, fault = dial(ctx, r, &p.cfg); fault == nil {
			return s, nil
		}
		p.put(r, sender, nil)
		if ctx.Err() != nil {
			return nil, untried(ctx)
		}
		p.avoid(r, everybody, fault)
	}
	return nil, fault
}

// reserve takes an idle session, or the right to dial (the session is nil), of the relay whose turn it is.
func (p *pool) reserve(ctx context.Context, sender string) (*relay, *session, *engine.Fault) {
	defer context.AfterFunc(ctx, p.wake)()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if ctx.Err() != nil {
			return nil, nil, untried(ctx)
		}
		if p.closed {
			return nil, nil, &engine.Fault{Reason: engine.Unavailable, Err: errClosed}
		}
		var hope bool // some connection is in use and will come back
		var fault *engine.Fault
		for range p.relays {
			r := p.relays[p.next%len(p.relays)]
			p.next++
			hope = hope || r.busy > 0
			if r.has[sender] >= p.share() {
				continue
			}
			if last := len(r.idle) - 1; last >= 0 {
				s := r.idle[last]
				r.idle = r.idle[:last]
				s.idle.Stop()
				r.take(sender)
				return r, s, nil
			}
			if failed := r.failed(sender, time.Now()); failed != nil {
				fault = failed
			} else if r.busy < p.cfg.Connections {
				r.take(sender)
				return r, nil, nil
			}
		}
		if !hope {
			return nil, nil, fault
		}
		p.freed.Wait()
	}
}

func (r *relay) take(sender string) {
	r.busy++
	r.has[sender]++
}

var errClosed = errors.New("the e-mail channel is closed")

// put gives a relay's connection back that a sender had. The session is kept if it is fit for another message, and closed if not; nil stands for one that
// was not opened.
func (p *pool) put(r *relay, sender string, s *session) {
	p.mu.Lock()
	r.busy--
	if r.has[sender]--; r.has[sender] == 0 {
		delete(r.has, sender)
	}
	keep := s != nil && !s.broken && s.sent < p.cfg.Messages && !p.closed
	if keep {
		s.idle = time.AfterFunc(p.cfg.Idle, func() { p.expire(s) })
		r.idle = append(r.idle, s)
	}
	p.freed.Broadcast()
	p.mu.Unlock()
	if s != nil && !keep {
		s.close()
	}
}

func (p *pool) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.freed.Broadcast()
}

// avoid leaves a relay alone for a while on behalf of a sender, or of everybody.
func (p *pool) avoid(r *relay, sender string, fault *engine.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.shunned[sender] = shun{time.Now().Add(pause), fault}
	p.freed.Broadcast()
}

// forget closes a relay's idle sessions: its silence in one is feared in all.
func (p *pool) forget(r *relay) {
	p.mu.Lock()
	idle := r.idle
	r.idle = nil
	p.mu.Unlock()
	for _, s := range idle {
		s.broken = true // no goodbye
		s.idle.Stop()
		s.close()
	}
}

// expire closes a session that lay idle for too long, unless somebody has just taken it.
func (p *pool) expire(s *session) {
	p.mu.Lock()
	i := slices.Index(s.relay.idle, s)
	if i >= 0 {
		s.relay.idle = slices.Delete(s.relay.idle, i, i+1)
	}
	p.mu.Unlock()
	if i >= 0 {
		s.close()
	}
}

// close closes what is idle; what is in use is closed when it comes back.
func (p *pool) close() {
	p.mu.Lock()
	var idle []*session
	for _, r := range p.relays {
		idle = append(idle, r.idle...)
		r.idle = nil
	}
	p.closed = true
	p.freed.Broadcast()
	p.mu.Unlock()
	var closing sync.WaitGroup
	for _, s := range idle {
		s.idle.Stop()
		closing.Go(s.close)
	}
	closing.Wait()
}
