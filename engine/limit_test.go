package engine

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 20, 33, 500_000_000, time.UTC)
	at := func(clock string) time.Time { return must(time.Parse(time.DateTime, "2026-11-"+clock)) }
	for _, tt := range []struct {
		name            string
		campaign        Campaign
		zone            string
		settings        map[string]string
		channel, sender Limits
		want            []limit
	}{
		{name: "nothing is bounded"},
		{
			name: "a day ends at the provider's midnight", zone: "Asia/Vladivostok", settings: map[string]string{SettingPerDay: "100"},
			want: []limit{{"day/p", 100, at("22 14:00:00"), HeldQuota}},
		},
		{
			name: "a day without a zone is that of Greenwich", settings: map[string]string{SettingPerDay: "100"},
			want: []limit{{"day/p", 100, at("23 00:00:00"), HeldQuota}},
		},
		{
			name: "minutes are those of the clock", settings: map[string]string{SettingPerMinute: "60"},
			want: []limit{{"minute/p", 60, at("22 10:21:00"), HeldQuota}},
		},
		{
			name: "an urgent one is exempt from quotas, and from no rate", campaign: Campaign{Urgent: true},
			settings: map[string]string{SettingPerMinute: "60", SettingPerDay: "100"}, channel: Limits{PerSecond: 496},
			want: []limit{{"rate/email", 496, at("22 10:20:34"), HeldPace}},
		},
		{
			name: "the wide come first", channel: Limits{PerSecond: 1000}, sender: Limits{PerSecond: 100},
			settings: map[string]string{SettingPerMinute: "60", SettingPerDay: "100"},
			want: []limit{
				{"day/p", 100, at("23 00:00:00"), HeldQuota}, {"minute/p", 60, at("22 10:21:00"), HeldQuota},
				{"rate/email", 1000, at("22 10:20:34"), HeldPace}, {"rate/email/p", 500, at("22 10:20:35"), HeldPace},
			},
		},
		{
			name: "the provider's rate is its own", settings: map[string]string{"email.per_second": "10", "vk.per_second": "1"},
			want: []limit{{"rate/email/p", 100, at("22 10:20:40"), HeldPace}},
		},
		{
			name: "and outdoes what the channel says of each sender", settings: map[string]string{"email.per_second": "496"}, sender: Limits{PerSecond: 3},
			want: []limit{{"rate/email/p", 496, at("22 10:20:34"), HeldPace}},
		},
		{name: "what is no number bounds nothing", settings: map[string]string{SettingPerDay: "many", SettingPerMinute: "-1", "email.per_second": "0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := Provider{ID: "p", Timezone: tt.zone, Settings: tt.settings}
			got := limitsOf(tt.campaign, p, Email, tt.channel, tt.sender, now)
			if !slices.EqualFunc(got, tt.want, func(a, b limit) bool {
				return a.name == b.name && a.count == b.count && a.hold == b.hold && a.end.Equal(b.end)
			}) {
				t.Errorf("limits\n%v, want\n%v", got, tt.want)
			}
		})
	}
}

// TestADayIsAsLongAsItIs: on the days when the clock is set, a day's quota is for 23 or 25 hours.
func TestADayIsAsLongAsItIs(t *testing.T) {
	p := Provider{ID: "p", Timezone: "Europe/Berlin", Settings: map[string]string{SettingPerDay: "100"}}
	zone := must(time.LoadLocation(p.Timezone))
	for day, hours := range map[time.Time]int{
		time.Date(2026, 3, 29, 0, 0, 0, 0, zone):  23,
		time.Date(2026, 10, 25, 0, 0, 0, 0, zone): 25,
		time.Date(2026, 12, 31, 0, 0, 0, 0, zone): 24,
	} {
		got := limitsOf(Campaign{}, p, Email, Limits{}, Limits{}, day)
		if length := got[0].end.Sub(day); length != time.Duration(hours)*time.Hour {
			t.Errorf("the quota of %v is for %v, want %d hours", day, length, hours)
		}
		last := limitsOf(Campaign{}, p, Email, Limits{}, Limits{}, got[0].end.Add(-time.Nanosecond))
		next := limitsOf(Campaign{}, p, Email, Limits{}, Limits{}, got[0].end)
		if !last[0].end.Equal(got[0].end) || !next[0].end.After(got[0].end) {
			t.Errorf("around midnight the quota ends at %v and %v, want %v and a day later", last[0].end, next[0].end, got[0].end)
		}
	}
}

func TestARateIsCountedInWindowsThatFitABatch(t *testing.T) {
	for perSecond, seconds := range map[int]int{1: 10, 10: 10, 49: 10, 50: 10, 100: 5, 248: 2, 495: 2, 496: 1, 10_000: 1} {
		now := time.Unix(1_800_000_007, 1)
		got := rate("r", perSecond, now)
		if got.count != perSecond*seconds {
			t.Errorf("%d a second are %d in %d seconds", perSecond, got.count, seconds)
		}
		if left := got.end.Sub(now); left <= 0 || left > time.Duration(seconds)*time.Second {
			t.Errorf("the window of %d a second ends in %v", perSecond, left)
		}
	}
}

func TestRooms(t *testing.T) {
	with := func(concurrent string) Provider {
		return Provider{ID: "p", Settings: map[string]string{"email.concurrent": concurrent}}
	}
	for _, tt := range []struct {
		name            string
		provider        Provider
		channel, sender Limits
		want            []room
	}{
		{"no bounds", with(""), Limits{}, Limits{}, nil},
		{"of the channel", with(""), Limits{Concurrent: 8}, Limits{}, []room{{"room/email", 8}}},
		{"of each sender", with(""), Limits{}, Limits{Concurrent: 2}, []room{{"room/email/p", 2}}},
		{"of the provider", with("3"), Limits{Concurrent: 8}, Limits{Concurrent: 2}, []room{{"room/email", 8}, {"room/email/p", 3}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := roomsOf(tt.provider, Email, tt.channel, tt.sender); !slices.Equal(got, tt.want) {
				t.Errorf("rooms %v, want %v", got, tt.want)
			}
		})
	}
}

func TestFrequenciesAreRead(t *testing.T) {
	for text, want := range map[string][2]int{"": {0, 0}, "2/7d": {2, 7}, "1/1d": {1, 1}, "100/31d": {100, 31}, "2/7": {2, 7}} {
		if most, days, err := ParseFrequency(text); err != nil || [2]int{most, days} != want {
			t.Errorf("%q reads as %d in %d days (%v), want %v", text, most, days, err, want)
		}
	}
	for _, text := range []string{"2", "2d", "/7d", "2/", "0/7d", "2/0d", "-1/7d", "2/32d", "2/7w", "2/7dd", "two/7d", "2/7d/1", " 2/7d"} {
		if most, days, err := ParseFrequency(text); err == nil || most != 0 || days != 0 {
			t.Errorf("%q reads as %d in %d days (%v), want an error", text, most, days, err)
		}
	}
}

func FuzzParseFrequency(f *testing.F) {
	for _, text := range []string{"", "2/7d", "1/31d", "0/1d", "x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		most, days, err := ParseFrequency(text)
		if err != nil || text == "" {
			return
		}
		if most < 1 || days < 1 || days > 31 {
			t.Fatalf("%q reads as %d in %d days", text, most, days)
		}
		if m, d, err := ParseFrequency(fmt.Sprintf("%d/%dd", most, days)); err != nil || m != most || d != days {
			t.Errorf("%q reads as %d in %d days, which reads as %d in %d (%v)", text, most, days, m, d, err)
		}
	})
}
