package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

const day = 24 * time.Hour

// until is a step that waits.
func until(ch engine.ChannelName, wait time.Duration, goals ...engine.Fact) engine.Step {
	return engine.Step{Channel: ch, Wait: engine.Wait(wait), Until: goals}
}

func routeOf(lanes ...engine.Lane) engine.Route { return engine.Route{Lanes: lanes} }

func TestAGoalEndsTheLaneAtOnceThoughItsBatchWaitsForDays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		c := w.order(engine.Campaign{Kind: engine.KindAction, Route: routeOf(
			engine.Lane{until(engine.Email, 10*day, engine.Opened), {Channel: engine.VK}})}, 600, nil)
		w.start(c)
		w.run(time.Minute)
		w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 600, InFlight: 600})
		w.expectHolds(c, map[string]int{"wait/email": 600})

		w.observe(c, engine.Opened, engine.Email, 3)
		w.observe(c, engine.Clicked, engine.Email, 4) // who clicked has opened
		w.observe(c, engine.Received, engine.Email, 5)
		w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 600, Delivered: 2, InFlight: 598})

		for i := range engine.Ordinal(600) {
			w.observe(c, engine.Opened, engine.Email, i)
		}
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 600, Delivered: 600})
		w.run(20 * day) // the batches that still wait find nobody
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 600, Delivered: 600})
		w.expectTold(c, map[string]int{"ordered": 600, "sent/email": 600, "opened/email": 600, "clicked/email": 1, "received/email": 1})
	})
}

// bill gives everybody something to pay.
func bill(i int, r *engine.Recipient) {
	amount := engine.Money(1000_00)
	r.Amount, r.Period, r.DocumentID = &amount, "2026-10", fmt.Sprint("D", i)
}

// pay pays the bill of the i-th recipient.
func (w *town) pay(i int) {
	w.Helper()
	report, err := w.engine.Pay(w.Context(), "p", engine.Live, []engine.Payment{
		{Reference: fmt.Sprint("r", i), DocumentID: fmt.Sprint("D", i), Amount: 1000_00, PaidAt: time.Now()},
	})
	if err != nil || report.Matched != 1 {
		w.Fatalf("the payment of %d: %+v, %v", i, report, err)
	}
}

func TestAPaymentReachesEveryLane(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Gosuslugi, engine.Email, engine.VK, engine.Paper)
		c := w.order(engine.Campaign{Kind: engine.KindDebt, Route: routeOf(
			engine.Lane{until(engine.Gosuslugi, 2*day, engine.Paid), {Channel: engine.Paper}},
			engine.Lane{until(engine.Email, 3*day, engine.Opened), {Channel: engine.VK}},
		)}, 5, bill)
		w.start(c)
		w.pay(0) // before anything was sent
		w.run(2*day - time.Second)
		w.expectTold(c, map[string]int{"ordered": 5, "sent/gosuslugi": 4, "sent/email": 4, "payment": 1, "paid": 1})

		w.pay(1) // while its batches wait
		w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 5, Suppressed: 1, Delivered: 1, InFlight: 3})

		time.Sleep(2 * time.Second) // the first lane's batch lies in the queue now
		if wakes := w.memory.Wakes(); len(wakes) == 0 || wakes[0].At.After(time.Now()) {
			t.Fatalf("nothing is due: %v", wakes)
		}
		w.pay(2)
		w.run(time.Minute)
		w.expectTold(c, map[string]int{"ordered": 5, "sent/gosuslugi": 4, "sent/email": 4, "sent/paper": 2, "payment": 3, "paid": 3})

		w.pay(3) // when its first lane is at its end
		w.run(10 * day)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 5, Suppressed: 1, Delivered: 4})
		w.expectTold(c, map[string]int{"ordered": 5, "sent/gosuslugi": 4, "sent/email": 4, "sent/paper": 2, "sent/vk": 1, "payment": 4, "paid": 4})
	})
}

func TestAPaymentReachesABatchOnItsWayToTheNextStep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		w.set(engine.SettingQuiet, "00:00-12:00")
		c := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(
			engine.Lane{until(engine.Email, time.Hour, engine.Opened), {Channel: engine.VK}})}, 3, bill)
		w.start(c)
		w.run(3 * time.Hour)
		w.expectHolds(c, map[string]int{"send/vk quiet": 3})
		w.pay(0)
		w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 3, Delivered: 1, InFlight: 2})
		w.observe(c, engine.Opened, engine.Email, 1) // the goal it waited for, met late
		w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 3, Delivered: 2, InFlight: 1})
		w.run(day)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 3, Delivered: 3})
		w.expectTold(c, map[string]int{"ordered": 3, "sent/email": 3, "sent/vk": 1, "opened/email": 1, "payment": 1, "paid": 1})
	})
}

func TestUnpaidAfterAWeekIsReminded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		bills, reminder := engine.TemplateRef{Name: "bill", Version: 2}, engine.TemplateRef{Name: "reminder", Version: 5}
		step := engine.Step{Channel: engine.Email, Template: reminder}
		c := w.order(engine.Campaign{Kind: engine.KindBill, Template: bills, Route: routeOf(
			engine.Lane{until(engine.Email, 7*day, engine.Paid), step})}, 4, bill)
		w.start(c)
		w.run(6 * day)
		w.pay(0)
		w.run(2 * day)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 4, Delivered: 4})

		keys := map[string]string{}
		for _, msg := range w.channels[engine.Email].Taken() {
			if other, there := keys[msg.Key]; there {
				t.Errorf("%s and %s are sent under one key %s", other, msg.Content.Text, msg.Key)
			}
			keys[msg.Key] = msg.Content.Text
		}
		if len(keys) != 7 {
			t.Errorf("%d messages were sent, want 4 bills and 3 reminders", len(keys))
		}
		sent := map[engine.TemplateRef]int{}
		for _, e := range w.memory.Entries() {
			if e.Fact == engine.Sent {
				sent[e.Template] += len(e.Ordinals)
			}
		}
		if sent[bills] != 4 || sent[reminder] != 3 || len(sent) != 2 {
			t.Errorf("the journal tells of %v", sent)
		}
		if rendered := w.texts.opened(); rendered[bills] == 0 || rendered[reminder] == 0 {
			t.Errorf("the texts used are %v", rendered)
		}
	})
}
