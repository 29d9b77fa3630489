package e2e

import (
	"fmt"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// TestKill9WhileLoading kills the server while the journal is being moved into the history, at any moment between two inserts or in the middle
// of one. What was reported before is in the history at the end, once.
func TestKill9WhileLoading(t *testing.T) {
	const kills, share = 4, 1000
	w := newTown(t)
	server := w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(kills * share)
	id := w.order(c, list)
	w.settled(c, id)
	for round := range kills {
		w.opened(c, id, list[round*share:(round+1)*share])
		w.moment(1200 * time.Millisecond) // the loader lingers for half a second and then inserts
		server.kill()
		server = w.serve()
		// Told again, as a reporter does that has seen no answer: nothing counts twice.
		w.opened(c, id, list[round*share:round*share+share/2])
	}
	w.await("the history of everybody", func() bool {
		campaign, ok := w.look(c, id)
		return ok && agrees(campaign) && campaign.Funnel[3].Count == int64(len(list)) && campaign.Channels[engine.Email].Opened == int64(len(list))
	}, func() string { campaign, _ := w.look(c, id); return fmt.Sprintf("%+v", campaign.Funnel) })
	w.mailedOnce(list)
}

// opened reports that people have opened their bills.
func (w *town) opened(c *client.Client, id engine.CampaignID, list []person) {
	w.Helper()
	events := make([]client.Event, len(list))
	for i, p := range list {
		events[i] = client.Event{Type: engine.Opened, Account: p.account, Campaign: id, At: time.Now().Truncate(time.Millisecond)}
	}
	report, err := c.Events(w.Context(), events)
	if err != nil || report.Accepted+report.Duplicates != len(list) {
		w.Fatalf("%+v %v", report, err)
	}
}
