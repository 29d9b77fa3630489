package api

import (
	"math"
	"sync"
	"time"
)

// usualRate is how many requests a second a key may make when Config does not say.
const usualRate = 200

// rates bounds how often each key asks: a bucket of tokens that fills at an even pace and holds those of two seconds. Every process counts
// by itself.
type rates struct {
	perSecond float64 // negative: not bounded

	mu      sync.Mutex
	buckets map[string]bucket
}

// bucket is what a key had left at a moment.
type bucket struct {
	tokens float64
	at     time.Time
}

func newRates(perSecond int) *rates {
	return &rates{perSecond: float64(perSecond), buckets: map[string]bucket{}}
}

func (r *rates) burst() float64 { return 2 * r.perSecond }

// take counts a request; false when the key has none left, and then how long it has to wait for the next.
func (r *rates) take(key string, now time.Time) (wait time.Duration, ok bool) {
	if r.perSecond < 0 {
		return 0, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	b, known := r.buckets[key]
	if !known {
		r.forget(now)
		b = bucket{r.burst(), now}
	}
	b = r.filled(b, now)
	if b.tokens >= 1 {
		b.tokens--
		r.buckets[key] = b
		return 0, true
	}
	r.buckets[key] = b
	return time.Duration(math.Ceil((1 - b.tokens) / r.perSecond * float64(time.Second))), false
}

func (r *rates) filled(b bucket, now time.Time) bucket {
	b.tokens = min(r.burst(), b.tokens+max(0, now.Sub(b.at).Seconds())*r.perSecond)
	b.at = now
	return b
}

// forget drops the keys that have a full bucket, when there are many.
func (r *rates) forget(now time.Time) {
	if len(r.buckets) < maxKeys {
		return
	}
	for key, b := range r.buckets {
		if r.filled(b, now).tokens >= r.burst() {
			delete(r.buckets, key)
		}
	}
	if len(r.buckets) >= maxKeys {
		clear(r.buckets)
	}
}
