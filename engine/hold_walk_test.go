package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// slow makes e-mail take half a second a message: a whole batch takes four minutes.
func (w *town) slow() *enginetest.Channel {
	w.channels[engine.Email].Otherwise(enginetest.Accept().After(500 * time.Millisecond))
	return w.channels[engine.Email]
}

func TestPauseHoldsWithinTwoSecondsThoughABatchTakesMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		email := w.slow()
		finish := w.alongside(3)
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 3*engine.ChunkSize, nil)
		w.start(c)
		time.Sleep(30 * time.Second)
		must(w.engine.Pause(t.Context(), c.ID))
		time.Sleep(2 * time.Second)
		sent := len(email.Attempts())
		if sent < 100 || sent > 3*65 {
			t.Errorf("%d messages in half a minute", sent)
		}
		taken := int64(len(email.Taken()))
		w.expect(c, engine.StatusPaused, engine.Balance{Ordered: 1488, Delivered: taken, InFlight: 1488 - taken})
		time.Sleep(time.Hour)
		if n := len(email.Attempts()); n != sent {
			t.Errorf("%d messages were sent while the campaign was paused", n-sent)
		}

		must(w.engine.Resume(t.Context(), c.ID))
		time.Sleep(2 * time.Second)
		if n := len(email.Attempts()); n <= sent {
			t.Error("two seconds after it was resumed nothing is sent")
		}
		time.Sleep(time.Hour)
		finish()
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1488, Delivered: 1488})
		for account, n := range email.TakenBy() {
			if n != 1 {
				t.Errorf("%s got %d messages", account, n)
			}
		}
	})
}

func TestAPauseThatIsOverSoonLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.slow()
		finish := w.alongside(2)
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 600, nil)
		w.start(c)
		for range 20 {
			time.Sleep(700 * time.Millisecond)
			must(w.engine.Pause(t.Context(), c.ID))
			time.Sleep(300 * time.Millisecond)
			must(w.engine.Resume(t.Context(), c.ID))
		}
		time.Sleep(time.Hour)
		finish()
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 600, Delivered: 600})
	})
}

func TestCancelReachesASlowBatchAndThoseWhoWaitForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		finish := w.alongside(3)
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 3*engine.ChunkSize, nil)
		w.start(c)
		time.Sleep(time.Second)
		w.expectHolds(c, map[string]int{"wait/email": 1488})

		email := w.slow()
		d := w.order(engine.Campaign{Kind: engine.KindBill}, 3*engine.ChunkSize, nil)
		w.start(d)
		time.Sleep(30 * time.Second)
		must(w.engine.Cancel(t.Context(), c.ID))
		must(w.engine.Cancel(t.Context(), d.ID))
		time.Sleep(2 * time.Second)
		w.expect(c, engine.StatusCancelled, engine.Balance{Ordered: 1488, Delivered: 1488})
		taken := int64(len(email.Taken()) - 1488)
		w.expect(d, engine.StatusCancelled, engine.Balance{Ordered: 1488, Delivered: taken, Cancelled: 1488 - taken})
		if w.now(d).EndedAt.IsZero() {
			t.Error("the campaign has not ended")
		}
		finish()
		if n := len(w.channels[engine.VK].Attempts()); n != 0 || taken < 100 {
			t.Errorf("%d were sent by e-mail and %d in VK", taken, n)
		}
	})
}

func TestCancelReachesABatchThatFailsMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.slow()
		w.channels[engine.Email].Script("A0", enginetest.Throttle(6*time.Hour))
		finish := w.alongside(1)
		c := w.order(engine.Campaign{Kind: engine.KindAction}, 100, nil)
		w.start(c)
		time.Sleep(10 * time.Second)
		must(w.engine.Cancel(t.Context(), c.ID))
		time.Sleep(2 * time.Second)
		finish()
		if b := w.balance(c); b.InFlight != 0 || b.Delivered < 10 || b.Cancelled < 50 {
			t.Errorf("two seconds after it was cancelled the balance is %+v", b)
		}
	})
}

// sluggish are stops that take their time, and do not finish when they are given up.
type sluggish struct {
	engine.Stops
	pause time.Duration
}

func (s sluggish) Stopped(ctx context.Context, p engine.ProviderID, ch engine.ChannelName, addresses []string) ([]engine.Reason, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(s.pause):
		return s.Stops.Stopped(ctx, p, ch, addresses)
	}
}

func TestAPauseThatInterruptsAStoreKeepsNobodyFromGoingOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.engine.Stores.Stops = sluggish{w.engine.Stores.Stops, 3 * time.Second}
		finish := w.alongside(2)
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 600, nil)
		w.start(c)
		time.Sleep(500 * time.Millisecond)
		must(w.engine.Pause(t.Context(), c.ID))
		time.Sleep(2 * time.Second)
		must(w.engine.Resume(t.Context(), c.ID))
		time.Sleep(5 * time.Second)
		finish()
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 600, Delivered: 600})
	})
}

func TestAPausedCampaignIsPaidAndResumed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Gosuslugi, engine.Email)
		c := w.order(engine.Campaign{Kind: engine.KindDebt}, 3, bill)
		w.start(c)
		w.run(time.Hour)
		must(w.engine.Pause(t.Context(), c.ID))
		w.pay(1)
		w.expect(c, engine.StatusPaused, engine.Balance{Ordered: 3, Delivered: 1, InFlight: 2})
		w.run(30 * day)
		w.expectTold(c, map[string]int{"ordered": 3, "sent/gosuslugi": 3, "payment": 1, "paid": 1})
		must(w.engine.Resume(t.Context(), c.ID))
		w.run(time.Minute) // what was due while it was paused goes on at once
		w.expectTold(c, map[string]int{"ordered": 3, "sent/gosuslugi": 3, "payment": 1, "paid": 1, "sent/email": 2})
	})
}
