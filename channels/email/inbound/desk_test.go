package inbound

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// office is a desk on stores in memory, with one campaign of the provider "p", and what was observed and counted at it.
type office struct {
	*testing.T
	desk     *Desk
	campaign engine.CampaignID
	log      *bytes.Buffer

	mu       sync.Mutex
	seen     []engine.Observation
	counted  map[Class]int
	trouble  error // what Observe answers
	registry engine.Registry
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{T: t, campaign: engine.CampaignID(engine.NewID()), counted: map[Class]int{}, log: &bytes.Buffer{}}
	o.registry = enginetest.NewMemory().Stores().Registry
	if err := o.registry.AddCampaign(t.Context(), engine.Campaign{ID: o.campaign, Provider: "p"}); err != nil {
		t.Fatal(err)
	}
	o.desk = New(Config{Tokens: engine.NewTokens([]byte("secret")), Registry: o.registry, Observe: o.observe, Count: o.count,
		Log: slog.New(slog.NewTextHandler(o.log, nil))})
	return o
}

func (o *office) observe(_ context.Context, list ...engine.Observation) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.trouble == nil {
		o.seen = append(o.seen, list...)
	}
	return o.trouble
}

// fail has every further observation answered by err.
func (o *office) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.trouble = err
}

// counts is how many messages of each class there were.
func (o *office) counts() map[Class]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.counted)
}

func (o *office) count(c Class) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.counted[c]++
}

// observed takes what was observed since the last call.
func (o *office) observed() []engine.Observation {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := o.seen
	o.seen = nil
	return list
}

// letter is the name of the letter to recipient n of a campaign.
func (o *office) letter(id engine.CampaignID, n engine.Ordinal) string {
	o.Helper()
	name, err := o.desk.Tokens.Name(engine.Pass{Act: engine.ActReturn, Campaign: id, Ordinal: n, Channel: engine.Email, Step: 1})
	if err != nil {
		o.Fatal(err)
	}
	return name
}

// mail is a sample about the letter of a name.
func (o *office) mail(file, about string) []byte {
	return bytes.ReplaceAll(sample(o, file+".eml"), []byte(name), []byte(about))
}

func TestEverySampleBecomesWhatItSays(t *testing.T) {
	o := newOffice(t)
	about := o.letter(o.campaign, 7)
	for _, file := range samples(t) {
		file = strings.TrimSuffix(file, ".eml")
		for _, to := range []string{"b+" + about + "@bounces.example", "B+" + strings.ToUpper(about) + "@ELSEWHERE.EXAMPLE", ""} {
			if to == "" && file == "garbage.unknown" {
				continue // it says nothing of any letter
			}
			want := classOf(file + ".eml")
			class, err := o.desk.Take(t.Context(), Mail{To: to, Raw: o.mail(file, about)})
			if err != nil || class != want {
				t.Errorf("%s to %q amounts to %s, %v", file, to, class, err)
			}
			list := o.observed()
			fact, acts := want.fact()
			if acts != (len(list) == 1) {
				t.Errorf("%s: observed %+v", file, list)
				continue
			}
			if acts {
				if got := list[0]; got.Campaign != o.campaign || got.Ordinal != 7 || got.Channel != engine.Email || got.Fact != fact || got.At.IsZero() {
					t.Errorf("%s: observed %+v", file, got)
				}
			}
		}
	}
	if o.log.Len() > 0 {
		t.Errorf("logged:\n%s", o.log)
	}
}

// TestWhoSpeaksOfWhichLetter crosses the letters a report comes to, speaks of, and may speak of.
func TestWhoSpeaksOfWhichLetter(t *testing.T) {
	o := newOffice(t)
	mine, other := o.letter(o.campaign, 1), o.letter(o.campaign, 2)
	foreign, err := engine.NewTokens([]byte("another installation")).Name(engine.Pass{Act: engine.ActReturn, Campaign: o.campaign, Ordinal: 1, Channel: engine.Email})
	if err != nil {
		t.Fatal(err)
	}
	opened, err := o.desk.Tokens.Name(engine.Pass{Act: engine.ActOpen, Campaign: o.campaign, Ordinal: 1, Channel: engine.Email, Step: 1})
	if err != nil {
		t.Fatal(err)
	}
	gone := o.letter(engine.CampaignID(engine.NewID()), 1)
	at := func(name string) string { return "b+" + name + "@bounces.example" }
	both := append(o.mail("returnpath.fraud.complaint", mine), o.mail("returnpath.fraud.complaint", other)...)
	for _, test := range []struct {
		name     string
		mail     Mail
		want     Class
		ordinals []engine.Ordinal
	}{
		{"of its own letter", Mail{To: at(mine), Raw: o.mail("postfix.hard", mine)}, Hard, []engine.Ordinal{1}},
		{"of another letter of ours", Mail{To: at(mine), Raw: o.mail("postfix.hard", other)}, Forged, nil},
		{"of a letter of another installation", Mail{To: at(mine), Raw: o.mail("postfix.hard", foreign)}, Forged, nil},
		{"to a letter of another installation", Mail{To: at(foreign), Raw: o.mail("postfix.hard", foreign)}, Forged, nil},
		{"to a name signed for something else", Mail{To: at(opened), Raw: o.mail("silent.soft", opened)}, Forged, nil},
		{"a complaint by the feedback address", Mail{Raw: o.mail("mailru.complaint", other)}, Complaint, []engine.Ordinal{2}},
		{"a forged complaint", Mail{Raw: o.mail("mailru.complaint", foreign)}, Forged, nil},
		{"a complaint about nothing of ours", Mail{Raw: o.mail("rfc5965.complaint", "NAME")}, Forged, nil},
		{"a complaint about two letters", Mail{Raw: bytes.ReplaceAll(o.mail("rfc5965.complaint", mine), []byte("Subject: bill"), []byte("Return-Path: <"+at(other)+">"))}, Forged, nil},
		{"two complaints in one", Mail{Raw: both}, Complaint, []engine.Ordinal{1}},
		{"of a campaign that is gone", Mail{To: at(gone), Raw: o.mail("postfix.hard", gone)}, Stale, nil},
		{"by the door of its provider", Mail{Provider: "p", Raw: o.mail("postfix.hard", mine)}, Hard, []engine.Ordinal{1}},
		{"by the door of another provider", Mail{Provider: "q", Raw: o.mail("postfix.hard", mine)}, Forged, nil},
		{"without any letter", Mail{To: at(mine), Raw: []byte("From: MAILER-DAEMON@x\r\nSubject: failure notice\r\n\r\nuser unknown\r\n")}, Hard, []engine.Ordinal{1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			class, err := o.desk.Take(t.Context(), test.mail)
			list := o.observed()
			if err != nil || class != test.want || len(list) != len(test.ordinals) {
				t.Fatalf("%s %v, observed %+v", class, err, list)
			}
			for i, n := range test.ordinals {
				if list[i].Ordinal != n {
					t.Errorf("observed %+v", list[i])
				}
			}
		})
	}
	if o.counted[Forged] != 8 || o.counted[Stale] != 1 {
		t.Errorf("counted %v", o.counted)
	}
}

// TestUnsubscribingByLetter takes letters of people, and of programs on their behalf, and none that answer or report.
func TestUnsubscribingByLetter(t *testing.T) {
	o := newOffice(t)
	about := o.letter(o.campaign, 3)
	for _, test := range []struct {
		header string
		want   Class
	}{
		{"Subject: unsubscribe\r\n", Unsubscribed},
		{"Subject: unsubscribe\r\nAuto-Submitted: auto-generated\r\n", Unsubscribed},
		{"Subject: unsubscribe\r\nAuto-Submitted: auto-replied\r\n", AutoReply},
		{"Subject: Out of office\r\n", AutoReply},
		{"From: postmaster@example.org\r\nSubject: Undeliverable: unsubscribe\r\n", Soft},
	} {
		for _, to := range []string{"u+" + about + "@bounces.example", ""} {
			raw := "To: <u+" + about + "@bounces.example>\r\n" + test.header + "\r\n\r\n"
			class, err := o.desk.Take(t.Context(), Mail{To: to, Raw: []byte(raw)})
			if err != nil || class != test.want {
				t.Errorf("%q to %q amounts to %s, %v", test.header, to, class, err)
			}
		}
	}
}

func TestStoresThatAreDown(t *testing.T) {
	o := newOffice(t)
	about := o.letter(o.campaign, 1)
	mail := Mail{To: "b+" + about + "@bounces.example", Raw: o.mail("postfix.hard", about)}
	o.fail(engine.ErrDown)
	if class, err := o.desk.Take(t.Context(), mail); class != PutOff || !errors.Is(err, engine.ErrDown) {
		t.Errorf("%s %v", class, err)
	}
	o.fail(nil)
	if class, err := o.desk.Take(t.Context(), mail); class != Hard || err != nil {
		t.Errorf("%s %v", class, err)
	}
	if text := o.log.String(); strings.Contains(text, "example") || !strings.Contains(text, "come again") {
		t.Errorf("logged:\n%s", text)
	}
}

func FuzzTake(f *testing.F) {
	tokens := engine.NewTokens([]byte("secret"))
	for _, file := range samples(f) {
		f.Add("b+"+name+"@bounces.example", sample(f, file))
	}
	registry := enginetest.NewMemory().Stores().Registry
	desk := New(Config{Tokens: tokens, Registry: registry, Observe: func(context.Context, ...engine.Observation) error {
		panic("a letter that nobody has signed for was observed")
	}})
	f.Fuzz(func(t *testing.T, to string, raw []byte) {
		if class, err := desk.Take(t.Context(), Mail{To: to, Raw: raw}); err != nil || class != Forged && class != Loop {
			t.Errorf("%s %v", class, err)
		}
	})
}
