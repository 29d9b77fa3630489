package engine_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

func TestTheUndeliveredAreOrderedOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		email := w.channels[engine.Email]
		for _, i := range []int{3, 500, 501, 999} {
			email.Script(account(i), enginetest.Refuse(engine.Refused, "554"))
		}
		c := w.order(engine.Campaign{Kind: engine.KindBill, Name: "October", Reference: "R1", ExpiresAt: time.Now().Add(day),
			Route: routeOf(engine.Lane{{Channel: engine.Email}})}, 1000, bill)

		_, err := w.engine.Again(t.Context(), c.ID)
		if status, is := errors.AsType[*engine.StatusError](err); !is || status.Wanted != "retry" {
			t.Errorf("a draft is ordered once more: %v", err)
		}
		w.start(c)
		if _, err := w.engine.Again(t.Context(), c.ID); err == nil {
			t.Error("a running campaign is ordered once more")
		}
		w.run(time.Minute)
		w.expectReasons(c, map[string]int{"delivered": 996, "undelivered refused": 4})

		again := must(w.engine.Again(t.Context(), c.ID))
		old := w.now(c)
		if again.RetryOf != c.ID || old.RetriedBy != again.ID || again.Name != "October" || again.Reference != "R1" || again.Status != engine.StatusRunning ||
			!again.ExpiresAt.Equal(c.ExpiresAt) || again.Template != c.Template {
			t.Errorf("ordered once more as %+v, of %+v", again, old)
		}
		_, err = w.engine.Again(t.Context(), c.ID)
		if retried, is := errors.AsType[*engine.RetriedError](err); !is || retried.By != again.ID {
			t.Errorf("ordered a third time: %v", err)
		}
		w.run(time.Minute)
		w.expect(again, engine.StatusCompleted, engine.Balance{Ordered: 4, Delivered: 4})
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1000, Delivered: 996, Undelivered: 4})
		taken := email.TakenBy()
		for _, i := range []int{3, 500, 501, 999} {
			if taken[account(i)] != 1 {
				t.Errorf("%s got %d messages", account(i), taken[account(i)])
			}
		}

		_, err = w.engine.Again(t.Context(), again.ID)
		if invalid, is := errors.AsType[*engine.InvalidError](err); !is || invalid.Problems[0].Code != "empty" {
			t.Errorf("a campaign that reached everybody is ordered once more: %v", err)
		}
	})
}

func TestWhatACancelledCampaignCouldNotDeliverIsOrderedOnceMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.channels[engine.Email].Script("A0", enginetest.Refuse(engine.Refused, "554"))
		w.channels[engine.Email].Script("A1", enginetest.Throttle(time.Hour))
		c := w.order(engine.Campaign{Kind: engine.KindAction, Route: routeOf(engine.Lane{{Channel: engine.Email}})}, 3, nil)
		w.start(c)
		w.run(time.Minute)
		must(w.engine.Cancel(t.Context(), c.ID))
		if _, err := w.engine.Again(t.Context(), c.ID); err == nil {
			t.Error("a campaign whose batches are still being called back is ordered once more")
		}
		w.run(2 * time.Second)
		w.expect(c, engine.StatusCancelled, engine.Balance{Ordered: 3, Delivered: 1, Cancelled: 1, Undelivered: 1})
		again := must(w.engine.Again(t.Context(), c.ID))
		w.run(time.Minute)
		w.expect(again, engine.StatusCompleted, engine.Balance{Ordered: 1, Delivered: 1})
	})
}

// TestAForecastComesTrue compares a dry run with what then happens when no goal is met and no channel fails.
func TestAForecastComesTrue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK, engine.Paper)
		w.set(engine.SettingQuiet, "21:00-09:00", "email.per_second", "2")
		first := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{{Channel: engine.Email}})}, 1, nil)
		w.start(first)
		w.run(time.Minute)
		w.observe(first, engine.Complained, engine.Email, 0)

		c := w.order(engine.Campaign{Kind: engine.KindDebt, Route: routeOf(
			engine.Lane{{Channel: engine.Gosuslugi}, until(engine.Email, 2*day, engine.Paid), {Channel: engine.VK}},
			engine.Lane{{Channel: engine.Paper}})}, 1000, func(i int, r *engine.Recipient) {
			switch {
			case i == 0: // who complained
				r.VKID, r.Delivery = 0, engine.Electronic
			case i%10 == 1:
				r.Email, r.Delivery = "", engine.Electronic
			case i%10 == 2:
				r.Delivery = engine.OnPaper
			case i%10 == 3:
				r.Email, r.VKID, r.Delivery = "", 0, engine.Electronic
			}
		})
		f := must(w.engine.Forecast(t.Context(), c))
		if n := len(w.memory.Wakes()); n != 0 || w.now(c).Status != engine.StatusDraft {
			t.Errorf("after a dry run there are %d wakes and the campaign is %s", n, w.now(c).Status)
		}
		began := time.Now()
		w.start(c)
		w.run(30 * day)

		told, foretold := w.told(c), map[string]int{"ordered": 1000}
		for _, ch := range f.Channels {
			if n := int(ch.First + ch.Later); n > 0 {
				foretold["sent/"+string(ch.Channel)] = n
			}
			if ch.On != (ch.Channel != engine.Gosuslugi) {
				t.Errorf("the forecast says of %s that it is on: %v", ch.Channel, ch.On)
			}
		}
		if !maps.Equal(told, foretold) {
			t.Errorf("the journal tells %v, foretold was %v", told, foretold)
		}
		unreached := map[string]int{"delivered": 1000}
		for _, u := range f.Unreachable {
			key := "undelivered "
			if u.Reason.Suppression() {
				key = "suppressed "
			}
			unreached[key+string(u.Reason)] = int(u.Recipients)
			unreached["delivered"] -= int(u.Recipients)
		}
		w.expectReasons(c, unreached)
		if len(unreached) != 3 {
			t.Errorf("foretold are %v, want a complaint, missing addresses and deliveries", unreached)
		}
		if i := slices.IndexFunc(f.Examples, func(u engine.Unreached) bool { return u.Account == "A0" }); i < 0 || f.Examples[i].Reason != engine.Objected {
			t.Errorf("the examples are %v", f.Examples)
		}
		ended := w.now(c).EndedAt
		if f.Begins.After(began) || ended.After(f.Ends) || f.Ends.Sub(ended) > day {
			t.Errorf("it ended at %v, foretold was %v", ended, f.Ends)
		}
	})
}

func TestAForecastEndsWhenTheQuotaLetsIt(t *testing.T) {
	for name, tt := range map[string]struct {
		settings []string
		kind     engine.Kind
		least    time.Duration
		most     time.Duration
	}{
		"a minute": {[]string{engine.SettingPerMinute, "100"}, engine.KindAction, 9 * time.Minute, 11 * time.Minute},
		"a day":    {[]string{engine.SettingPerDay, "300"}, engine.KindAction, 2 * day, 4 * day},
		"a rate":   {[]string{"email.per_second", "10"}, engine.KindAction, 90 * time.Second, 110 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := simpleTown(t, engine.Email)
				w.set(tt.settings...)
				c := w.order(engine.Campaign{Kind: tt.kind}, 1000, nil)
				f := must(w.engine.Forecast(t.Context(), c))
				begin := time.Now()
				w.start(c)
				w.run(30 * day)
				took, foretold := w.now(c).EndedAt.Sub(begin), f.Ends.Sub(begin)
				if took < tt.least || took > tt.most || foretold < tt.least || foretold > tt.most {
					t.Errorf("it took %v, foretold were %v; want between %v and %v", took, foretold, tt.least, tt.most)
				}
			})
		})
	}
}

func TestAForecastOfAds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		w.agree("A0", "A1")
		c := w.order(engine.Campaign{Kind: engine.KindAd}, 5, nil)
		f := must(w.engine.Forecast(t.Context(), c))
		want := "[{email true 2 0} {vk true 0 2}] [{no_consent 3}]"
		if got := fmt.Sprint(f.Channels, f.Unreachable); got != want {
			t.Errorf("foretold is %s, want %s", got, want)
		}
		w.start(c)
		w.run(time.Hour)
		w.expectReasons(c, map[string]int{"delivered": 2, "suppressed no_consent": 3})
	})
}

// choosy is a channel that reaches some houses only, and knows which before.
type choosy struct {
	*enginetest.Channel
	not map[string]engine.Reason
}

func (c *choosy) Reaches(_ context.Context, _ engine.Provider, people []engine.Recipient) ([]engine.Reason, error) {
	reasons := make([]engine.Reason, len(people))
	for i := range people {
		reasons[i] = c.not[people[i].House]
	}
	return reasons, nil
}

func (c *choosy) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	results := c.Channel.Send(ctx, from, msgs)
	for i := range results {
		if why := c.not[msgs[i].Recipient.House]; why != engine.NoReason {
			results[i] = engine.Result{Fault: &engine.Fault{Reason: why}}
		}
	}
	return results
}

// TestAForecastKnowsHousesThatCannotBeReached: a house without a chat, and one whose chat is lost.
func TestAForecastKnowsHousesThatCannotBeReached(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.HouseChat, engine.Email)
		w.engine.Channels[engine.HouseChat] = &choosy{w.channels[engine.HouseChat], map[string]engine.Reason{"none": engine.NoAddress, "lost": engine.Refused}}
		c := w.order(engine.Campaign{Kind: engine.KindOutage, Route: routeOf(engine.Lane{{Channel: engine.HouseChat}, {Channel: engine.Email}})}, 8, func(i int, r *engine.Recipient) {
			r.House = []string{"open", "none", "lost", ""}[i%4]
			if i < 4 {
				r.Email = ""
			}
		})
		f := must(w.engine.Forecast(t.Context(), c))
		want := "[{housechat true 2 0} {email true 3 1}]"
		if got := fmt.Sprint(f.Channels); got != want {
			t.Errorf("foretold is %s, want %s", got, want)
		}
		foretold := map[string]int{"delivered": 5}
		for _, u := range f.Unreachable {
			foretold["undelivered "+string(u.Reason)] = int(u.Recipients)
		}
		w.start(c)
		w.run(time.Hour)
		w.expectReasons(c, foretold)
		if len(foretold) != 3 {
			t.Errorf("foretold are %v, want who has no address, who is refused, and deliveries", foretold)
		}
	})
}
