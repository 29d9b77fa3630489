package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestPlan says for one recipient what each verdict leads to. The lane is gosuslugi (48h until opened) → email (72h until paid) → vk.
func TestPlan(t *testing.T) {
	lane := Lane{
		{Channel: Gosuslugi, Wait: Wait(48 * time.Hour), Until: Goals{Opened}},
		{Channel: Email, Wait: Wait(72 * time.Hour), Until: Goals{Paid}},
		{Channel: VK},
	}
	everywhere := []ChannelName{Gosuslugi, Email, VK}
	for _, tt := range []struct {
		name    string
		step    int
		phase   Phase
		try     int
		state   State
		reaches []ChannelName
		verdict verdict
		want    State
		next    string // step phase try, and after how long
		facts   string
	}{
		{
			name: "taken with steps to come waits for the goal", phase: Sending, reaches: everywhere,
			verdict: verdict{what: taken},
			want:    State{Outcome: InFlight, Channel: Gosuslugi}, next: "0 wait 0 +48h0m0s", facts: "sent",
		},
		{
			name: "taken with no step that could follow is delivered", phase: Sending, reaches: []ChannelName{Gosuslugi},
			verdict: verdict{what: taken},
			want:    State{Outcome: Delivered, Channel: Gosuslugi}, facts: "sent",
		},
		{
			name: "taken at the last step is delivered", step: 2, phase: Sending, reaches: everywhere,
			state:   State{Outcome: InFlight, Channel: Email, Step: 2},
			verdict: verdict{what: taken},
			want:    State{Outcome: Delivered, Channel: VK, Step: 2}, facts: "sent",
		},
		{
			name: "a wait that ends without the goal goes on", phase: Waiting, reaches: everywhere,
			state:   State{Outcome: InFlight, Channel: Gosuslugi},
			verdict: verdict{what: skipped},
			want:    State{Outcome: InFlight, Channel: Gosuslugi, Step: 1}, next: "1 send 0 +0s",
		},
		{
			name: "a goal that is met ends what was taken as delivered", phase: Waiting, reaches: everywhere,
			state:   State{Outcome: InFlight, Channel: Gosuslugi},
			verdict: verdict{what: ended, outcome: Suppressed, reason: GoalMet},
			want:    State{Outcome: Delivered, Channel: Gosuslugi},
		},
		{
			name: "a goal that is met before anything was sent suppresses", phase: Sending, reaches: everywhere,
			verdict: verdict{what: ended, outcome: Suppressed, reason: GoalMet},
			want:    State{Outcome: Suppressed, Reason: GoalMet},
		},
		{
			name: "a temporary fault is tried again", phase: Sending, reaches: everywhere,
			verdict: verdict{what: failed, fault: &Fault{Reason: Unavailable, Code: "451"}},
			next:    "0 send 1 +30s", facts: "deferred unavailable 451",
		},
		{
			name: "the last temporary fault goes on", phase: Sending, try: 7, reaches: everywhere,
			verdict: verdict{what: failed, fault: &Fault{Reason: Unavailable, Code: "451"}},
			want:    State{Outcome: InFlight, Channel: Gosuslugi, Reason: Unavailable, Step: 1}, next: "1 send 0 +0s", facts: "failed unavailable 451",
		},
		{
			name: "a final fault goes on past who cannot be reached", phase: Sending, reaches: []ChannelName{Gosuslugi, VK},
			verdict: verdict{what: failed, fault: &Fault{Reason: Refused, Code: "X"}},
			want:    State{Outcome: InFlight, Channel: Gosuslugi, Reason: Refused, Step: 2}, next: "2 send 0 +0s", facts: "failed refused X",
		},
		{
			name: "a final fault at the end is undelivered", step: 2, phase: Sending, reaches: everywhere,
			state:   State{Outcome: InFlight, Step: 2},
			verdict: verdict{what: failed, fault: &Fault{Reason: BadAddress, Code: "901"}},
			want:    State{Outcome: Undelivered, Channel: VK, Reason: BadAddress, Step: 2}, facts: "failed bad_address 901",
		},
		{
			name: "a final fault after something was taken is delivered by that", step: 2, phase: Sending, reaches: everywhere,
			state:   State{Outcome: InFlight, Channel: Email, Step: 2},
			verdict: verdict{what: failed, fault: &Fault{Reason: BadAddress, Code: "901"}},
			want:    State{Outcome: Delivered, Channel: Email, Step: 2}, facts: "failed bad_address 901",
		},
		{
			name: "nobody to reach is undelivered", step: 2, phase: Sending,
			state:   State{Outcome: InFlight, Step: 2},
			verdict: verdict{what: skipped},
			want:    State{Outcome: Undelivered, Reason: NoAddress, Step: 2},
		},
		{
			name: "a rule that forbids every step suppresses", step: 2, phase: Sending,
			state:   State{Outcome: InFlight, Step: 2},
			verdict: verdict{what: skipped, reason: Opted},
			want:    State{Outcome: Suppressed, Reason: Opted, Step: 2},
		},
		{
			name: "a rule at the end does not hide an earlier failure", step: 2, phase: Sending,
			state:   State{Outcome: InFlight, Channel: Email, Reason: BadAddress, Step: 2},
			verdict: verdict{what: skipped, reason: Opted},
			want:    State{Outcome: Undelivered, Channel: Email, Reason: BadAddress, Step: 2},
		},
		{
			name: "cancelled", phase: Sending, reaches: everywhere,
			verdict: verdict{what: ended, outcome: Cancelled},
			want:    State{Outcome: Cancelled},
		},
		{
			name: "again is put back unchanged", phase: Sending, try: 3, reaches: everywhere,
			verdict: verdict{},
			next:    "0 send 3 +0s",
		},
		{
			name: "who was moved on meanwhile is left alone", phase: Sending, reaches: everywhere,
			state:   State{Outcome: Undelivered, Channel: Email, Reason: BadAddress, Step: 2},
			verdict: verdict{what: taken},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := time.UnixMilli(1_800_000_000_000)
			b := Batch{Step: tt.step, Phase: tt.phase, Try: tt.try, Since: now, Due: now}
			b.Members.Add(3)
			p := plan{batch: b, lane: lane, now: now, jitter: 1, barrier: only(tt.reaches...)}
			if tt.state.Outcome == "" {
				tt.state.Outcome = InFlight
			}
			p.make(slices.Repeat([]State{tt.state}, ChunkSize), append(make([]verdict, 3), tt.verdict))

			var got State
			if len(p.settlement.States) > 0 {
				got = p.settlement.States[0].State
				if was := p.settlement.States[0].Was; was != tt.state {
					t.Errorf("the change is from %+v, want from %+v", was, tt.state)
				}
			}
			if tt.want.Outcome == "" && len(p.settlement.States) > 0 || tt.want.Outcome != "" && got != tt.want {
				t.Errorf("state %+v, want %+v", got, tt.want)
			}
			if got := describeNext(p.settlement.Next, now); got != tt.next {
				t.Errorf("next is %q, want %q", got, tt.next)
			}
			if got := describeFacts(p.entries(Campaign{})); got != tt.facts {
				t.Errorf("facts are %q, want %q", got, tt.facts)
			}
		})
	}
}

func describeNext(next []Batch, now time.Time) string {
	var s []string
	for _, b := range next {
		s = append(s, fmt.Sprintf("%d %s %d +%v", b.Step, b.Phase, b.Try, b.Due.Sub(now)))
	}
	return strings.Join(s, ", ")
}

func describeFacts(entries []Entry) string {
	var s []string
	for _, e := range entries {
		s = append(s, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Fact, e.Reason, e.Code)))
	}
	return strings.Join(s, ", ")
}

func TestGiveBack(t *testing.T) {
	lane := Lane{{Channel: Gosuslugi, Wait: Wait(time.Hour), Until: Goals{Opened}}, {Channel: Email}}
	for _, tt := range []struct {
		name  string
		state State
		reach bool
		want  State
		next  string
	}{
		{
			"delivered goes on to the next step", State{Outcome: Delivered, Channel: Gosuslugi}, true,
			State{Outcome: InFlight, Channel: Gosuslugi, Reason: BadAddress, Step: 1}, "1 send 0 +0s",
		},
		{
			"waiting goes on at once", State{Outcome: InFlight, Channel: Gosuslugi}, true,
			State{Outcome: InFlight, Channel: Gosuslugi, Reason: BadAddress, Step: 1}, "1 send 0 +0s",
		},
		{
			"delivered with no step left is undelivered", State{Outcome: Delivered, Channel: Email, Step: 1}, true,
			State{Outcome: Undelivered, Channel: Email, Reason: BadAddress, Step: 1}, "",
		},
		{
			"on the way to a later step only the claim is lost", State{Outcome: InFlight, Channel: Gosuslugi, Step: 1}, true,
			State{Outcome: InFlight, Channel: Gosuslugi, Reason: BadAddress, Step: 1}, "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			now := time.UnixMilli(1_800_000_000_000)
			p := plan{batch: Batch{Step: int(tt.state.Step)}, lane: lane, now: now, barrier: only()}
			if tt.reach {
				p.barrier = only(Gosuslugi, Email, VK)
			}
			p.giveBack(0, tt.state, BadAddress)
			if got := p.settlement.States; len(got) != 1 || got[0].State != tt.want || got[0].Was != tt.state {
				t.Errorf("states %+v, want %+v", got, tt.want)
			}
			if got := describeNext(p.settlement.Next, now); got != tt.next {
				t.Errorf("next is %q, want %q", got, tt.next)
			}
		})
	}
}

// only is the barrier of somebody who can be reached over some channels.
func only(channels ...ChannelName) func(int, Step) Reason {
	return func(_ int, s Step) Reason {
		if slices.Contains(channels, s.Channel) {
			return NoReason
		}
		return NoAddress
	}
}
