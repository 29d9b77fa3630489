package api

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// usualRate is how many requests a second a key may make when Config does not say.
const usualRate = 200

// rates bounds how often each key asks: a bucket of tokens that fills at an even pace and holds those of two seconds. Every process counts
// by itself.
type rates struct {
	perSecond int // negative: not bounded

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

func newRates(perSecond int) *rates {
	return &rates{perSecond: perSecond, buckets: map[string]*rate.Limiter{}}
}

// take counts a request; false when the key has none left, and then how long it has to wait for the next.
func (r *rates) take(key string, now time.Time) (wait time.Duration, ok bool) {
	if r.perSecond < 0 {
		return 0, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	bucket := r.buckets[key]
	if bucket == nil {
		r.forget(now)
		bucket = rate.NewLimiter(rate.Limit(r.perSecond), 2*r.perSecond)
		r.buckets[key] = bucket
	}
	token := bucket.ReserveN(now, 1)
	if wait = token.DelayFrom(now); wait > 0 {
		token.CancelAt(now)
		return wait, false
	}
	return 0, true
}

// forget drops the keys that have a full bucket, when there are many.
func (r *rates) forget(now time.Time) {
	if len(r.buckets) < maxKeys {
		return
	}
	for key, bucket := range r.buckets {
		if bucket.TokensAt(now) >= float64(bucket.Burst()) {
			delete(r.buckets, key)
		}
	}
	if len(r.buckets) >= maxKeys {
		clear(r.buckets)
	}
}
