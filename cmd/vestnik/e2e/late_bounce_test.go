package e2e

import (
	"fmt"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// TestLateBounce has letters come back after their campaign has completed. Their readers are undelivered after all, in the ledger and in the
// history, and the next campaign does not write to the addresses that do not exist.
func TestLateBounce(t *testing.T) {
	w := newTown(t)
	w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(20)
	id := w.order(c, list)
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: 20, Delivered: 20})

	at := time.Now().Truncate(time.Millisecond)
	bounces := []client.Event{
		{Type: engine.Bounced, Account: list[3].account, Campaign: id, At: at, Reason: engine.BadAddress, Code: "5.1.1"},
		{Type: engine.Bounced, DocumentID: list[4].document, At: at},
		{Type: engine.Bounced, Account: list[5].account, Campaign: id, At: at, Reason: engine.Unavailable, Code: "5.2.2"},
		{Type: engine.Bounced, Account: "nobody", Campaign: id, At: at},
	}
	for round, want := range []client.EventsReport{{Accepted: 3, Unknown: 1}, {Duplicates: 3, Unknown: 1}} {
		report, err := c.Events(t.Context(), bounces)
		if err != nil || report.Accepted != want.Accepted || report.Duplicates != want.Duplicates || report.Unknown != want.Unknown {
			t.Errorf("round %d: %+v %v", round, report, err)
		}
	}
	w.await("the bounces in the history", func() bool {
		campaign, ok := w.look(c, id)
		return ok && agrees(campaign) && campaign.Channels[engine.Email].Bounced == 3
	}, func() string { campaign, _ := w.look(c, id); return fmt.Sprintf("%+v", campaign) })
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: 20, Delivered: 17, Undelivered: 3})
	w.wantReasons(c, id, map[string]engine.Reason{
		list[3].account: engine.BadAddress, list[4].account: engine.BadAddress, list[5].account: engine.Unavailable,
	})

	// A mailbox that was full may have room again; an address that does not exist stays so.
	next := w.order(c, list)
	campaign := w.settled(c, next)
	counts := w.letters()
	for i, p := range list {
		want := 2
		if i == 3 || i == 4 {
			want = 1
		}
		if counts[p.email] != want {
			t.Errorf("recipient %d got %d letters of two campaigns, want %d", i, counts[p.email], want)
		}
	}
	if campaign.Ledger.Delivered != 18 || campaign.Ledger.Suppressed+campaign.Ledger.Undelivered != 2 {
		t.Errorf("the next campaign: %+v", campaign.Ledger)
	}
}

// wantReasons checks who of a campaign is undelivered and why.
func (w *town) wantReasons(c *client.Client, id engine.CampaignID, want map[string]engine.Reason) {
	w.Helper()
	found := 0
	for d, err := range c.Recipients(w.Context(), id, engine.Filter{Outcome: engine.Undelivered}) {
		if err != nil {
			w.Fatal(err)
		}
		found++
		if want[d.Account] != d.Reason {
			w.Errorf("%s is undelivered because %s, want %q", d.Account, d.Reason, want[d.Account])
		}
	}
	if found != len(want) {
		w.Errorf("%d are undelivered, want %d", found, len(want))
	}
}
