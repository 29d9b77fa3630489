package engine_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

// agree gives the accounts' consent to ads.
func (w *town) agree(accounts ...string) { w.consent(true, engine.NoChannel, accounts...) }

func (w *town) consent(given bool, ch engine.ChannelName, accounts ...string) {
	w.Helper()
	var list []engine.Consent
	for _, account := range accounts {
		list = append(list, engine.Consent{Account: account, Channel: ch, Given: given, At: time.Now(), How: "web form"})
	}
	if err := w.memory.Stores().Consents.Record(w.Context(), "p", list); err != nil {
		w.Fatal(err)
	}
}

func TestAdsGoToThoseWhoAgreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		w.agree("A0", "A1", "A2")
		w.consent(true, engine.VK, "A3")
		w.consent(false, engine.Email, "A2")
		c := w.order(engine.Campaign{Kind: engine.KindAd}, 5, nil)
		w.start(c)
		w.consent(false, engine.NoChannel, "A1") // withdrawn when the campaign runs already
		w.run(time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 5, Delivered: 3, Suppressed: 2})
		w.expectReasons(c, map[string]int{"delivered": 3, "suppressed no_consent": 2})
		if email, vk := accounts(w.channels[engine.Email]), accounts(w.channels[engine.VK]); !slices.Equal(email, []string{"A0"}) || !slices.Equal(vk, []string{"A2", "A3"}) {
			t.Errorf("ads went to %v by e-mail and to %v in VK", email, vk)
		}
	})
}

func TestAWithdrawalReachesAdsThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		w.agree("A0", "A1", "A2")
		c := w.order(engine.Campaign{Kind: engine.KindAd, Route: routeOf(
			engine.Lane{until(engine.Email, 3*day, engine.Clicked), {Channel: engine.VK}})}, 3, nil)
		w.start(c)
		w.run(day)
		w.consent(false, engine.NoChannel, "A1")
		w.observe(c, engine.Unsubscribed, engine.VK, 2)
		w.run(5 * day)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 3}) // by the e-mail they had before
		w.expectTold(c, map[string]int{"ordered": 3, "sent/email": 3, "unsubscribed/vk": 1, "sent/vk": 1})
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
		w.expectReasons(ad, map[string]int{"delivered": 2, "suppressed unsubscribed": 1})
		w.expect(bill, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 3})
	})
}

// TestWhoUnsubscribedFromRemindersStillGetsBills unsubscribes one from the reminder of a bill, and one who has refused ads before: neither is
// reminded or offered anything any more, in campaigns of debts nor of bills; the bills come.
func TestWhoUnsubscribedFromRemindersStillGetsBills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.agree("A0", "A1", "A2")
		billing := func() (c engine.Campaign, mails int) {
			before := len(w.channels[engine.Email].Taken())
			c = w.order(engine.Campaign{Kind: engine.KindBill, Template: engine.TemplateRef{Name: "bill", Version: 1}, Route: routeOf(engine.Lane{
				until(engine.Email, day, engine.Paid), {Channel: engine.Email, Template: engine.TemplateRef{Name: "reminder", Version: 1}}})}, 3, bill)
			w.start(c)
			w.run(3 * day)
			return c, len(w.channels[engine.Email].Taken()) - before
		}
		ad := w.order(engine.Campaign{Kind: engine.KindAd}, 3, nil)
		w.start(ad)
		w.run(time.Hour)
		w.observe(ad, engine.Unsubscribed, engine.Email, 2)
		first, mails := billing()
		if mails != 6 {
			t.Errorf("%d mails, want 3 bills and 3 reminders", mails)
		}
		w.observe(first, engine.Unsubscribed, engine.Email, 1, 2)
		w.observe(ad, engine.Unsubscribed, engine.Email, 1) // which changes nothing
		if _, mails := billing(); mails != 4 {
			t.Errorf("%d mails, want 3 bills and 1 reminder", mails)
		}
		for _, kind := range []engine.Kind{engine.KindDebt, engine.KindAd} {
			c := w.order(engine.Campaign{Kind: kind}, 3, nil)
			w.start(c)
			w.run(time.Hour)
			w.expectReasons(c, map[string]int{"delivered": 1, "suppressed no_reminders": 2})
		}
	})
}

func TestWhoComplainedIsNotWrittenToOverThatChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		first := w.order(engine.Campaign{Kind: engine.KindBill}, 3, nil)
		w.start(first)
		w.run(time.Hour)
		w.observe(first, engine.Complained, engine.Email, 1)
		for _, kind := range []engine.Kind{engine.KindBill, engine.KindDebt, engine.KindOutage, engine.KindStatus} {
			c := w.order(engine.Campaign{Kind: kind, Route: routeOf(engine.Lane{{Channel: engine.Email}})}, 3, nil)
			w.start(c)
			w.run(time.Hour)
			w.expectReasons(c, map[string]int{"delivered": 2, "suppressed complained": 1})
		}
		c := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{{Channel: engine.Email}, {Channel: engine.VK}})}, 3, nil)
		w.start(c)
		w.run(time.Hour)
		w.expectTold(c, map[string]int{"ordered": 3, "sent/email": 2, "sent/vk": 1})
	})
}

func TestAnAccountGetsSoManyAds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.set(engine.SettingFrequency, "2/7d")
		w.agree("A0", "A1", "A2")
		ad := func(n int) engine.Campaign {
			c := w.order(engine.Campaign{Kind: engine.KindAd}, n, nil)
			w.start(c)
			w.run(time.Hour)
			return c
		}
		w.expectReasons(ad(2), map[string]int{"delivered": 2})
		w.expectReasons(ad(3), map[string]int{"delivered": 3})
		w.expectReasons(ad(3), map[string]int{"delivered": 1, "suppressed frequency": 2})
		bill := w.order(engine.Campaign{Kind: engine.KindBill}, 3, nil)
		w.start(bill)
		w.run(time.Hour)
		w.expectReasons(bill, map[string]int{"delivered": 3})
		w.run(7 * day)
		time.Sleep(7 * day)
		w.expectReasons(ad(3), map[string]int{"delivered": 3})
	})
}

func TestAnAttemptThatIsRepeatedCountsOnceAgainstTheCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.set(engine.SettingFrequency, "1/7d")
		w.agree("A0")
		w.channels[engine.Email].Script("A0", down, down, down)
		c := w.order(engine.Campaign{Kind: engine.KindAd}, 1, nil)
		w.start(c)
		w.run(day)
		w.expectReasons(c, map[string]int{"delivered": 1})
	})
}
