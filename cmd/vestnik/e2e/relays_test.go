package e2e

import (
	"fmt"
	"testing"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// TestRelaysOnABadDay sends over a Postfix that keeps one domain waiting and has no time for another, beside a relay that is dead and would carry
// most of the mail. Everybody else gets the bill, those of the busy domain lose no attempt to it, and are called back in the end.
func TestRelaysOnABadDay(t *testing.T) {
	postfix := mailtest.StartPostfix(t)
	w := newTown(t)
	w.env["VESTNIK_EMAIL_RELAYS"] = "smtp://127.0.0.1:1?weight=3&starttls=off," + postfix.URL()
	w.env["VESTNIK_EMAIL_DOMAINS"] = "tarpit.example=3/0, busy.example=4/50"
	w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(120)
	for i := range list {
		switch i % 12 {
		case 3:
			list[i].email = fmt.Sprintf("r%d@tarpit.example", i)
		case 5:
			list[i].email = fmt.Sprintf("greylisted+%d@example.org", i)
		case 7:
			list[i].email = fmt.Sprintf("r%d@busy.example", i)
		}
	}
	id := w.order(c, list)
	w.await("everybody else's mail", func() bool {
		campaign, ok := w.look(c, id)
		return ok && campaign.Ledger.Delivered == 110 && campaign.Ledger.InFlight == 10
	})
	if mails, err := postfix.Delivered(110); err != nil || len(mails) != 110 {
		t.Fatalf("%d letters lie in the mailbox, %v\n%s", len(mails), err, postfix.Log())
	}
	for d, err := range c.Recipients(t.Context(), id, engine.Filter{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range d.Facts {
			if d.Outcome == engine.InFlight && (f.Fact != engine.Deferred || f.Reason != engine.Throttled) {
				t.Errorf("somebody of the busy domain: %+v", f)
			}
		}
	}
	if _, err := c.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.await("the end of the campaign", func() bool {
		campaign, ok := w.look(c, id)
		return ok && campaign.Ledger == (engine.Balance{Ordered: 120, Delivered: 110, Cancelled: 10})
	})
}
