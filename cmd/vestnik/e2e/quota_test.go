package e2e

import (
	"strings"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// TestQuotas bounds what one provider sends in a day and another in a second. What is beyond the day waits for the next and says so; an urgent
// outage is exempt; what is beyond the second goes a little later; a provider without bounds feels nothing of it.
func TestQuotas(t *testing.T) {
	const daily, window = 100, 10 * time.Second
	w := newTown(t)
	w.serve()
	bounded, paced, free := w.provider("УК «Ромашка»", "quota.per_day=100"), w.provider("УК «Лютик»", "email.per_second=20"), w.provider("УК «Клевер»")
	list := people(900)
	begun := moscow()
	first := w.order(bounded, list[:300])
	second := w.order(paced, list[300:600])
	third := w.order(free, list[600:])
	w.wantLedger(w.settled(free, third), engine.Balance{Ordered: 300, Delivered: 300})

	var campaign client.Campaign
	w.await("a campaign that waits for its quota", func() bool {
		campaign, _ = w.look(bounded, first)
		return campaign.Ledger.Delivered >= daily && len(campaign.WaitingFor) == 1 && waitsFor(campaign, "quota")
	})
	now := moscow()
	days := int64(1)
	if now.Day() != begun.Day() {
		days = 2 // it was midnight meanwhile
	}
	if campaign.Ledger.Delivered > daily*days || campaign.WaitingFor[0].Next.Before(now) || campaign.WaitingFor[0].Next.After(now.Add(25*time.Hour)) {
		t.Errorf("%+v %+v", campaign.Ledger, campaign.WaitingFor)
	}
	urgent := w.urgent(bounded, list[:50])
	w.await("the urgent notice", func() bool { now, ok := w.look(bounded, urgent); return ok && now.Ledger.Delivered == 50 })

	w.wantLedger(w.settled(paced, second), engine.Balance{Ordered: 300, Delivered: 300})
	ours, windows := map[string]bool{}, map[time.Time]int{}
	for _, p := range list[300:600] {
		ours[p.email] = true
	}
	for _, mail := range w.mail.Mails() {
		if ours[mail.To[0]] {
			windows[mail.At.Truncate(window)]++
		}
	}
	if len(windows) < 2 {
		t.Errorf("300 letters at 20 a second went out within %v: %v", window, windows)
	}
}

// urgent sends word of an outage.
func (w *town) urgent(c *client.Client, list []person) engine.CampaignID {
	w.Helper()
	campaign, err := c.CreateCampaign(w.Context(), client.Order{
		Name: "Авария", Kind: engine.KindOutage, Template: "outage-urgent", Route: onlyEmail, Urgent: true,
		Vars: map[string]any{"service": "Холодная вода", "from": time.Now().Format(time.RFC3339), "reason": "Авария на сети"},
	})
	if err != nil {
		w.Fatal(err)
	}
	taken, err := c.PutRecipients(w.Context(), campaign.ID, client.Audience{Type: client.CSV, Body: strings.NewReader(csvOf(list))})
	if err != nil || taken.Accepted != len(list) {
		w.Fatalf("%+v %v", taken, err)
	}
	w.start(c, campaign.ID)
	return campaign.ID
}
