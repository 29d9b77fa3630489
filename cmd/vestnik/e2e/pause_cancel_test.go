package e2e

import (
	"slices"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// holdsWithin is how soon a pause, a cancellation or a payment is to reach everything that is under way.
const holdsWithin = 2 * time.Second

// TestPause holds a campaign in the middle of batches that a slow relay takes letter by letter. Two seconds later not one more goes out; resumed,
// it goes on where it was, and nobody gets the bill twice.
func TestPause(t *testing.T) {
	w := newTown(t, func(o *mailtest.Options) { o.Delay = 100 * time.Millisecond })
	w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(1500)
	for i := range list {
		list[i].email = "slow+" + list[i].email
	}
	id := w.order(c, list)
	w.await("the first letters", func() bool { _, reached := w.post.reached(); return reached >= 50 })
	if _, err := c.Pause(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	paused := time.Now()
	<-time.After(holdsWithin)
	held := w.mail.Count()
	<-time.After(holdsWithin)
	if now := w.mail.Count(); now != held || held == len(list) {
		t.Errorf("%v after the pause %d letters had gone out, and then %d more", holdsWithin, held, now-held)
	}
	if late := countAfter(w.mail.Mails(), paused.Add(holdsWithin)); late > 0 {
		t.Errorf("%d letters went out later than %v after the pause", late, holdsWithin)
	}
	campaign, ok := w.look(c, id)
	if !ok || campaign.Status != engine.StatusPaused || !waitsFor(campaign, "resume") || int(campaign.Ledger.Delivered) > held {
		t.Errorf("paused it is %s %+v %+v", campaign.Status, campaign.Ledger, campaign.WaitingFor)
	}
	if _, err := c.Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: 1500, Delivered: 1500})
	w.mailedOnce(list)
}

func countAfter(mails []mailtest.Mail, at time.Time) (n int) {
	for _, mail := range mails {
		if mail.At.After(at) {
			n++
		}
	}
	return n
}

func waitsFor(c client.Campaign, phase string) bool {
	return slices.ContainsFunc(c.WaitingFor, func(w client.Wait) bool { return w.Phase == phase })
}

// TestCancel calls back a campaign whose recipients all wait for days. It ends at once; who was written to stays delivered and gets nothing more.
func TestCancel(t *testing.T) {
	w := newTown(t)
	w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(1200)
	id := w.draftOver(c, remind(72*time.Hour))
	w.add(c, id, list)
	w.start(c, id)
	w.await("a campaign that only waits", func() bool {
		campaign, ok := w.look(c, id)
		return ok && w.mail.Count() == len(list) && len(campaign.WaitingFor) == 1 && campaign.WaitingFor[0].Phase == "wait" && campaign.WaitingFor[0].Recipients == 1200
	})
	begun := time.Now()
	if _, err := c.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	var campaign client.Campaign
	w.await("the end of a cancelled campaign", func() bool { campaign, _ = w.look(c, id); return !campaign.EndedAt.IsZero() })
	if took := campaign.EndedAt.Sub(begun); took > holdsWithin || campaign.Status != engine.StatusCancelled {
		t.Errorf("it is %s %v after it was cancelled", campaign.Status, took)
	}
	if campaign.Ledger.InFlight != 0 || campaign.Ledger.Delivered+campaign.Ledger.Cancelled != 1200 {
		t.Errorf("%+v", campaign.Ledger)
	}
	w.mailedOnce(list)
}
