package email

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

// mailTo is n messages to each of the domains, in turns.
func mailTo(n int, names ...string) []engine.Message {
	var msgs []engine.Message
	for i := range n {
		for _, name := range names {
			msgs = append(msgs, engine.Message{Recipient: &engine.Recipient{Email: fmt.Sprintf("r%d@%s", i, name)}})
		}
	}
	return msgs
}

// played sends messages with so many couriers that take the given time for each and meet the given end; it gives the results and how long all took.
func played(d *domains, sender string, couriers int, takes func(p parcel) time.Duration, ends func(p parcel) attempt, msgs []engine.Message) ([]engine.Result, time.Duration) {
	results, begin := make([]engine.Result, len(msgs)), time.Now()
	o := d.pack(sender, msgs, results)
	done := make(chan struct{})
	for range couriers {
		go func() {
			defer func() { done <- struct{}{} }()
			for !o.empty() {
				p, ready := o.take(nil)
				if !ready && !o.wait(context.Background()) {
					return
				}
				for ready {
					begun := time.Now()
					time.Sleep(takes(p))
					next, more := o.take(p.lane)
					o.done(p, ends(p), begun, more && next.lane == p.lane)
					p, ready = next, more
				}
			}
		}()
	}
	for range couriers {
		<-done
	}
	return results, time.Since(begin)
}

func fixedTime(d time.Duration) func(parcel) time.Duration {
	return func(parcel) time.Duration { return d }
}

func taken(parcel) attempt { return attempt{told: true} }

// tally counts messages that went and those that were given back, and gives the wish of the last of those.
func tally(t *testing.T, results []engine.Result) (went, back int, wish time.Duration) {
	t.Helper()
	for _, r := range results {
		switch {
		case r.Fault == nil:
			went++
		case errors.Is(r.Fault, errBusy):
			back++
			if wish = r.Fault.RetryAfter; r.Fault.Reason != engine.Throttled || wish <= 0 {
				t.Errorf("given back as %v, to come again after %v", r.Fault, wish)
			}
		}
	}
	return went, back, wish
}

// TestRateOfADomain gives back what goes beyond the rate, soon, and sends the rest in time when it comes again.
func TestRateOfADomain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDomains([]Domain{{Names: []string{"mail.ru", "bk.ru"}, PerSecond: 10}}, 8)
		msgs := mailTo(200, "mail.ru", "bk.ru")
		results, took := played(d, "a", 8, fixedTime(time.Millisecond), taken, msgs)
		went, back, wish := tally(t, results)
		if went < 190 || went > 260 || went+back != 400 || took > patience+time.Second || wish < 10*time.Second || wish > time.Minute {
			t.Errorf("%d of 400 went in %v, %d were given back until %v", went, took, back, wish)
		}
	})
}

// TestSlowDomainHoldsNobody has one domain take 20 s a message: its messages are given back, the others' are all sent, and the worker is free
// as soon as what the slow domain has is answered.
func TestSlowDomainHoldsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDomains([]Domain{{Names: []string{"slow.example"}, AtOnce: 3}}, 8)
		takes := func(p parcel) time.Duration {
			if p.to[len(p.to)-12:] == "slow.example" {
				return 20 * time.Second
			}
			return 10 * time.Millisecond
		}
		for round := range 3 {
			results, took := played(d, "a", 7, takes, taken, mailTo(100, "slow.example", "well.example"))
			went, back, wish := tally(t, results)
			if went < 100 || went+back != 200 || took > 41*time.Second || wish < 10*time.Second {
				t.Errorf("round %d: %d of 200 went in %v, %d were given back until %v", round, went, took, back, wish)
			}
		}
	})
}

// TestDomainThatIsWellWaitsForPlaces sends everything over few places when that is soon done.
func TestDomainThatIsWellWaitsForPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDomains([]Domain{{Names: []string{"few.example"}, AtOnce: 3}}, 8)
		results, took := played(d, "a", 7, fixedTime(10*time.Millisecond), taken, mailTo(496, "few.example"))
		if went, back, _ := tally(t, results); went != 496 || back != 0 {
			t.Errorf("%d went in %v, %d were given back", went, took, back)
		}
	})
}

// TestOneDomainWithoutTime has one domain say that we are too quick: only its messages come again later.
func TestOneDomainWithoutTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDomains(nil, 8)
		var asked atomic.Int64
		ends := func(p parcel) attempt {
			if p.to[len(p.to)-12:] == "busy.example" {
				asked.Add(1)
				return attempt{told: true, hint: tooQuick, fault: &engine.Fault{Reason: engine.Throttled, Code: "451 4.7.0"}}
			}
			return attempt{told: true}
		}
		results, took := played(d, "a", 7, fixedTime(10*time.Millisecond), ends, mailTo(200, "busy.example", "well.example"))
		went, back, _ := tally(t, results)
		if asked := int(asked.Load()); went != 200 || asked > 7 || back != 200-asked || took > 5*time.Second {
			t.Errorf("%d went in %v, %d asked, %d were given back", went, took, asked, back)
		}
	})
}

// TestNoSenderHasAllPlaces leaves another sender a place of a domain that keeps the first one waiting.
func TestNoSenderHasAllPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDomains([]Domain{{Names: []string{"mail.ru"}, AtOnce: 4}}, 8)
		stuck := make(chan []engine.Result)
		go func() {
			results, _ := played(d, "stuck", 7, fixedTime(time.Minute), taken, mailTo(100, "mail.ru"))
			stuck <- results
		}()
		time.Sleep(30 * time.Second)
		results, took := played(d, "other", 7, fixedTime(10*time.Millisecond), taken, mailTo(20, "mail.ru"))
		if went, _, _ := tally(t, results); went == 0 || took > patience+time.Second {
			t.Errorf("%d messages of the other sender went in %v", went, took)
		}
		if went, back, _ := tally(t, <-stuck); went == 0 || went+back != 100 {
			t.Errorf("the first sender: %d went, %d were given back", went, back)
		}
	})
}

// TestManyDomainsAreForgotten bounds what is remembered.
func TestManyDomainsAreForgotten(t *testing.T) {
	d, now := newDomains(nil, 8), time.Unix(1_000_000, 0)
	for i := range 3 * mostKnown {
		d.of(fmt.Sprintf("r@d%d.example", i), now)
	}
	if len(d.known) > mostKnown {
		t.Errorf("%d domains are remembered", len(d.known))
	}
}
