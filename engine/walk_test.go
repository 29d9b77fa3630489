package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

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
