package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// remind is a route that sends the bill, and a notice of debt to whoever has not paid when the wait is over.
func remind(wait time.Duration) *engine.Route {
	return &engine.Route{Lanes: []engine.Lane{{
		{Channel: engine.Email, Wait: engine.Wait(wait), Until: engine.Goals{engine.Paid}},
		{Channel: engine.Email, Template: engine.TemplateRef{Name: "debt-notice"}},
	}}}
}

// TestReminder sends bills and, to those who have not paid some time later, a reminder in words of its own: a step's own template. A payment posted
// meanwhile stops the step that waits within two seconds, and who has paid hears nothing more.
func TestReminder(t *testing.T) {
	w := newTown(t)
	w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(40)
	id := w.draftOver(c, remind(20*time.Second))
	w.add(c, id, list)
	w.start(c, id)
	w.await("the bills", func() bool {
		now, ok := w.look(c, id)
		return ok && w.mail.Count() == len(list) && now.Ledger.InFlight == 40 && waitsFor(now, "wait")
	})

	paid := list[:10]
	var payments []engine.Payment
	for i, p := range paid {
		payments = append(payments, byDocument(fmt.Sprint("payment ", i), p, p.amount))
	}
	begun := time.Now()
	w.pay(c, engine.PaymentReport{Accepted: 10, Matched: 10}, payments...)
	w.await("an end for who has paid", func() bool { now, ok := w.look(c, id); return ok && now.Ledger.InFlight == 30 })
	if took := time.Since(begun); took > holdsWithin {
		t.Errorf("a payment has stopped what waits after %v", took)
	}
	now, _ := w.look(c, id)
	w.wantLedger(now, engine.Balance{Ordered: 40, Delivered: 10, InFlight: 30})

	w.await("the end of the campaign", func() bool { now, ok := w.look(c, id); return ok && now.Status == engine.StatusCompleted })
	now, _ = w.look(c, id)
	w.wantLedger(now, engine.Balance{Ordered: 40, Delivered: 40})
	w.wantReminded(list, len(paid))
	if now.Route.Lanes[0][1].Template.Name != "debt-notice" || now.Route.Lanes[0][1].Template.Version == 0 {
		t.Errorf("the route's template is not pinned: %+v", now.Route)
	}
	w.wantStage(c, id, 5, 10)
}

// wantReminded checks that the first few got a bill alone, and everybody else a bill and then a reminder.
func (w *town) wantReminded(list []person, spared int) {
	w.Helper()
	subjects := map[string][]string{}
	for _, mail := range w.mail.Mails() {
		subjects[mail.To[0]] = append(subjects[mail.To[0]], read(w, mail).GetHeader("Subject"))
	}
	for i, p := range list {
		got, want := subjects[p.email], 2
		if i < spared {
			want = 1
		}
		if len(got) != want || !strings.Contains(got[0], "Счёт") || want == 2 && (got[1] == got[0] || strings.Contains(got[1], "Счёт")) {
			w.Errorf("recipient %d got %q", i, got)
		}
	}
}

// wantStage waits until so many have come to a stage of the funnel.
func (w *town) wantStage(c *client.Client, id engine.CampaignID, stage int, n int64) {
	w.Helper()
	w.await("a stage of the funnel", func() bool {
		now, ok := w.look(c, id)
		return ok && len(now.Funnel) > stage && now.Funnel[stage].Count == n
	}, func() string { now, _ := w.look(c, id); return fmt.Sprintf("%+v", now.Funnel) })
}
