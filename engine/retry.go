package engine

import (
	"math"
	"time"
)

// Retry says how often and how soon a failed send is tried again.
type Retry struct {
	Tries int           // attempts at one step in all; 0 means 8
	First time.Duration // pause after the first failure, doubled after each further one; 0 means 30 s
	Most  time.Duration // the longest pause; 0 means 1 h
	Limit time.Duration // how long a step is tried at all, throttling included; 0 means 72 h
}

// withDefaults fills what is zero.
func (r Retry) withDefaults() Retry {
	if r.Tries == 0 {
		r.Tries = 8
	}
	if r.First == 0 {
		r.First = 30 * time.Second
	}
	if r.Most == 0 {
		r.Most = time.Hour
	}
	if r.Limit == 0 {
		r.Limit = 72 * time.Hour
	}
	return r
}

// throttlePause is how long a channel that asks to slow down is left alone when it names no time.
const throttlePause = 10 * time.Second

// Next decides about a fault after tries attempts had failed before it, at a step that began since ago: whether it is tried again, after
// what pause, and how many attempts have failed now. jitter in [0, 1) spreads pauses over their second half, so that what failed
// together does not come back together. The provider's own wish is never undercut.
func (r Retry) Next(f *Fault, tries int, since time.Duration, jitter float64) (pause time.Duration, failed int, again bool) {
	r = r.withDefaults()
	if !f.Reason.Temporary() || since >= r.Limit {
		return 0, tries + 1, false
	}
	if f.Reason == Throttled {
		return max(throttlePause, f.RetryAfter) + time.Duration(jitter*float64(time.Second)), tries, true
	}
	if tries+1 >= r.Tries {
		return 0, tries + 1, false
	}
	full := min(float64(r.First)*math.Pow(2, float64(tries)), float64(r.Most))
	return max(time.Duration(full*(1+jitter)/2), f.RetryAfter), tries + 1, true
}
