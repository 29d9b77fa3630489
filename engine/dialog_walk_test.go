package engine_test

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// messenger numbers its messages, can be asked who may be written to, and lets a resident read before Send returns.
type messenger struct {
	*enginetest.Channel
	last   int64
	denied map[int64]bool
	silent map[int64]bool    // nothing is told about them
	asked  []string          // about whom, in order
	spent  map[time.Time]int // questions and messages, by the ten seconds they came in
	early  func(user, number int64)
	broken error
}

func (m *messenger) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	m.spent[time.Now().Truncate(10*time.Second)] += len(msgs)
	results := m.Channel.Send(ctx, from, msgs)
	for i := range results {
		if user := msgs[i].Recipient.VKID; m.denied[user] {
			results[i] = engine.Result{Fault: &engine.Fault{Reason: engine.Refused, Code: "VK 901"}}
		}
		if results[i].Fault != nil {
			continue
		}
		m.last++
		results[i].ID = strconv.FormatInt(m.last, 10)
		if m.early != nil {
			m.early(msgs[i].Recipient.VKID, m.last)
		}
	}
	return results
}

func (m *messenger) Ask(_ context.Context, _ engine.Provider, people []engine.Recipient) ([]engine.SignalKind, error) {
	m.spent[time.Now().Truncate(10*time.Second)] += len(people)
	answers := make([]engine.SignalKind, len(people))
	for i := range people {
		m.asked = append(m.asked, people[i].Address(engine.VK))
		switch user := people[i].VKID; {
		case m.silent[user]:
		case m.denied[user]:
			answers[i] = engine.SignalDeny
		default:
			answers[i] = engine.SignalAllow
		}
	}
	return answers, m.broken
}

// chatty is a town whose VK numbers its messages.
func chatty(t *testing.T) (*town, *messenger) {
	w := simpleTown(t, engine.Email, engine.VK)
	m := &messenger{Channel: w.channels[engine.VK], denied: map[int64]bool{}, silent: map[int64]bool{}, spent: map[time.Time]int{}}
	w.engine.Channels[engine.VK] = m
	return w, m
}

func (w *town) hear(signals ...engine.Signal) {
	w.Helper()
	for i := range signals {
		signals[i].At = time.Now()
	}
	if err := w.engine.Hear(w.Context(), "p", engine.VK, signals...); err != nil {
		w.Fatal(err)
	}
}

// vkThenEmail waits an hour for a message in VK to be opened.
var vkThenEmail = engine.Route{Lanes: []engine.Lane{
	{{Channel: engine.VK, Wait: engine.Wait(time.Hour), Until: engine.Goals{engine.Opened}}, {Channel: engine.Email}},
}}

func TestWhatIsReadIsOpenedInEveryCampaign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := chatty(t)
		w.neighbour()
		first := w.order(engine.Campaign{Kind: engine.KindAction, Route: vkThenEmail}, 3, nil)
		w.start(first)
		w.run(time.Minute)
		second := w.order(engine.Campaign{Kind: engine.KindOutage, Route: vkThenEmail}, 3, nil)
		w.start(second)
		w.run(time.Minute)
		// VK ids are 1 to 3; the messages are 1 to 3 and 4 to 6. A replay and an event of another provider change nothing.
		w.hear(engine.Signal{Kind: engine.SignalRead, Address: "1", UpTo: 4}, engine.Signal{Kind: engine.SignalRead, Address: "2", UpTo: 2})
		w.hear(engine.Signal{Kind: engine.SignalRead, Address: "1", UpTo: 1}, engine.Signal{Kind: engine.SignalRead, Address: "2", UpTo: 2})
		if err := w.engine.Hear(t.Context(), "q", engine.VK, engine.Signal{Kind: engine.SignalRead, Address: "3", UpTo: 100}); err != nil {
			t.Fatal(err)
		}
		w.run(3 * time.Hour)
		w.expectTold(first, map[string]int{"ordered": 3, "sent/vk": 3, "opened/vk": 2, "sent/email": 1})
		w.expectTold(second, map[string]int{"ordered": 3, "sent/vk": 3, "opened/vk": 1, "sent/email": 2})
		opened := 0
		for _, e := range w.memory.Entries() {
			if e.Fact == engine.Opened {
				opened += len(e.Ordinals)
			}
		}
		if opened != 3 {
			t.Errorf("%d openings are told, want 3", opened)
		}
	})
}

func TestReadBeforeTheBatchHasSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := chatty(t)
		m.early = func(user, number int64) {
			if user == 2 {
				w.hear(engine.Signal{Kind: engine.SignalRead, Address: "2", UpTo: number})
			}
		}
		c := w.order(engine.Campaign{Kind: engine.KindAction, Route: vkThenEmail}, 3, nil)
		w.start(c)
		w.run(3 * time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 3})
		w.expectTold(c, map[string]int{"ordered": 3, "sent/vk": 3, "opened/vk": 1, "sent/email": 2})
	})
}

// send sends a notice over VK alone and gives what came of everybody.
func (w *town) send(kind engine.Kind, n int) []engine.State {
	w.Helper()
	c := w.order(engine.Campaign{Kind: kind, Route: engine.Route{Lanes: []engine.Lane{{{Channel: engine.VK}}}}}, n, nil)
	w.start(c)
	w.run(time.Hour)
	return must(w.memory.Stores().Ledger.States(w.Context(), c.ID, 0, 0, n))
}

func TestAllowingLiftsNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _ := chatty(t)
		stops := w.memory.Stores().Stops
		for i, reason := range []engine.Reason{engine.Objected, engine.Listed, engine.Opted} {
			address := strconv.Itoa(i + 1)
			if err := stops.Stop(t.Context(), "p", engine.VK, reason, []string{address}); err != nil {
				t.Fatal(err)
			}
			w.hear(engine.Signal{Kind: engine.SignalDeny, Address: address, ID: "d" + address})
			w.hear(engine.Signal{Kind: engine.SignalAllow, Address: address, ID: "a" + address})
			if got := must(stops.Stopped(t.Context(), "p", engine.VK, []string{address})); got[0] != reason {
				t.Errorf("what was stopped because %s is now %q", reason, got[0])
			}
		}
	})
}

func TestStopAndClickAreAboutTheNewestMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, m := chatty(t)
		consents := w.memory.Stores().Consents
		for i := range 3 {
			err := consents.Record(t.Context(), "p", []engine.Consent{{Account: account(i), Given: true, At: time.Now(), How: "phone"}})
			if err != nil {
				t.Fatal(err)
			}
		}
		w.run(time.Second)
		time.Sleep(time.Hour)
		c := w.order(engine.Campaign{Kind: engine.KindAd, Route: engine.Route{Lanes: []engine.Lane{{{Channel: engine.VK}}}}}, 3, nil)
		w.start(c)
		w.run(time.Hour)
		stop, deny := engine.Signal{Kind: engine.SignalStop, Address: "2", ID: "s"}, engine.Signal{Kind: engine.SignalDeny, Address: "3", ID: "d"}
		w.hear(stop, deny, engine.Signal{Kind: engine.SignalClick, Address: "1", ID: "c"}, engine.Signal{Kind: engine.SignalStop, Address: "99", ID: "nobody"})
		w.hear(stop, deny)
		w.expectTold(c, map[string]int{"ordered": 3, "sent/vk": 3, "clicked/vk": 1, "unsubscribed/vk": 1})
		given := must(consents.Given(t.Context(), "p", engine.VK, []string{"A0", "A1", "A2"}))
		if !slices.Equal(given, []bool{true, false, false}) {
			t.Errorf("the consents are %v", given)
		}
		if list := must(consents.History(t.Context(), "p", "A1")); len(list) != 2 || list[1].How != "answered stop" || list[1].Channel != engine.VK {
			t.Errorf("the ledger of consents says %+v", list)
		}
		// An unsubscribe stops ads and no service message; allowing messages again is no consent to ads.
		m.denied[3] = true
		w.hear(engine.Signal{Kind: engine.SignalAllow, Address: "3", ID: "a"})
		m.denied[3] = false
		count := func(kind engine.Kind) map[engine.Reason]int {
			reasons := map[engine.Reason]int{}
			for _, s := range w.send(kind, 3) {
				reasons[s.Reason]++
			}
			return reasons
		}
		if got, want := count(engine.KindAd), map[engine.Reason]int{"": 1, engine.Opted: 1, engine.NoConsent: 1}; !maps.Equal(got, want) {
			t.Errorf("of ads it says %v, want %v", got, want)
		}
		if got, want := count(engine.KindAction), map[engine.Reason]int{"": 3}; !maps.Equal(got, want) {
			t.Errorf("of notices it says %v, want %v", got, want)
		}
	})
}

// TestHearAgainAfterAFailure has the stores fail while signals are heard: what is told again has the effect once.
func TestHearAgainAfterAFailure(t *testing.T) {
	for seed := range uint64(40) {
		synctest.Test(t, func(t *testing.T) {
			w, _ := chatty(t)
			c := w.order(engine.Campaign{Kind: engine.KindAction, Route: vkThenEmail}, 4, nil)
			w.start(c)
			w.run(time.Minute)
			faults := enginetest.NewFaults(w.memory.Stores(), seed, 0.2)
			w.engine.Stores = faults.Stores()
			signals := []engine.Signal{
				{Kind: engine.SignalRead, Address: "1", UpTo: 9}, {Kind: engine.SignalRead, Address: "4", UpTo: 9},
				{Kind: engine.SignalStop, Address: "2", ID: "s"}, {Kind: engine.SignalDeny, Address: "3", ID: "d"},
			}
			for tries := 0; w.engine.Hear(t.Context(), "p", engine.VK, signals...) != nil; tries++ {
				if tries == 1000 {
					t.Fatal("it never gets through")
				}
			}
			w.engine.Stores = w.memory.Stores()
			w.reconciled(3 * time.Hour)
			w.expectTold(c, map[string]int{"ordered": 4, "sent/vk": 4, "opened/vk": 2, "unsubscribed/vk": 1, "sent/email": 2})
			reasons := must(w.memory.Stores().Stops.Stopped(t.Context(), "p", engine.VK, []string{"1", "2", "3"}))
			if !slices.Equal(reasons, []engine.Reason{engine.NoReason, engine.Opted, engine.Denied}) {
				t.Errorf("the stops are %q", reasons)
			}
		})
	}
}
