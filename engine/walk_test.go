package engine_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// town is a provider with an engine on memory stores and scripted channels.
type town struct {
	*testing.T
	memory   *enginetest.Memory
	engine   *engine.Engine
	channels map[engine.ChannelName]*enginetest.Channel
}

// plainTexts renders every message as the recipient's account.
type plainTexts struct{}

func (plainTexts) Open(context.Context, engine.TemplateRef) (engine.Text, error) {
	return plainTexts{}, nil
}

func (plainTexts) Render(_ engine.ChannelName, l engine.Letter) (engine.Content, error) {
	if l.Recipient.Name == "unwritable" {
		return engine.Content{}, errors.New(`variable "period" is missing`)
	}
	return engine.Content{Subject: "s", Text: l.Recipient.Account, Links: []string{"https://example.ru/pay"}}, nil
}

func newTown(t *testing.T, stores engine.Stores, memory *enginetest.Memory, names ...engine.ChannelName) *town {
	t.Helper()
	w := &town{T: t, memory: memory, channels: map[engine.ChannelName]*enginetest.Channel{}}
	channels := map[engine.ChannelName]engine.Channel{}
	for _, name := range names {
		w.channels[name] = enginetest.NewChannel(enginetest.Accept())
		channels[name] = w.channels[name]
	}
	w.engine = engine.New(engine.Config{
		Stores: stores, Channels: channels, Texts: plainTexts{}, Tokens: engine.NewTokens([]byte("secret")), PublicURL: "https://v.example.ru",
	})
	if err := memory.Stores().Registry.PutProvider(t.Context(), engine.Provider{ID: "p", Name: "УК", Settings: map[string]string{engine.SettingQuiet: "off"}}); err != nil {
		t.Fatal(err)
	}
	return w
}

func simpleTown(t *testing.T, names ...engine.ChannelName) *town {
	memory := enginetest.NewMemory()
	return newTown(t, memory.Stores(), memory, names...)
}

// order writes a campaign of n recipients who have every address; change may alter each.
func (w *town) order(c engine.Campaign, n int, change func(int, *engine.Recipient)) engine.Campaign {
	w.Helper()
	c.Provider, c.Template = "p", engine.TemplateRef{Name: "t", Version: 1}
	c, err := w.engine.Order(w.Context(), c)
	if err != nil {
		w.Fatal(err)
	}
	for first := 0; first < n; first += engine.ChunkSize {
		var chunk []engine.Recipient
		for i := first; i < min(n, first+engine.ChunkSize); i++ {
			r := engine.Recipient{Account: fmt.Sprint("A", i), Email: fmt.Sprint(i, "@example.ru"), VKID: int64(i + 1), GISAccount: "g", House: "h"}
			if change != nil {
				change(i, &r)
			}
			chunk = append(chunk, r)
		}
		if _, err := w.engine.Append(w.Context(), c, chunk); err != nil {
			w.Fatal(err)
		}
	}
	return c
}

func (w *town) start(c engine.Campaign) {
	w.Helper()
	if _, err := w.engine.Start(w.Context(), c.ID); err != nil {
		w.Fatal(err)
	}
}

// run works until nothing is due any more within d.
func (w *town) run(d time.Duration) {
	ctx, cancel := context.WithTimeout(w.Context(), d)
	defer cancel()
	if err := w.memory.Run(ctx, w.engine.Handle); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		w.Fatal(err)
	}
}

func (w *town) expect(c engine.Campaign, status engine.Status, want engine.Balance) {
	w.Helper()
	got, err := w.memory.Stores().Ledger.Balance(w.Context(), c.ID)
	if err != nil || got != want {
		w.Errorf("balance %+v (%v), want %+v", got, err, want)
	}
	if now, err := w.memory.Stores().Registry.Campaign(w.Context(), c.ID); err != nil || now.Status != status {
		w.Errorf("the campaign is %s (%v), want %s", now.Status, err, status)
	}
}

// told counts the recipients of each fact in the journal.
func (w *town) told(c engine.Campaign) map[string]int {
	seen := map[string]map[engine.Ordinal]bool{}
	for _, e := range w.memory.Entries() {
		key := string(e.Fact)
		if e.Payment != nil {
			key = "payment"
		}
		if e.Channel != engine.NoChannel {
			key += "/" + string(e.Channel)
		}
		if e.Campaign != c.ID {
			continue
		}
		if seen[key] == nil {
			seen[key] = map[engine.Ordinal]bool{}
		}
		for _, o := range e.Ordinals {
			seen[key][o] = true
		}
	}
	counts := map[string]int{}
	for key, set := range seen {
		counts[key] = len(set)
	}
	return counts
}

func (w *town) expectTold(c engine.Campaign, want map[string]int) {
	w.Helper()
	if got := w.told(c); !maps.Equal(got, want) {
		w.Errorf("the journal tells %v, want %v", got, want)
	}
}

func TestEverybodyIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 1200, nil)
		w.start(c)
		w.run(time.Minute)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1200, Delivered: 1200})
		w.expectTold(c, map[string]int{"ordered": 1200, "sent/email": 1200})
		for account, n := range w.channels[engine.Email].TakenBy() {
			if n != 1 {
				t.Errorf("%s got %d messages", account, n)
			}
		}
	})
}

func TestFailuresEndInTheLedgerWithAReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		email := w.channels[engine.Email]
		down := enginetest.Refuse(engine.Unavailable, "451")
		email.Script("A1", enginetest.Refuse(engine.BadAddress, "550 5.1.1"))
		email.Script("A2", down, down)
		email.Script("A3", down, down, down, down, down, down, down, down)
		email.Script("A4", enginetest.Throttle(time.Minute), enginetest.Throttle(time.Minute))
		c := w.order(engine.Campaign{Kind: engine.KindAction}, 8, func(i int, r *engine.Recipient) {
			switch i {
			case 5:
				r.Email = ""
			case 6:
				r.Name = "unwritable"
			}
		})
		w.start(c)
		w.run(100 * time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 8, Delivered: 4, Undelivered: 4})
		w.expectTold(c, map[string]int{"ordered": 8, "sent/email": 4, "deferred/email": 3, "failed/email": 3})
		people, _, _, err := w.engine.People(t.Context(), must(w.memory.Stores().Registry.Campaign(t.Context(), c.ID)),
			engine.Filter{Outcome: engine.Undelivered}, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]engine.Reason{"A1": engine.BadAddress, "A3": engine.Unavailable, "A5": engine.NoAddress, "A6": engine.BadMessage}
		for _, p := range people {
			if p.State.Reason != want[p.Account] {
				t.Errorf("%s is undelivered because %s, want %s", p.Account, p.State.Reason, want[p.Account])
			}
		}
		if len(people) != len(want) {
			t.Errorf("%d are undelivered, want %d", len(people), len(want))
		}
	})
}

func TestAWaitEndsWithItsGoalOrGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Gosuslugi, engine.Email, engine.VK)
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 3, nil)
		w.start(c)
		w.run(time.Hour)
		w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 3, InFlight: 3})
		// A0 opens the bill in Gosuslugi; A1 opens it later in the e-mail; A2 never does.
		w.observe(c, engine.Opened, engine.Gosuslugi, 0)
		w.run(48 * time.Hour)
		w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 3, Delivered: 1, InFlight: 2})
		w.observe(c, engine.Clicked, engine.Email, 1)
		w.run(100 * time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 3})
		w.expectTold(c, map[string]int{"ordered": 3, "sent/gosuslugi": 3, "opened/gosuslugi": 1, "sent/email": 2, "clicked/email": 1, "sent/vk": 1})
	})
}

func (w *town) observe(c engine.Campaign, f engine.Fact, ch engine.ChannelName, ordinals ...engine.Ordinal) {
	w.Helper()
	for _, o := range ordinals {
		if err := w.engine.Observe(w.Context(), engine.Observation{Campaign: c.ID, Ordinal: o, Channel: ch, Fact: f, At: time.Now()}); err != nil {
			w.Fatal(err)
		}
	}
}

func TestPausedMeansNothingIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 600, nil)
		w.start(c)
		if _, err := w.engine.Pause(t.Context(), c.ID); err == nil {
			w.run(time.Hour)
		}
		w.expect(c, engine.StatusPaused, engine.Balance{})
		if n := len(w.channels[engine.Email].Attempts()); n != 0 {
			t.Errorf("%d messages were sent while the campaign was paused", n)
		}
		if _, err := w.engine.Resume(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
		w.run(time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 600, Delivered: 600})
	})
}

func TestCancelReachesThoseWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		w.channels[engine.Email].Otherwise(enginetest.Refuse(engine.Unavailable, "451"))
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 600, nil)
		w.channels[engine.Email].Script("A7", enginetest.Accept())
		w.start(c)
		w.run(time.Second)
		if _, err := w.engine.Cancel(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
		w.run(time.Second)
		w.expect(c, engine.StatusCancelled, engine.Balance{Ordered: 600, Cancelled: 599, Delivered: 1})
	})
}

func TestExpiredEndsWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.channels[engine.Email].Script("A1", enginetest.Throttle(time.Hour), enginetest.Throttle(time.Hour), enginetest.Throttle(time.Hour))
		c := w.order(engine.Campaign{Kind: engine.KindOutage, ExpiresAt: time.Now().Add(2 * time.Hour)}, 3, nil)
		w.start(c)
		w.run(10 * time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 2, Expired: 1})
	})
}

func TestAScheduledCampaignBeginsByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		c := w.order(engine.Campaign{Kind: engine.KindBill, SendAt: time.Now().Add(24 * time.Hour)}, 3, nil)
		w.start(c)
		w.run(23 * time.Hour)
		w.expect(c, engine.StatusScheduled, engine.Balance{})
		w.run(2 * time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 3})
	})
}

func TestATestCampaignSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		c := w.order(engine.Campaign{Kind: engine.KindBill, Mode: engine.Test}, 3, nil)
		w.start(c)
		w.run(time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 3})
		if n := len(w.channels[engine.Email].Attempts()); n != 0 {
			t.Errorf("a test campaign sent %d messages", n)
		}
	})
}

func TestWhoUnsubscribedGetsBillsButNoAds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.agree("A0", "A1", "A2")
		first := w.order(engine.Campaign{Kind: engine.KindAd}, 3, nil)
		w.start(first)
		w.run(time.Hour)
		w.observe(first, engine.Unsubscribed, engine.Email, 1)
		ad := w.order(engine.Campaign{Kind: engine.KindAd}, 3, nil)
		w.start(ad)
		bill := w.order(engine.Campaign{Kind: engine.KindBill}, 3, nil)
		w.start(bill)
		w.run(time.Hour)
		w.expect(ad, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 2, Suppressed: 1})
		w.expect(bill, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 3})
	})
}

// agree gives the accounts' consent to ads.
func (w *town) agree(accounts ...string) {
	w.Helper()
	var list []engine.Consent
	for _, account := range accounts {
		list = append(list, engine.Consent{Account: account, Given: true, At: time.Now(), How: "web form"})
	}
	if err := w.memory.Stores().Consents.Record(w.Context(), "p", list); err != nil {
		w.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
