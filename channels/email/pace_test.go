package email

import (
	"math"
	"testing"
	"time"
)

// admitted counts the messages of a pace that go until a time when as many as may are sent every tenth of a second.
func admitted(p *pace, from, to time.Time) (n int) {
	for now := from; now.Before(to); now = now.Add(100 * time.Millisecond) {
		for range 1000 { // a second of an unbounded pace is 10,000
			if !p.admit(now) {
				break
			}
			n++
		}
	}
	return n
}

func TestPaceKeepsItsRate(t *testing.T) {
	begin := time.Unix(1_000_000, 0)
	p := newPace(50)
	if n := admitted(&p, begin, begin.Add(100*time.Millisecond)); n != 500 {
		t.Errorf("%d go at once, want ten seconds' worth", n)
	}
	if n := admitted(&p, begin.Add(100*time.Millisecond), begin.Add(time.Minute)); n < 2990 || n > 3000 {
		t.Errorf("%d go in a minute, want 3000", n)
	}
	if wait := p.wait(begin.Add(time.Minute)); wait > 20*time.Millisecond {
		t.Errorf("the next one waits for %v", wait)
	}
	free := newPace(0)
	if n := admitted(&free, begin, begin.Add(time.Second)); n != 10_000 {
		t.Errorf("%d go without a bound", n)
	}
}

// TestPaceSlowsDown walks through what domains say. Times are in seconds.
func TestPaceSlowsDown(t *testing.T) {
	type step struct {
		at   float64
		do   string // hurried: it says that we are too quick; unwell: no time; passed
		rest float64
		rate float64 // afterwards; 0 is not looked at
	}
	inf := math.Inf(1)
	for _, test := range []struct {
		name      string
		perSecond int
		sent      int // messages in the ten seconds before
		steps     []step
	}{
		{"half as fast, then slowly faster, then as before", 100, 1000, []step{
			{0, "hurried", 5, 50}, {5, "passed", 0, 0}, {300, "", 0, 75}, {600, "", 0, 100}, {3600, "", 0, 100}}},
		{"without a bound it is known how fast it was", 0, 1000, []step{
			{0, "hurried", 5, 50}, {600, "", 0, 100}, {1799, "", 0, 199.9}, {1800, "", 0, inf}}},
		{"a rate that was low is not made nothing", 0, 1, []step{{0, "hurried", 5, 1}, {30, "", 0, inf}}},
		{"what was under way says nothing new", 100, 1000, []step{{0, "hurried", 5, 50}, {1, "hurried", 4, 0}, {4.9, "hurried", 0.1, 50}}},
		{"rests grow until a message passes", 100, 1000, []step{
			{0, "hurried", 5, 0}, {5, "hurried", 10, 0}, {15, "hurried", 20, 0}, {35, "hurried", 40, 0}, {75, "hurried", 80, 0}, {155, "hurried", 160, 0},
			{315, "hurried", 300, 0}, {615, "hurried", 300, 1}, {700, "passed", 215, 0}, {915, "passed", 0, 0}, {916, "hurried", 5, 0}}},
		{"one refusal says nothing, five in a row do", 100, 1000, []step{
			{0, "unwell", 0, 100}, {0, "unwell", 0, 0}, {0, "unwell", 0, 0}, {0, "unwell", 0, 100}, {0, "passed", 0, 0}, {0, "unwell", 0, 0},
			{0, "unwell", 0, 0}, {0, "unwell", 0, 0}, {0, "unwell", 0, 0}, {0, "unwell", 5, 50}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			begin := time.Unix(1_000_000, 0)
			p := newPace(test.perSecond)
			for range test.sent {
				p.recent.add(begin.Add(-window / 2))
			}
			p.recent.begin = begin.Add(-window)
			p.recent.turn(begin)
			for i, s := range test.steps {
				now := begin.Add(time.Duration(s.at * float64(time.Second)))
				switch s.do {
				case "hurried", "unwell":
					if rest := p.slow(s.do == "hurried", now).Seconds(); math.Abs(rest-s.rest) > 0.001 {
						t.Errorf("step %d: it rests %v s, want %v", i, rest, s.rest)
					}
				case "passed":
					p.passed(now)
				}
				if rate := p.now(now); s.rate != 0 && rate != s.rate && math.Abs(rate-s.rate) > 0.5 {
					t.Errorf("step %d: %v a second, want %v", i, rate, s.rate)
				}
			}
		})
	}
}

// TestPaceNeverStops sends for a day to a domain that has no time every second time it is asked: something goes always, and after the trouble all.
func TestPaceNeverStops(t *testing.T) {
	p := newPace(100)
	now := time.Unix(1_000_000, 0)
	sent, asked := 0, 0
	for end := now.Add(24 * time.Hour); now.Before(end); now = now.Add(time.Second) {
		for p.admit(now) {
			if asked++; asked%2 == 0 {
				p.slow(true, now)
				continue
			}
			p.passed(now)
			sent++
		}
	}
	if sent < 1000 {
		t.Errorf("%d messages went in a day", sent)
	}
	if rate := p.now(now.Add(time.Hour)); rate != 100 {
		t.Errorf("%v a second after an hour of peace", rate)
	}
}

// TestLater sends away one batch after another: each comes again behind those before it.
func TestLater(t *testing.T) {
	p := newPace(50)
	now := time.Unix(1_000_000, 0)
	for i, want := range []time.Duration{10 * time.Second, 20 * time.Second, 30 * time.Second} {
		if got := p.later(500, math.Inf(1), now); got != want {
			t.Errorf("batch %d comes again after %v, want %v", i, got, want)
		}
	}
	if got := p.later(500, math.Inf(1), now.Add(time.Minute)); got != 10*time.Second {
		t.Errorf("after a minute without debts: %v", got)
	}
	if got := p.later(1_000_000, math.Inf(1), now.Add(time.Minute)); got != longestTold {
		t.Errorf("a million messages come again after %v", got)
	}
	free := newPace(0)
	if got := free.later(100, 0.001, now); got != longestGuess {
		t.Errorf("a guess keeps messages away for %v", got)
	}
	if got := free.later(100, math.Inf(1), now); got != time.Second {
		t.Errorf("without any reason messages are kept away for %v", got)
	}
}

func TestPaceForgets(t *testing.T) {
	p, begin := newPace(0), time.Unix(1_000_000, 0)
	if !p.atEase(begin) {
		t.Error("a new pace is not at ease")
	}
	for range 1000 {
		p.admit(begin)
	}
	p.slow(true, begin)
	if p.atEase(begin.Add(time.Minute)) || !p.atEase(begin.Add(24*time.Hour)) {
		t.Error("a pace that was slowed is at ease too early, or never")
	}
}
