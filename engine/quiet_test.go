package engine

import (
	"testing"
	"time"
)

func TestQuietHoursAreRead(t *testing.T) {
	const h = time.Hour
	for text, want := range map[string]Quiet{
		"":            {21 * h, 9 * h},
		"off":         {},
		"21:00-09:00": {21 * h, 9 * h},
		"00:00-08:30": {0, 8*h + 30*time.Minute},
		"23:59-00:00": {23*h + 59*time.Minute, 0},
		"13:00-15:00": {13 * h, 15 * h},
		"9:05-10:00":  {9*h + 5*time.Minute, 10 * h},
	} {
		if got, err := ParseQuiet(text); err != nil || got != want {
			t.Errorf("%q reads as %v (%v), want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"never", "Off", "21:00", "21-9", "21:00-", "-09:00", "21:00-21:00", "24:00-09:00", "21:60-09:00",
		"21:00–09:00", " 21:00-09:00", "21:00-09:00 ", "21:00-09:00-10:00", "21:00:30-09:00"} {
		if got, err := ParseQuiet(text); err == nil {
			t.Errorf("%q reads as %v, want an error", text, got)
		}
	}
}

func FuzzParseQuiet(f *testing.F) {
	for _, text := range []string{"", "off", "21:00-09:00", "00:00-23:59", "9:00-8:00", "x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQuiet(text)
		if err != nil || q == (Quiet{}) {
			return
		}
		if q.from == q.to || min(q.from, q.to) < 0 || max(q.from, q.to) >= 24*time.Hour {
			t.Fatalf("%q reads as %v", text, q)
		}
		// Whoever is left in peace now is written to when the quiet ends.
		for hour := range 24 {
			now := time.Date(2026, 11, 22, hour, 0, 0, 0, time.UTC)
			end := q.Ends(now, time.UTC)
			if !end.IsZero() && (!end.After(now) || end.Sub(now) > 24*time.Hour || !q.Ends(end, time.UTC).IsZero()) {
				t.Errorf("%q at %v ends at %v", text, now, end)
			}
		}
	})
}

func TestQuietEnds(t *testing.T) {
	night, noon, early := Quiet{21 * time.Hour, 9 * time.Hour}, Quiet{13 * time.Hour, 15 * time.Hour}, Quiet{0, 8 * time.Hour}
	for _, tt := range []struct {
		name  string
		quiet Quiet
		zone  string
		now   string // of the clock on the wall in the zone, or with an offset where that is ambiguous
		want  string // likewise; empty: no quiet reigns
	}{
		{"the evening before", night, "Europe/Moscow", "2026-11-22T20:59:59", ""},
		{"it begins", night, "Europe/Moscow", "2026-11-22T21:00:00", "2026-11-23T09:00:00"},
		{"before midnight", night, "Europe/Moscow", "2026-11-30T23:59:59", "2026-12-01T09:00:00"},
		{"at midnight", night, "Europe/Moscow", "2026-11-22T00:00:00", "2026-11-22T09:00:00"},
		{"the last moment", night, "Europe/Moscow", "2026-11-22T08:59:59", "2026-11-22T09:00:00"},
		{"it ends", night, "Europe/Moscow", "2026-11-22T09:00:00", ""},
		{"not over midnight: before", noon, "Asia/Vladivostok", "2026-11-22T12:59:59", ""},
		{"not over midnight: within", noon, "Asia/Vladivostok", "2026-11-22T13:00:00", "2026-11-22T15:00:00"},
		{"not over midnight: after", noon, "Asia/Vladivostok", "2026-11-22T15:00:00", ""},
		{"from midnight on", early, "Asia/Kamchatka", "2026-11-22T00:00:00", "2026-11-22T08:00:00"},
		{"the day before", early, "Asia/Kamchatka", "2026-11-21T23:59:59", ""},
		{"never", Quiet{}, "Europe/Moscow", "2026-11-22T03:00:00", ""},
		{"half an hour's zone", night, "Asia/Kolkata", "2026-11-22T21:15:00", "2026-11-23T09:00:00"},

		{"the clock is set forward: Berlin", night, "Europe/Berlin", "2026-03-28T22:00:00", "2026-03-29T09:00:00+02:00"},
		{"the clock is set back: Berlin", night, "Europe/Berlin", "2026-10-24T22:00:00", "2026-10-25T09:00:00+01:00"},
		{"the first of two hours at half past two", night, "Europe/Berlin", "2026-10-25T02:30:00+02:00", "2026-10-25T09:00:00+01:00"},
		{"the second of them", night, "Europe/Berlin", "2026-10-25T02:30:00+01:00", "2026-10-25T09:00:00+01:00"},
		{"the clock is set forward: New York", night, "America/New_York", "2026-03-07T23:00:00-05:00", "2026-03-08T09:00:00-04:00"},
		{"the clock is set back: New York", night, "America/New_York", "2026-10-31T23:00:00-04:00", "2026-11-01T09:00:00-05:00"},
		{"an end in the hour that is left out is later", Quiet{22 * time.Hour, 2*time.Hour + 30*time.Minute}, "Europe/Berlin",
			"2026-03-28T23:00:00", "2026-03-29T03:30:00+02:00"},
		{"an end in the hour that is left out, of the day itself", Quiet{time.Hour, 2*time.Hour + 30*time.Minute}, "America/New_York",
			"2026-03-08T01:30:00", "2026-03-08T03:30:00-04:00"},
		{"an end in the hour that comes twice", Quiet{21 * time.Hour, 90 * time.Minute}, "America/New_York",
			"2026-10-31T22:00:00-04:00", "2026-11-01T01:30:00-04:00"},
		{"an end in its second time", Quiet{21 * time.Hour, 90 * time.Minute}, "America/New_York",
			"2026-11-01T01:10:00-05:00", "2026-11-01T01:30:00-05:00"},
		{"where the clock is set at midnight", Quiet{21 * time.Hour, 30 * time.Minute}, "America/Havana",
			"2026-03-07T23:00:00", "2026-03-08T01:30:00-04:00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			now, got := clock(t, tt.now, zone), time.Time{}
			// The same moment told in another zone changes nothing.
			for _, at := range []time.Time{now, now.UTC()} {
				if got = tt.quiet.Ends(at, zone); !got.Equal(clock(t, tt.want, zone)) {
					t.Errorf("the quiet ends at %v, want %q", got, tt.want)
				}
			}
			if !got.IsZero() && !tt.quiet.Ends(got, zone).IsZero() {
				t.Errorf("when it ends at %v it is still quiet", got)
			}
		})
	}
}

// clock reads a time with or without an offset; empty is the zero time.
func clock(t *testing.T, text string, zone *time.Location) time.Time {
	t.Helper()
	if text == "" {
		return time.Time{}
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at
	}
	at, err := time.ParseInLocation("2006-01-02T15:04:05", text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestWhereItIsQuiet(t *testing.T) {
	usual, noon := Quiet{21 * time.Hour, 9 * time.Hour}, Quiet{13 * time.Hour, 15 * time.Hour}
	for _, tt := range []struct {
		name    string
		setting string
		kind    Kind
		urgent  bool
		channel ChannelName
		want    Quiet
	}{
		{"a bill in VK", "", KindBill, false, VK, usual},
		{"an outage in a house chat", "", KindOutage, false, HouseChat, usual},
		{"a bill by e-mail", "", KindBill, false, Email, Quiet{}},
		{"a bill in the cabinet", "", KindBill, false, Gosuslugi, Quiet{}},
		{"a debt on paper", "", KindDebt, false, Paper, Quiet{}},
		{"an ad by e-mail", "", KindAd, false, Email, usual},
		{"an ad in the cabinet", "", KindAd, false, Gosuslugi, usual},
		{"an urgent outage in VK", "", KindOutage, true, VK, Quiet{}},
		{"an urgent outage in a house chat", "", KindOutage, true, HouseChat, Quiet{}},
		{"urgency is for outages alone", "", KindAd, true, VK, usual},
		{"the provider's own", "13:00-15:00", KindBill, false, VK, noon},
		{"the provider's own by e-mail", "13:00-15:00", KindBill, false, Email, Quiet{}},
		{"off", "off", KindAd, false, VK, Quiet{}},
		{"what cannot be read", "at night", KindBill, false, VK, usual},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := Provider{Settings: map[string]string{SettingQuiet: tt.setting}}
			if got := quietFor(Campaign{Kind: tt.kind, Urgent: tt.urgent}, p, tt.channel); got != tt.want {
				t.Errorf("quiet is %v, want %v", got, tt.want)
			}
		})
	}
}
