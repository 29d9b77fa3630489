package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// confirmer makes Gosuslugi a channel that answers later.
func (w *town) confirmer(confirmed enginetest.Answer) *enginetest.Confirmer {
	ch := enginetest.NewConfirmer(enginetest.Later("receipt", time.Minute), confirmed)
	w.channels[engine.Gosuslugi], w.engine.Channels[engine.Gosuslugi] = ch.Channel, ch
	return ch
}

func TestWhatIsAnsweredLaterIsAskedForOnItsOwnSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		gis := w.confirmer(enginetest.Received())
		gis.ScriptConfirm("A1", enginetest.Later("receipt", 5*time.Minute), enginetest.Later("receipt", 0))
		c := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{{Channel: engine.Gosuslugi}, {Channel: engine.Email}})}, 600, nil)
		w.start(c)
		w.run(30 * time.Second)
		// Nobody works while it waits.
		w.expectHolds(c, map[string]int{"conf/gosuslugi": 600})
		if n := len(gis.Polls()); n != 0 {
			t.Errorf("it was asked %d times before the minute was over", n)
		}
		w.expectTold(c, map[string]int{"ordered": 600})
		w.run(time.Minute)
		w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 600, Delivered: 599, InFlight: 1})
		w.run(time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 600, Delivered: 600})
		w.expectTold(c, map[string]int{"ordered": 600, "sent/gosuslugi": 600, "received/gosuslugi": 600})
		if by := gis.PolledBy(); by["A0"] != 1 || by["A1"] != 3 {
			t.Errorf("it was asked about A0 %d times and about A1 %d times, want 1 and 3", by["A0"], by["A1"])
		}
		polls := map[int]int{}
		for _, receipt := range gis.Polls() {
			if polls[receipt.Polls]++; receipt.Text != "receipt" || receipt.Since.IsZero() {
				t.Errorf("it was asked with %+v", receipt)
			}
		}
		if polls[0] != 600 || polls[1] != 1 || polls[2] != 1 {
			t.Errorf("the receipts were asked about before as often as %v", polls)
		}
	})
}

func TestRefusedAfterAllGoesToTheNextStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		gis := w.confirmer(enginetest.Accept())
		gis.ScriptConfirm("A1", enginetest.Refuse(engine.BadAddress, "INT002"))
		c := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{{Channel: engine.Gosuslugi}, {Channel: engine.Email}})}, 3, nil)
		w.start(c)
		w.run(time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 3})
		w.expectTold(c, map[string]int{"ordered": 3, "sent/gosuslugi": 2, "failed/gosuslugi": 1, "sent/email": 1})
	})
}

func TestATemporaryFaultWhenAskedIsAnAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.engine.Retry.Tries = 3
		gis := w.confirmer(enginetest.Accept())
		fault := enginetest.Refuse(engine.Unavailable, "EXP001")
		gis.ScriptConfirm("A1", fault, fault)
		gis.ScriptConfirm("A2", fault, fault, fault)
		c := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{{Channel: engine.Gosuslugi}, {Channel: engine.Email}})}, 3, nil)
		w.start(c)
		w.run(day)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 3})
		w.expectTold(c, map[string]int{"ordered": 3, "sent/gosuslugi": 2, "deferred/gosuslugi": 2, "failed/gosuslugi": 1, "sent/email": 1})
		keys := map[string]int{}
		for _, msg := range gis.Attempts() {
			keys[msg.Key]++
		}
		if len(keys) != 3 || len(gis.Attempts()) != 1+3+3 {
			t.Errorf("the messages handed over are %v, want each attempt under the recipient's one key", keys)
		}
	})
}

func TestCancelHearsWhatBecameOfMessagesTheChannelHas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		gis := w.confirmer(enginetest.Accept())
		gis.ScriptConfirm("A1", enginetest.Refuse(engine.Refused, "INT002"))
		gis.ScriptConfirm("A2", enginetest.Refuse(engine.Unavailable, "EXP001"))
		c := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{until(engine.Gosuslugi, 5*day, engine.Opened), {Channel: engine.Email}})}, 4, nil)
		w.start(c)
		w.run(10 * time.Second)
		if _, err := w.engine.Cancel(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
		w.run(10 * time.Second)
		w.expect(c, engine.StatusCancelled, engine.Balance{Ordered: 4, InFlight: 4})
		w.run(2 * time.Minute)
		// Two were taken; of the two that were not, nobody is written to any more.
		w.expect(c, engine.StatusCancelled, engine.Balance{Ordered: 4, Delivered: 2, Cancelled: 2})
		if n := len(gis.Attempts()) + len(w.channels[engine.Email].Attempts()); n != 4 {
			t.Errorf("%d messages were handed over, want the 4 from before", n)
		}
		if ended := w.now(c).EndedAt; ended.IsZero() {
			t.Error("the campaign has not ended")
		}
	})
}
