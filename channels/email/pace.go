package email

import (
	"math"
	"time"
)

// pace is how fast one domain is written to: as fast as its settings allow, half as fast after each time it had no time for us, and then slowly
// faster again (additive increase, multiplicative decrease, as TCP does: RFC 5681 §3.1). It is plain data: the caller says what time it is.
type pace struct {
	most float64 // messages a second by the settings; +Inf: as many as possible

	rate    float64   // what was allowed at since
	gain    float64   // and grows by so much a second
	free    float64   // an unbounded pace is unbounded again from this rate on
	since   time.Time // when the domain last had no time; zero: never
	until   time.Time // it rests until then
	strikes int       // how many times in a row it rested, without a message that passed between
	refused int       // messages in a row that it had no time for

	tokens float64 // messages that may go at once
	at     time.Time
	owed   float64 // messages that were told to come again later
	owedAt time.Time
	recent recent // what went
}

const (
	window      = 10 * time.Second // a rate is kept over so long: as much may go at once
	leastRate   = 1.0              // messages a second that no slowing goes below
	recovery    = 10 * time.Minute // after which the rate is again what it was when the domain had no time
	leastGain   = 1.0 / 30         // messages a second that a rate grows by at least, every second
	unlucky     = 5                // messages in a row say that a domain has no time, if it does not say so itself
	firstRest   = 5 * time.Second
	mostRest    = 5 * time.Minute
	longestTold = 15 * time.Minute // that anybody is told to come again after

	longestGuess = 20 * time.Second
)

func newPace(perSecond int) pace {
	if perSecond <= 0 {
		return pace{most: math.Inf(1), rate: math.Inf(1)}
	}
	return pace{most: float64(perSecond), rate: float64(perSecond)}
}

// now is the rate that is allowed.
func (p *pace) now(now time.Time) float64 {
	if p.since.IsZero() {
		return p.most
	}
	rate := p.rate + p.gain*max(0, now.Sub(p.since).Seconds())
	if rate >= p.free && math.IsInf(p.most, 1) {
		return p.most
	}
	return min(p.most, rate)
}

// wait tells in how long a message may go; zero: now.
func (p *pace) wait(now time.Time) time.Duration {
	if now.Before(p.until) {
		return p.until.Sub(now)
	}
	rate := p.now(now)
	if math.IsInf(rate, 1) {
		return 0
	}
	most := max(1, rate*window.Seconds())
	if p.at.IsZero() {
		p.tokens = most
	} else {
		p.tokens = min(most, p.tokens+rate*now.Sub(p.at).Seconds())
	}
	if p.at = now; p.tokens >= 1 {
		return 0
	}
	return max(time.Millisecond, time.Duration((1-p.tokens)/rate*float64(time.Second)))
}

// admit lets one message go, and counts it, if one may go.
func (p *pace) admit(now time.Time) bool {
	if p.wait(now) > 0 {
		return false
	}
	if p.tokens >= 1 {
		p.tokens--
	}
	p.recent.add(now)
	return true
}

// passed notes that the domain took a message.
func (p *pace) passed(now time.Time) {
	p.refused = 0
	if p.strikes > 0 && !now.Before(p.until) {
		p.strikes = 0
	}
}

// slow notes that the domain had no time for a message, and tells how long it is left alone: longer each time in a row; zero if nothing is to be
// concluded from the one. clear tells that the domain spoke of our pace. What was under way beside the message that was told so says nothing new.
func (p *pace) slow(clear bool, now time.Time) time.Duration {
	if now.Before(p.until) {
		return p.until.Sub(now)
	}
	if p.refused++; !clear && p.refused < unlucky {
		return 0
	}
	p.refused = 0
	base := min(p.now(now), p.recent.rate(now))
	p.rate = max(leastRate, base/2)
	p.gain = max(leastGain, base/recovery.Seconds()/2)
	p.free = max(2*base, 2*leastRate)
	p.since, p.at, p.tokens = now, now, 0
	rest := min(mostRest, firstRest<<min(p.strikes, 10))
	p.strikes++
	p.until = now.Add(rest)
	return rest
}

// later tells after how long n messages are to come again that could not go: by the rate, behind those that were told so before; and not before so
// many could go at the capacity, in messages a second, that the domain seems to have, which is a guess and never keeps anybody away for long.
func (p *pace) later(n int, capacity float64, now time.Time) time.Duration {
	rate := p.now(now)
	if !p.owedAt.IsZero() && !math.IsInf(rate, 1) {
		p.owed = max(0, p.owed-rate*now.Sub(p.owedAt).Seconds())
	}
	p.owed, p.owedAt = p.owed+float64(n), now
	seconds := max(p.owed/rate, min(float64(n)/capacity, longestGuess.Seconds()))
	rest := max(0, p.until.Sub(now)) + time.Duration(min(seconds, longestTold.Seconds())*float64(time.Second))
	return max(time.Second, min(longestTold, rest))
}

// atEase reports whether nothing is known of the domain that a new pace would not know.
func (p *pace) atEase(now time.Time) bool {
	return !now.Before(p.until) && p.now(now) == p.most && now.Sub(p.at) > window && now.Sub(p.owedAt) > longestTold
}

// recent counts messages by windows of ten seconds.
type recent struct {
	begin        time.Time
	count, older int
}

func (r *recent) turn(now time.Time) {
	switch age := now.Sub(r.begin); {
	case age >= 2*window:
		r.begin, r.count, r.older = now, 0, 0
	case age >= window:
		r.begin, r.count, r.older = r.begin.Add(window), 0, r.count
	}
}

func (r *recent) add(now time.Time) {
	r.turn(now)
	r.count++
}

// rate is how many messages a second went in the last ten seconds, at a guess from two windows.
func (r *recent) rate(now time.Time) float64 {
	r.turn(now)
	left := 1 - now.Sub(r.begin).Seconds()/window.Seconds()
	return (float64(r.count) + left*float64(r.older)) / window.Seconds()
}
