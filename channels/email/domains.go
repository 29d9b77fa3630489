package email

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// domains knows how each domain may be written to now. The messages of all senders share it.
type domains struct {
	lines int    // connections to all relays
	usual Domain // of a domain without a name in the settings

	mu    sync.Mutex
	named map[string]*domain
	known map[string]*domain // those without
	freed chan struct{}      // closed when somebody leaves a domain; nil: nobody waits for that
}

// domain is one group of the settings, or one of all other domains. The mutex of domains guards it.
type domain struct {
	pace
	places int            // messages that may be in the relays' hands at the same time
	busy   int            // those that are
	has    map[string]int // those by sender

	took  time.Duration // that a message was in the relay's hands, on the average of the last ones
	heard time.Time     // when one was answered last, or a sender began: the silence that another sender hears says nothing of it
}

// mostKnown is how many domains are remembered before those without news are forgotten.
const mostKnown = 10_000

func newDomains(bounds []Domain, lines int) *domains {
	// A quarter of the connections is left to all others, should a domain keep us waiting.
	d := &domains{lines: lines, usual: Domain{AtOnce: (3*lines + 3) / 4}, named: map[string]*domain{}, known: map[string]*domain{}}
	for _, b := range bounds {
		if slices.Contains(b.Names, "*") {
			d.usual = b
			continue
		}
		shared := d.fresh(b)
		for _, name := range b.Names {
			d.named[name] = shared
		}
	}
	return d
}

func (d *domains) fresh(b Domain) *domain {
	places := b.AtOnce
	if places <= 0 {
		places = max(1, d.lines)
	}
	return &domain{pace: newPace(b.PerSecond), places: places, has: map[string]int{}}
}

// of gives the domain of a bare address in the form mailbox gives it. The mutex is held.
func (d *domains) of(address string, now time.Time) *domain {
	_, name, _ := strings.Cut(address, "@")
	name = strings.ToLower(name)
	if named := d.named[name]; named != nil {
		return named
	}
	if known := d.known[name]; known != nil {
		return known
	}
	if len(d.known) >= mostKnown {
		for name, other := range d.known {
			if other.busy == 0 && other.atEase(now) {
				delete(d.known, name)
			}
		}
	}
	added := d.fresh(d.usual)
	d.known[name] = added
	return added
}

// leave gives a sender's place back. The mutex is held.
func (d *domains) leave(from *domain, sender string) {
	from.busy--
	if from.has[sender]--; from.has[sender] == 0 {
		delete(from.has, sender)
	}
	if d.freed != nil {
		close(d.freed)
		d.freed = nil
	}
}

// leaving is closed when somebody leaves a domain. The mutex is held.
func (d *domains) leaving() <-chan struct{} {
	if d.freed == nil {
		d.freed = make(chan struct{})
	}
	return d.freed
}

// room reports whether there is a place for a sender. None gets all of them, if there are several: one whose messages a relay keeps waiting leaves
// a way for the others.
func (d *domain) room(sender string) bool {
	return d.busy < d.places && d.has[sender] < max(1, d.places-1)
}

// enter takes a place for a message of a sender.
func (d *domain) enter(sender string, now time.Time) bool {
	if !d.room(sender) || !d.admit(now) {
		return false
	}
	if d.has[sender] == 0 {
		d.heard = now
	}
	d.has[sender]++
	d.busy++
	return true
}

// answered notes that a message that was begun so long ago was answered.
func (d *domain) answered(begun, now time.Time) {
	sample := now.Sub(begun)
	switch { // that a domain is well is believed sooner than that it is slow
	case d.took == 0:
		d.took = sample
	case sample < d.took:
		d.took += (sample - d.took) / 2
	default:
		d.took += (sample - d.took) / 8
	}
	d.heard = now
}

// capacity is how many messages a second the domain's places manage, by what is known; +Inf if it has not been seen to take any time.
func (d *domain) capacity(now time.Time) float64 {
	took := d.took
	if d.busy > 0 {
		took = max(took, now.Sub(d.heard))
	}
	if took <= 0 {
		return math.Inf(1)
	}
	return float64(d.places) / took.Seconds()
}

// within is how many messages the domain is going to take in a span of time; none while it is left alone.
func (d *domain) within(span time.Duration, now time.Time) int {
	if d.until.Sub(now) > time.Second {
		return 0
	}
	return int(min(d.capacity(now)*span.Seconds()+1, d.tokens+d.now(now)*span.Seconds(), math.MaxInt32))
}
