package e2e

import (
	"strings"
	"testing"

	"vestnik/engine"
)

// TestRolesApart runs each role as a process of its own. Each may come late, die and be replaced while the others go on: orders are taken without
// workers, letters go out without a loader, and a second worker takes over what a killed one held.
func TestRolesApart(t *testing.T) {
	w := newTown(t)
	w.apart()
	w.env["VESTNIK_WORKER_CONCURRENCY"] = "email=2"

	api := w.serve("--roles", "api")
	c := w.provider("УК «Ромашка»")
	list := people(3000)
	id := w.order(c, list)
	campaign, ok := w.look(c, id)
	if !ok || campaign.Status != engine.StatusRunning || campaign.Ledger.InFlight != 3000 {
		t.Errorf("without workers a campaign is %s %+v", campaign.Status, campaign.Ledger)
	}

	first := w.serve("--roles", "worker")
	enough := 500 + w.chance.IntN(1000)
	w.await("the first letters", func() bool { return len(w.letters()) >= enough })
	second := w.serve("--roles", "worker")
	first.kill()
	w.await("the end of sending without a loader", func() bool {
		campaign, ok := w.look(c, id)
		return ok && campaign.Status == engine.StatusCompleted
	})
	w.show(read(t, w.mail.Mails()[0]))

	loader := w.serve("--roles", "loader")
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: 3000, Delivered: 3000})
	w.await("the opened letter", func() bool { now, ok := w.look(c, id); return ok && now.Funnel[3].Count == 1 })
	if extra := w.mailedAll(list); extra > 2*engine.ChunkSize {
		t.Errorf("%d letters too many, more than the first worker can have had in flight", extra)
	}
	for _, s := range []*server{api, second, loader} {
		if code, took := s.stop(); code != 0 {
			t.Errorf("%s: exit %d after %v", strings.Join(s.Args, " "), code, took)
		}
	}
}
