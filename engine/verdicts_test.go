package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestVerdicts says what becomes of what has to wait, of messages that are answered later, shared, or received at once. The lane is
// gosuslugi (48h until the step's goal) → email, and both can reach the recipient.
func TestVerdicts(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	send := Batch{Phase: Sending}
	ask := Batch{Phase: Confirming, Receipt: "r1", Polls: 2}
	for _, tt := range []struct {
		name    string
		batch   Batch // at the first step, where it came an hour ago
		goal    Fact
		expires time.Duration // of the campaign, from now; 0: never
		verdict verdict
		want    State // zero: unchanged
		next    string
		facts   string
	}{
		{
			name: "held until its time", batch: send, verdict: verdict{what: held, hold: HeldShared, due: now.Add(5 * time.Second)},
			next: "0 send shared +5s since -59m55s",
		},
		{
			name: "held by a quota it has all its time to be tried", batch: send, verdict: verdict{what: held, hold: HeldQuota, due: now.Add(96 * time.Hour)},
			next: "0 send quota +96h0m0s since +95h0m0s",
		},
		{
			name: "held by a breaker it has not", batch: send, verdict: verdict{what: held, hold: HeldBreaker, due: now.Add(5 * time.Second)},
			next: "0 send breaker +5s since -1h0m0s",
		},
		{
			name: "held it keeps its tries", batch: Batch{Phase: Sending, Try: 5}, verdict: verdict{what: held, hold: HeldReputation, due: now.Add(time.Hour)},
			next: "0 send try 5 reputation +1h0m0s since -1h0m0s",
		},
		{
			name: "handed is asked about in ten seconds", batch: send, verdict: verdict{what: handed, receipt: "r1"},
			next: `0 conf "r1" +10s since -1h0m0s`,
		},
		{
			name: "or when the channel says", batch: Batch{Phase: Sending, Try: 3}, verdict: verdict{what: handed, receipt: "r1", pause: time.Minute},
			next: `0 conf try 3 "r1" +1m0s since -1h0m0s`,
		},
		{
			name: "not known yet: asked once more", batch: ask, verdict: verdict{what: handed, receipt: "r2", pause: time.Minute},
			next: `0 conf polls 3 "r2" +1m0s since -1h0m0s`,
		},
		{
			name: "confirmed it waits for its goal", batch: ask, goal: Opened, verdict: verdict{what: taken},
			want: State{Outcome: InFlight, Channel: Gosuslugi}, next: "0 wait +48h0m0s since +0s", facts: "sent",
		},
		{
			name: "refused after all it goes on", batch: ask, verdict: verdict{what: failed, fault: &Fault{Reason: Refused, Code: "INT"}},
			want: State{Outcome: InFlight, Channel: Gosuslugi, Reason: Refused, Step: 1}, next: "1 send +0s since +0s", facts: "failed refused INT",
		},
		{
			name: "failed for now it is sent again", batch: Batch{Phase: Confirming, Receipt: "r1", Polls: 2, Try: 1},
			verdict: verdict{what: failed, fault: &Fault{Reason: Unavailable, Code: "503"}},
			next:    "0 send try 2 retry +1m0s since -1h0m0s", facts: "deferred unavailable 503",
		},
		{
			name: "covered", batch: send, goal: Opened, verdict: verdict{what: taken, covered: true},
			want: State{Outcome: InFlight, Channel: Gosuslugi}, next: "0 wait +48h0m0s since +0s", facts: "sent  covered",
		},
		{
			name: "received", batch: send, goal: Opened, verdict: verdict{what: taken, received: true},
			want: State{Outcome: InFlight, Channel: Gosuslugi}, next: "0 wait +48h0m0s since +0s", facts: "received, sent",
		},
		{
			name: "received is the goal", batch: ask, goal: Received, verdict: verdict{what: taken, received: true},
			want: State{Outcome: Delivered, Channel: Gosuslugi}, facts: "received, sent",
		},
		{
			name: "taken does not meet it", batch: send, goal: Received, verdict: verdict{what: taken},
			want: State{Outcome: InFlight, Channel: Gosuslugi}, next: "0 wait +48h0m0s since +0s", facts: "sent",
		},
		{
			name: "sent is the goal", batch: send, goal: Sent, verdict: verdict{what: taken},
			want: State{Outcome: Delivered, Channel: Gosuslugi}, facts: "sent",
		},
		{
			name: "no wait outlasts the campaign", batch: send, goal: Opened, expires: time.Hour, verdict: verdict{what: taken},
			want: State{Outcome: InFlight, Channel: Gosuslugi}, next: "0 wait +1h0m0s since +0s", facts: "sent",
		},
		{
			name: "nor does a hold", batch: send, expires: time.Hour, verdict: verdict{what: held, hold: HeldQuiet, due: now.Add(9 * time.Hour)},
			next: "0 send quiet +1h0m0s since +8h0m0s",
		},
		{
			name: "nor a question", batch: send, expires: time.Second, verdict: verdict{what: handed},
			next: "0 conf +1s since -1h0m0s",
		},
		{
			name: "after it, the channel is still asked in peace", batch: ask, expires: -time.Hour, verdict: verdict{what: handed, receipt: "r1"},
			next: `0 conf polls 3 "r1" +10s since -1h0m0s`,
		},
		{
			name: "after the Limit a temporary fault is the last", batch: Batch{Phase: Sending, Since: now.Add(-72 * time.Hour)},
			verdict: verdict{what: failed, fault: &Fault{Reason: Throttled, Code: "421"}},
			want:    State{Outcome: InFlight, Channel: Gosuslugi, Reason: Throttled, Step: 1}, next: "1 send +0s since +0s", facts: "failed throttled 421",
		},
		{
			name: "a rule passes over this step only", batch: send, verdict: verdict{what: skipped, reason: NoConsent},
			want: State{Outcome: InFlight, Reason: NoConsent, Step: 1}, next: "1 send +0s since +0s",
		},
		{
			name: "expired before anything was taken", batch: send, verdict: verdict{what: ended, outcome: Expired},
			want: State{Outcome: Expired},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.batch
			if b.Since.IsZero() {
				b.Since = now.Add(-time.Hour)
			}
			b.Members.Add(3)
			p := plan{batch: b, now: now, jitter: 1, barrier: only(Gosuslugi, Email),
				lane: Lane{{Channel: Gosuslugi, Wait: Wait(48 * time.Hour), Until: Goals{tt.goal}}, {Channel: Email}}}
			if tt.expires != 0 {
				p.expires = now.Add(tt.expires)
			}
			p.make(slices.Repeat([]State{{Outcome: InFlight}}, ChunkSize), append(make([]verdict, 3), tt.verdict))
			var got State
			if len(p.settlement.States) > 0 {
				got = p.settlement.States[0].State
			}
			if got != tt.want {
				t.Errorf("state %+v, want %+v", got, tt.want)
			}
			if got := describeBatches(p.settlement.Next, now); got != tt.next {
				t.Errorf("next is %s, want %s", got, tt.next)
			}
			if got := describeFacts(p.entries(Campaign{})); got != tt.facts {
				t.Errorf("facts are %q, want %q", got, tt.facts)
			}
		})
	}
}

// describeBatches tells all of a batch but its members, leaving out what is zero.
func describeBatches(batches []Batch, now time.Time) string {
	var list []string
	sign := func(d time.Duration) string {
		if d < 0 {
			return d.String()
		}
		return "+" + d.String()
	}
	for _, b := range batches {
		words := []string{fmt.Sprint(b.Step), string(b.Phase)}
		if b.Try > 0 {
			words = append(words, fmt.Sprint("try ", b.Try))
		}
		if b.Polls > 0 {
			words = append(words, fmt.Sprint("polls ", b.Polls))
		}
		if b.Hold != NoHold {
			words = append(words, string(b.Hold))
		}
		if b.Receipt != "" {
			words = append(words, fmt.Sprintf("%q", b.Receipt))
		}
		words = append(words, sign(b.Due.Sub(now)), "since", sign(b.Since.Sub(now)))
		list = append(list, strings.Join(words, " "))
	}
	return strings.Join(list, ", ")
}

// TestMembersThatFareAlikeStayTogether: what becomes of a batch is few batches, however many members it has.
func TestMembersThatFareAlikeStayTogether(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	p := plan{batch: Batch{Phase: Sending, Since: now, Members: FirstMembers(ChunkSize)}, now: now, jitter: 0.3, barrier: only(Email, VK),
		lane: Lane{{Channel: Email}, {Channel: VK}}}
	verdicts := make([]verdict, ChunkSize)
	for i := range verdicts {
		verdicts[i] = []verdict{
			{what: taken},
			{what: failed, fault: &Fault{Reason: BadAddress, Code: fmt.Sprint(i)}},
			{what: failed, fault: &Fault{Reason: Unavailable, Code: fmt.Sprint(i)}},
			{what: handed, receipt: "together"},
			{what: held, hold: HeldQuiet, due: now.Add(time.Hour)},
		}[i%5]
	}
	p.make(slices.Repeat([]State{{Outcome: InFlight}}, ChunkSize), verdicts)
	if n := len(p.settlement.Next); n != 4 {
		t.Errorf("they go on in %d batches, want 4: to VK, retried, to be confirmed, held", n)
	}
	ids, members := map[string]bool{}, 0
	for _, b := range p.settlement.Next {
		ids[b.ID()] = true
		members += b.Members.Count()
	}
	if len(ids) != 4 || members+(ChunkSize+4)/5 != ChunkSize {
		t.Errorf("%d of %d members go on in batches %v", members, ChunkSize, ids)
	}
}

func TestStranded(t *testing.T) {
	lane := Lane{
		{Channel: Gosuslugi, Wait: Wait(time.Hour), Until: Goals{Opened}},
		{Channel: Email, Wait: Wait(time.Hour), Until: Goals{Opened}},
		{Channel: VK},
	}
	now := time.UnixMilli(1_800_000_000_000)
	for _, tt := range []struct {
		name  string
		state State
		want  string
	}{
		{"never sent", State{Outcome: InFlight}, "0 send +0s since +0s"},
		{"taken and waits", State{Outcome: InFlight, Channel: Gosuslugi}, "0 wait +0s since +0s"},
		{"taken and on the way to the next", State{Outcome: InFlight, Channel: Gosuslugi, Step: 1}, "1 send +0s since +0s"},
		{"failed and on the way to the next", State{Outcome: InFlight, Channel: Gosuslugi, Reason: Refused, Step: 1}, "1 send +0s since +0s"},
		{"waits at the second", State{Outcome: InFlight, Channel: Email, Step: 1}, "1 wait +0s since +0s"},
		{"returned and on the way to the last", State{Outcome: InFlight, Channel: Email, Reason: BadAddress, Step: 2}, "2 send +0s since +0s"},
		{"at its end", State{Outcome: Delivered, Channel: VK, Step: 2}, ""},
		{"suppressed", State{Outcome: Suppressed, Reason: Opted}, ""},
		{"at a step that is not there", State{Outcome: InFlight, Step: 3}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			others := State{Outcome: Delivered, Channel: Email}
			list := stranded(lane, 7, 1, []State{others, tt.state, others}, now)
			if got := describeBatches(list, now); got != tt.want {
				t.Errorf("it is put back as %q, want %q", got, tt.want)
			}
			for _, b := range list {
				if b.Chunk != 7 || b.Lane != 1 || b.Members.Count() != 1 || !b.Members.Has(1) {
					t.Errorf("it is put back as %+v", b)
				}
			}
		})
	}
}
