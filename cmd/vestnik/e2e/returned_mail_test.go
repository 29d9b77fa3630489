package e2e

import (
	"fmt"
	"strings"
	"testing"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// TestPostfixReturnsMail has a real Postfix take every letter and return, with reports of its own making, those to mailboxes that are not there.
// Their readers move on, which ends their lane, and the next campaign does not write to them.
func TestPostfixReturnsMail(t *testing.T) {
	w := newTown(t)
	w.env["VESTNIK_EMAIL_BOUNCES_DOMAIN"], w.env["VESTNIK_EMAIL_BOUNCES_LISTEN"] = "bounces.example", freeAddress(t)
	host, port, _ := strings.Cut(w.env["VESTNIK_EMAIL_BOUNCES_LISTEN"], ":")
	postfix := mailtest.StartPostfix(t, "recipient_delimiter = +", "smtpd_reject_unlisted_recipient = no",
		"virtual_mailbox_maps = inline:{ resident@example.org=box/ }", fmt.Sprintf("transport_maps = inline:{ bounces.example=smtp:[%s]:%s }", host, port))
	w.env["VESTNIK_EMAIL_RELAYS"] = postfix.URL()
	w.serve()
	c := w.provider("УК «Ромашка»")
	list, gone := people(40), map[string]engine.Reason{}
	for i := range list {
		list[i].email = fmt.Sprintf("resident+%d@example.org", i)
		if i%8 == 3 {
			list[i].email = fmt.Sprintf("gone+%d@example.org", i)
			gone[list[i].account] = engine.BadAddress
		}
	}
	id := w.order(c, list)
	w.await("the reports of Postfix", func() bool {
		campaign, ok := w.look(c, id)
		return ok && agrees(campaign) && campaign.Channels[engine.Email].Bounced == 5
	}, postfix.Log)
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: 40, Delivered: 35, Undelivered: 5})
	w.wantReasons(c, id, gone)
	if mails, err := postfix.Delivered(35); err != nil || len(mails) != 35 {
		t.Errorf("%d letters lie in the mailbox, %v", len(mails), err)
	}
	next := w.settled(c, w.order(c, list))
	if next.Ledger.Delivered != 35 || next.Channels[engine.Email].Bounced != 0 {
		t.Errorf("the next campaign: %+v", next.Ledger)
	}
}
