package engine

import (
	"testing"
	"time"
)

func TestStanding(t *testing.T) {
	for _, tt := range []struct {
		name                      string
		sent, bounced, complained int64
		want                      Verdict
	}{
		{"nothing yet", 0, 0, 0, StandingGood},
		{"too few to judge", 999, 999, 999, StandingGood},
		{"a clean list", 1000, 49, 2, StandingGood},
		{"5 % bounced", 1000, 50, 0, StandingWarned},
		{"just under 10 %", 1000, 99, 0, StandingWarned},
		{"10 % bounced", 1000, 100, 0, StandingStopped},
		{"just under 0.3 % complained", 100_000, 0, 299, StandingGood},
		{"0.3 % complained", 1000, 0, 3, StandingStopped},
		{"0.3 % of very many", 1_000_000, 0, 3000, StandingStopped},
		{"both, the worse counts", 1000, 60, 3, StandingStopped},
		{"bounces of what was sent before", 1000, 2000, 0, StandingStopped},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := judgeStanding(tt.sent, tt.bounced, tt.complained); got != tt.want {
				t.Errorf("%d bounced and %d complained of %d: %s, want %s", tt.bounced, tt.complained, tt.sent, got, tt.want)
			}
		})
	}
}

func TestAStoppedSenderWaitsAnHour(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	first := stopped(Breaker{Provider: "p", Channel: Email, Failures: 7, Reason: Unavailable, Code: "451", Since: now.Add(-time.Minute)}, now)
	want := Breaker{Provider: "p", Channel: Email, Failures: 7, Reason: Refused, Code: "reputation", Since: now, Until: now.Add(time.Hour)}
	if first != want || !first.Open() {
		t.Errorf("stopped is %+v, want %+v", first, want)
	}
	later := now.Add(time.Hour)
	if again := stopped(first, later); again.Since != now || again.Until != later.Add(time.Hour) {
		t.Errorf("stopped again is %+v, want it to be since the first time", again)
	}
	if none := stopped(Breaker{}, now); none.Failures == 0 {
		t.Error("a breaker without failures would be forgotten")
	}
}
