package engine

import (
	"testing"
	"time"
)

var (
	down     = Result{Fault: &Fault{Reason: Unavailable, Code: "no connection", Whole: true}}
	busy     = Result{Fault: &Fault{Reason: Unavailable, Code: "451"}}
	wrongKey = Result{Fault: &Fault{Reason: Misconfigured, Code: "401"}}
	odd      = Result{Fault: &Fault{Reason: Unknown}}
	slowDown = Result{Fault: &Fault{Reason: Throttled, Code: "429"}}
	own      = Result{Fault: &Fault{Reason: Throttled}}
	nobody   = Result{Fault: &Fault{Reason: BadAddress, Code: "550"}}
)

func TestSymptoms(t *testing.T) {
	for _, tt := range []struct {
		name    string
		results []Result
		works   bool
		fault   *Fault
	}{
		{"nothing was tried", nil, false, nil},
		{"taken", []Result{{}}, true, nil},
		{"answers later", []Result{{Later: &Later{}}}, true, nil},
		{"a final fault is an answer", []Result{nobody}, true, nil},
		{"so is a wish to slow down", []Result{slowDown}, true, nil},
		{"the channel's own pace says nothing", []Result{own}, false, nil},
		{"one mailbox out of reach says nothing", []Result{busy}, false, nil},
		{"what nobody classified says nothing", []Result{odd}, false, nil},
		{"out of reach as a whole", []Result{busy, down}, false, down.Fault},
		{"wrong settings", []Result{wrongKey}, false, wrongKey.Fault},
		{"the last tells", []Result{down, wrongKey}, false, wrongKey.Fault},
		{"one that was taken outweighs", []Result{down, {}, down}, true, down.Fault},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := examine(tt.results); got.works != tt.works || got.fault != tt.fault {
				t.Errorf("symptoms %+v, want works %v and fault %v", got, tt.works, tt.fault)
			}
		})
	}
}

// TestBreaker follows one breaker through the batches of a bad day, ten minutes apart.
func TestBreaker(t *testing.T) {
	begin := time.UnixMilli(1_800_000_000_000)
	for _, tt := range []struct {
		name    string
		batches [][]Result
		open    time.Duration // for how long it is open after the last; 0: closed
		count   int           // of failures
		reason  Reason
	}{
		{"nothing happened", nil, 0, 0, NoReason},
		{"two batches in a row", [][]Result{{down}, {down}}, 0, 2, Unavailable},
		{"three open it", [][]Result{{down}, {down}, {down}}, 5 * time.Second, 3, Unavailable},
		{"in a row", [][]Result{{down}, {down}, {{}}, {down}}, 0, 1, Unavailable},
		{"what says nothing does not interrupt", [][]Result{{down}, {busy}, {down}, {odd}, {down}}, 5 * time.Second, 3, Unavailable},
		{"a failed probe doubles", [][]Result{{down}, {down}, {down}, {down}}, 10 * time.Second, 4, Unavailable},
		{"and again", [][]Result{{down}, {down}, {down}, {down}, {down}}, 20 * time.Second, 5, Unavailable},
		{"up to five minutes", [][]Result{{down}, {down}, {down}, {down}, {down}, {down}, {down}, {down}, {down}, {down}, {down}}, 5 * time.Minute, 11, Unavailable},
		{"wrong settings at once", [][]Result{{wrongKey}}, 5 * time.Second, 1, Misconfigured},
		{"a probe that works closes it", [][]Result{{down}, {down}, {down}, {down, {}}}, 0, 0, NoReason},
		{"a probe that is refused closes it", [][]Result{{wrongKey}, {nobody}}, 0, 0, NoReason},
		{"a probe that says nothing leaves it", [][]Result{{wrongKey}, {odd}}, 5*time.Second - 10*time.Minute, 1, Misconfigured},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b, now := Breaker{Provider: "p", Channel: Email}, begin
			for i, results := range tt.batches {
				now = begin.Add(time.Duration(i) * 10 * time.Minute)
				b = b.after(examine(results), now)
			}
			if got := b.Open(); got != (tt.open != 0) || got && b.Until.Sub(now) != tt.open {
				t.Errorf("it is open until %v, want %v from now", b.Until.Sub(now), tt.open)
			}
			if b.Failures != tt.count || b.Reason != tt.reason || b.Provider != "p" || b.Channel != Email {
				t.Errorf("the breaker is %+v, want %d failures and %q", b, tt.count, tt.reason)
			}
			if tt.count > 0 && b.Since.Before(begin) {
				t.Errorf("it is broken since %v", b.Since)
			}
		})
	}
}

// TestWhatTheChannelHadBeforeIsNoProbe has eight batches fail in the moment in which the breaker opens.
func TestWhatTheChannelHadBeforeIsNoProbe(t *testing.T) {
	b, now := Breaker{Provider: "p", Channel: Email}, time.UnixMilli(1_800_000_000_000)
	for range 8 {
		b = b.after(examine([]Result{down}), now)
	}
	if b.Failures != breakAfter || b.Until.Sub(now) != breakFirst {
		t.Errorf("the breaker is %+v", b)
	}
}

func TestABreakerStaysAtItsLongestForMonths(t *testing.T) {
	b, now := Breaker{Failures: 100_000, Reason: Unavailable, Until: time.Unix(1, 0)}, time.Unix(2, 0)
	if got := b.after(examine([]Result{down}), now); got.Until.Sub(now) != breakLongest {
		t.Errorf("it is open for %v, want %v", got.Until.Sub(now), breakLongest)
	}
}

func TestWhyABreakerHolds(t *testing.T) {
	for reason, want := range map[Reason]Hold{Unavailable: HeldBreaker, Misconfigured: HeldBreaker, Refused: HeldReputation} {
		if got := (Breaker{Reason: reason}).hold(); got != want {
			t.Errorf("a breaker for %s holds because of %s, want %s", reason, got, want)
		}
	}
}
