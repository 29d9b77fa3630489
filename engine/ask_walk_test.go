package engine_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

// TestWhoMayBeWrittenToIsAskedAheadAndRemembered sends one notice after another to the VK users 1 to 3: who is unknown or has denied is asked about,
// and whatever else has told us is not asked for.
func TestWhoMayBeWrittenToIsAskedAheadAndRemembered(t *testing.T) {
	allow := func(user, id string) engine.Signal {
		return engine.Signal{Kind: engine.SignalAllow, Address: user, ID: id}
	}
	deny := func(user, id string) engine.Signal {
		return engine.Signal{Kind: engine.SignalDeny, Address: user, ID: id}
	}
	synctest.Test(t, func(t *testing.T) {
		w, m := chatty(t)
		for _, step := range []struct {
			name    string
			denied  []int64         // at VK
			silent  []int64         // VK tells nothing about them
			broken  bool            // VK answers no question
			hear    []engine.Signal // before
			asked   string
			reasons []engine.Reason
		}{
			{name: "an allowance was heard", denied: []int64{2}, hear: []engine.Signal{allow("1", "e0")}, asked: "2 3", reasons: []engine.Reason{"", engine.Denied, ""}},
			{name: "all are known", denied: []int64{2}, asked: "2", reasons: []engine.Reason{"", engine.Denied, ""}},
			{name: "unanswered", broken: true, asked: "2", reasons: []engine.Reason{"", engine.Denied, ""}},
			{name: "untold", silent: []int64{2}, asked: "2", reasons: []engine.Reason{"", engine.Denied, ""}},
			{name: "allowed unheard", asked: "2", reasons: []engine.Reason{"", "", ""}},
			{name: "remembered", reasons: []engine.Reason{"", "", ""}},
			{name: "denied unheard", denied: []int64{1}, reasons: []engine.Reason{engine.Refused, "", ""}},
			{name: "denied heard", denied: []int64{1, 3}, hear: []engine.Signal{deny("3", "e1")}, asked: "1 3", reasons: []engine.Reason{engine.Denied, "", engine.Denied}},
			{name: "heard again", denied: []int64{1}, hear: []engine.Signal{allow("3", "e2"), deny("3", "e1")}, asked: "1", reasons: []engine.Reason{engine.Denied, "", ""}},
			{name: "the last word counts", denied: []int64{1, 2}, hear: []engine.Signal{allow("2", "e3"), deny("2", "e4")}, asked: "1 2",
				reasons: []engine.Reason{engine.Denied, engine.Denied, ""}},
		} {
			clear(m.denied)
			clear(m.silent)
			for _, user := range step.denied {
				m.denied[user] = true
			}
			for _, user := range step.silent {
				m.silent[user] = true
			}
			if m.asked, m.broken = nil, nil; step.broken {
				m.broken = errors.New("down")
			}
			w.hear(step.hear...)
			var got []engine.Reason
			for _, s := range w.send(engine.KindAction, 3) {
				got = append(got, s.Reason)
			}
			if asked := strings.Join(m.asked, " "); asked != step.asked || !slices.Equal(got, step.reasons) {
				t.Errorf("%s: %q were asked about, want %q; the reasons are %q, want %q", step.name, asked, step.asked, got, step.reasons)
			}
		}
	})
}

// TestUnansweredQuestionsStopNobody: who is unknown is written to when VK answers no question or tells nothing, and then known.
func TestUnansweredQuestionsStopNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := chatty(t)
		m.broken, m.denied[2] = errors.New("down"), true
		for i, state := range w.send(engine.KindAction, 3) {
			if refused := state.Reason == engine.Refused; refused != (i == 1) || state.Outcome == engine.Delivered == refused {
				t.Errorf("user %d is %+v", i+1, state)
			}
		}
		m.asked, m.broken = nil, nil
		w.send(engine.KindAction, 3)
		if !slices.Equal(m.asked, []string{"2"}) {
			t.Errorf("%q were asked about, want the one who denied", m.asked)
		}
	})
}

// TestWhoIsNotWrittenToIsNotAskedAbout: nobody is asked about for a test, for ads without consent, after an objection, or while VK does not work.
func TestWhoIsNotWrittenToIsNotAskedAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := chatty(t)
		c := w.order(engine.Campaign{Kind: engine.KindAction, Mode: engine.Test, Route: engine.Route{Lanes: []engine.Lane{{{Channel: engine.VK}}}}}, 3, nil)
		w.start(c)
		w.run(time.Hour)
		consents := w.memory.Stores().Consents
		if err := consents.Record(t.Context(), "p", []engine.Consent{{Account: account(1), Given: true, At: time.Now(), How: "phone"}}); err != nil {
			t.Fatal(err)
		}
		if len(m.asked) != 0 {
			t.Errorf("for a test %q were asked about", m.asked)
		}
		time.Sleep(time.Hour)
		w.send(engine.KindAd, 3)
		if !slices.Equal(m.asked, []string{"2"}) {
			t.Errorf("for an ad %q were asked about, want who had agreed", m.asked)
		}
		if err := w.memory.Stores().Stops.Stop(t.Context(), "p", engine.VK, engine.Objected, []string{"1"}); err != nil {
			t.Fatal(err)
		}
		m.asked = nil
		_, err := w.memory.Stores().Breakers.ChangeBreaker(t.Context(), "p", engine.VK, func(b *engine.Breaker) {
			*b = engine.Breaker{Provider: "p", Channel: engine.VK, Reason: engine.Misconfigured, Failures: 1, Until: time.Now().Add(time.Minute)}
		})
		if err != nil {
			t.Fatal(err)
		}
		w.start(w.order(engine.Campaign{Kind: engine.KindAction, Route: engine.Route{Lanes: []engine.Lane{{{Channel: engine.VK}}}}}, 3, nil))
		w.run(30 * time.Second)
		if len(m.asked) != 0 {
			t.Errorf("while VK does not work %q were asked about", m.asked)
		}
		w.run(time.Hour)
		w.send(engine.KindAction, 3)
		if slices.Contains(m.asked, "1") {
			t.Errorf("%q were asked about, one of whom objects", m.asked)
		}
	})
}

// TestQuestionsKeepToTheRates: questions and messages together keep to the sender's rate, nobody is asked about twice, and all arrive.
func TestQuestionsKeepToTheRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := chatty(t)
		_, err := w.memory.Stores().Registry.ChangeProvider(t.Context(), "p", func(p *engine.Provider) error {
			p.Settings = map[string]string{"vk.per_second": "50", engine.SettingQuiet: "off"}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		const n = 1000
		for user := range int64(n + 1) {
			m.denied[user] = user%2 == 0
		}
		c := w.order(engine.Campaign{Kind: engine.KindAction, Route: engine.Route{Lanes: []engine.Lane{{{Channel: engine.VK}}}}}, n, nil)
		w.start(c)
		w.run(time.Hour)
		for at, spent := range m.spent {
			if spent > 500 {
				t.Errorf("in the ten seconds from %v on there were %d questions and messages", at, spent)
			}
		}
		if slices.Sort(m.asked); len(slices.Compact(m.asked)) != n || m.last != n/2 {
			t.Errorf("%d were asked about and %d written to", len(m.asked), m.last)
		}
		w.expectReasons(c, map[string]int{"delivered": n / 2, "suppressed denied": n / 2})
	})
}
