package email

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"vestnik/engine"
)

// pool keeps connections to the relays and hands them out by the relays' weights. No sender gets all connections to a relay, if there are several: one whose
// mails the relay keeps waiting for leaves a way for the others.
type pool struct {
	cfg Config

	mu      sync.Mutex
	freed   *sync.Cond // a connection came back, a relay failed, the pool was closed, or a waiter's time is over
	relays  []*relay
	weights []int // of the relays
	turns   []int // see choose
	closed  bool
}

// relay is a Relay with its connections. The pool's mutex guards what changes.
type relay struct {
	Relay
	most    int               // connections it may have at once
	busy    int               // connections in use or being opened
	has     map[string]*share // those of them by the sender they are used for
	idle    []*session        // in the order in which they came back
	health  health
	shunned map[string]shun // by sender whom it did not answer, or refused
}

// share is what one sender has of a relay.
type share struct {
	connections int
	heard       atomic.Int64 // when the relay last answered one of them, or the first was taken: Unix nanoseconds
}

// shun is a failure of a relay with one sender and until when it is therefore not used for that sender.
type shun struct {
	until time.Time
	fault *engine.Fault
}

// stalled is after what silence a relay is said to keep a sender's messages waiting: until it answers, no more of that sender's batches wait for
// connections, which would hold the hands that others need.
const stalled = 5 * time.Second

// stalledPause is when those who were sent away are to come again.
const stalledPause = 15 * time.Second

func newPool(cfg Config) *pool {
	p := &pool{cfg: cfg}
	p.freed = sync.NewCond(&p.mu)
	for _, r := range cfg.Relays {
		p.weights = append(p.weights, max(1, r.Weight))
	}
	p.turns = make([]int, len(p.weights))
	for i, most := range portions(p.weights, cfg.Connections) {
		p.relays = append(p.relays, &relay{Relay: cfg.Relays[i], most: most, has: map[string]*share{}, shunned: map[string]shun{}})
	}
	return p
}

// lines is how many connections there may be to all relays.
func (p *pool) lines() (n int) {
	for _, r := range p.relays {
		n += r.most
	}
	return n
}

// full reports whether a sender has as many connections to the relay as it may.
func (r *relay) full(sender string) bool {
	s := r.has[sender]
	return s != nil && s.connections >= max(1, r.most-1)
}

// get gives a session for a sender, waiting for one while all it may have are in use. When no relay can be reached, the Fault is that of the last
// one tried.
func (p *pool) get(ctx context.Context, sender string) (*session, *engine.Fault) {
	var fault *engine.Fault
	// Each relay has to fail by itself: while one that is busy is waited for, one that is gone may be probed again.
	for failed := make(map[*relay]bool, len(p.relays)); len(failed) < len(p.relays); {
		r, s, none := p.reserve(ctx, sender)
		if s != nil || none != nil {
			return s, none
		}
		if s, fault = dial(ctx, r, &p.cfg); fault == nil {
			p.opened(r, s, sender)
			return s, nil
		}
		failed[r] = true
		if ctx.Err() == nil {
			p.failed(r, fault)
		}
		p.put(r, sender, nil)
		if ctx.Err() != nil {
			return nil, untried(ctx)
		}
	}
	return nil, fault
}

// opened notes that a relay works.
func (p *pool) opened(r *relay, s *session, sender string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.health.failures > 0 {
		r.health.works()
		p.freed.Broadcast()
	}
	s.share = r.has[sender]
}

// failed notes that a connection to a relay could not be opened.
func (p *pool) failed(r *relay, fault *engine.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.health.fails(fault, time.Now())
	p.freed.Broadcast()
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
		now := time.Now()
		alone := p.allRest(now)
		if i := choose(p.weights, p.turns, func(i int) bool { return p.relays[i].ready(sender, now, alone) }); i >= 0 {
			r := p.relays[i]
			return r, r.take(sender, now), nil
		}
		wait, fault := p.hope(sender, now)
		if fault != nil {
			return nil, nil, fault
		}
		timer := time.AfterFunc(wait, p.wake)
		p.freed.Wait()
		timer.Stop()
	}
}

// allRest reports whether no relay is known to work.
func (p *pool) allRest(now time.Time) bool {
	return !slices.ContainsFunc(p.relays, func(r *relay) bool { return !r.health.resting(now, false) })
}

// ready reports whether the relay has a connection for a sender now, or may open one.
func (r *relay) ready(sender string, now time.Time, alone bool) bool {
	if now.Before(r.shunned[sender].until) || r.full(sender) {
		return false
	}
	return len(r.idle) > 0 || r.busy < r.most && !r.health.resting(now, alone)
}

// hope tells how long to wait for a connection that is in use, or why there is nothing to wait for.
func (p *pool) hope(sender string, now time.Time) (time.Duration, *engine.Fault) {
	var fault, dead *engine.Fault // a relay that is busy says more of the message than one that is gone
	wait := time.Duration(-1)
	for _, r := range p.relays {
		switch shunned := r.shunned[sender]; {
		case now.Before(shunned.until):
			fault = shunned.fault
		case r.full(sender): // its own connections are what it waits for
			silence := now.Sub(time.Unix(0, r.has[sender].heard.Load()))
			if wait = max(wait, stalled-silence); silence >= stalled && fault == nil {
				fault = &engine.Fault{Reason: engine.Throttled, RetryAfter: stalledPause, Err: errStalled}
			}
		case r.busy > 0:
			wait = max(wait, stalled)
		default:
			dead = r.health.fault
		}
	}
	if wait > 0 {
		return wait, nil
	}
	return 0, cmp.Or(fault, dead)
}

// take gives the relay's idle session to a sender, or counts one that the sender is to open: nil.
func (r *relay) take(sender string, now time.Time) *session {
	own := r.has[sender]
	if own == nil {
		own = new(share)
		own.heard.Store(now.UnixNano())
		r.has[sender] = own
	}
	r.busy++
	own.connections++
	last := len(r.idle) - 1
	if last < 0 {
		r.health.probing = r.health.failures > 0
		return nil
	}
	s := r.idle[last]
	r.idle = r.idle[:last]
	s.idle.Stop()
	s.share = own
	return s
}

var (
	errClosed  = errors.New("the e-mail channel is closed")
	errStalled = errors.New("the relay keeps this sender's earlier messages waiting")
)

// put gives a relay's connection back that a sender had. The session is kept if it is fit for another message, and closed if not; nil stands for one that
// was not opened.
func (p *pool) put(r *relay, sender string, s *session) {
	p.mu.Lock()
	r.busy--
	if r.has[sender].connections--; r.has[sender].connections == 0 {
		delete(r.has, sender)
	}
	if s == nil {
		r.health.probing = false
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

// avoid leaves a relay alone for a while on behalf of a sender.
func (p *pool) avoid(r *relay, sender string, fault *engine.Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(r.shunned, func(_ string, s shun) bool { return !now.Before(s.until) })
	r.shunned[sender] = shun{now.Add(pause), fault}
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
