package console

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Bounds of attempts to sign in. A key has 192 random bits and cannot be guessed; this keeps those who try from costing reads of the registry.
const (
	mostAttempts  = 10
	attemptWindow = time.Minute
	mostVisitors  = 10_000
)

// limiter counts the failed attempts of each visitor within a window of time.
type limiter struct {
	mu       sync.Mutex
	visitors map[string]*tries
}

type tries struct {
	count int
	until time.Time
}

func newLimiter() *limiter { return &limiter{visitors: map[string]*tries{}} }

// take counts an attempt before it is made, and refuses it when there were too many: then it tells how long to wait.
func (l *limiter) take(visitor string, now time.Time) (wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.visitors[visitor]
	if t == nil || !now.Before(t.until) {
		if len(l.visitors) >= mostVisitors {
			l.forget(now)
		}
		t = &tries{until: now.Add(attemptWindow)}
		l.visitors[visitor] = t
	}
	if t.count >= mostAttempts {
		return t.until.Sub(now), false
	}
	t.count++
	return 0, true
}

// giveBack takes an attempt that succeeded off the count, so that an office behind one address does not lock itself out.
func (l *limiter) giveBack(visitor string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.visitors[visitor]; t != nil && t.count > 0 {
		t.count--
	}
}

// forget drops who has waited long enough; when that is nobody, everybody: the memory is bounded in any case.
func (l *limiter) forget(now time.Time) {
	for visitor, t := range l.visitors {
		if !now.Before(t.until) {
			delete(l.visitors, visitor)
		}
	}
	if len(l.visitors) >= mostVisitors {
		clear(l.visitors)
	}
}

// visitorOf names who asks by the address of the connection: headers that proxies set can be forged. Of IPv6 only the network counts, since a
// home has a whole /64 of addresses.
func visitorOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if addr = addr.Unmap(); addr.Is6() {
		network, _ := addr.WithZone("").Prefix(64) // its only error is of a length that does not fit
		return network.String()
	}
	return addr.String()
}
