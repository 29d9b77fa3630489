package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// TestPostfix sends a campaign to a real Postfix, which delivers most of it, has some come again later and knows nobody of some names.
func TestPostfix(t *testing.T) {
	postfix := mailtest.StartPostfix(t)
	w := newTown(t)
	w.env["VESTNIK_EMAIL_RELAYS"] = postfix.URL()
	w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(120)
	nobody := map[string]engine.Reason{}
	for i := range list {
		switch i % 12 {
		case 3:
			list[i].email = fmt.Sprintf("greylisted+%d@example.org", i)
		case 7:
			list[i].email = "nobody@example.org"
			nobody[list[i].account] = engine.BadAddress
		}
	}
	id := w.order(c, list)
	campaign := w.settled(c, id)
	w.wantLedger(campaign, engine.Balance{Ordered: 120, Delivered: 110, Undelivered: 10})
	w.wantReasons(c, id, nobody)
	wantTries(w, c, id)

	mails, err := postfix.Delivered(110)
	if err != nil || len(mails) != 110 {
		t.Fatalf("%d letters lie in the mailbox, %v\n%s", len(mails), err, postfix.Log())
	}
	readers := map[string]int{}
	for _, raw := range mails {
		mail, err := enmime.ReadEnvelope(bytes.NewReader(raw))
		if err != nil || len(mail.Errors) > 0 || mail.Text == "" || mail.HTML == "" || !strings.HasPrefix(mail.GetHeader("Subject"), "Счёт за октябрь") {
			t.Errorf("a letter has not arrived as it should: %v %+v", err, mail)
		}
		readers[mail.GetHeader("To")]++
	}
	if len(readers) != 110 {
		t.Errorf("110 letters for %d people", len(readers))
	}
}

// wantTries checks what is told of those who were sent away first: deferred once, then sent.
func wantTries(w *town, c *client.Client, id engine.CampaignID) {
	w.Helper()
	deferred, failed := 0, 0
	for d, err := range c.Recipients(w.Context(), id, engine.Filter{}) {
		if err != nil {
			w.Fatal(err)
		}
		for _, f := range d.Facts {
			switch {
			case f.Fact == engine.Deferred && f.Code == "451 4.7.1" && d.Outcome == engine.Delivered:
				deferred++
			case f.Fact == engine.Failed && f.Code == "550 5.1.1" && f.Reason == engine.BadAddress:
				failed++
			}
		}
	}
	if deferred != 10 || failed != 10 {
		w.Errorf("%d were deferred and %d failed, want 10 and 10", deferred, failed)
	}
}
