package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"vestnik/api/client"
	"vestnik/engine"
)

// TestDryRunAndRetry asks beforehand who will be reached, compares it with what comes of it, and sends the campaign to the undelivered once more:
// once, and to nobody else.
func TestDryRunAndRetry(t *testing.T) {
	w := newTown(t)
	w.env["VESTNIK_RETRY_TRIES"] = "2"
	w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(40)
	for i := range list {
		switch i % 10 {
		case 3:
			list[i].email = fmt.Sprintf("full552+%d@example.org", i) // whose mailbox may have room another day
		case 7:
			list[i].email = ""
		}
	}
	id := w.draft(c)
	w.add(c, id, list)
	forecast, err := c.DryRun(t.Context(), id)
	if err != nil || forecast.Recipients != 40 || len(forecast.Channels) != 1 || forecast.Channels[0].First != 36 || len(forecast.Unreachable) != 1 ||
		forecast.Unreachable[0].Recipients != 4 || forecast.Unreachable[0].Reason != engine.NoAddress || len(forecast.Examples) != 4 {
		t.Errorf("%+v %v", forecast, err)
	}
	if now, _ := w.look(c, id); now.Status != engine.StatusDraft || w.mail.Count() > 0 {
		t.Errorf("a dry run has made it %s with %d letters", now.Status, w.mail.Count())
	}
	w.start(c, id)
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: 40, Delivered: 32, Undelivered: 8})
	before := w.mail.Count()

	again, err := c.Retry(t.Context(), id)
	if err != nil || again.RetryOf != id || again.ID == id {
		t.Fatalf("%+v %v", again, err)
	}
	w.await("the end of the retry", func() bool { now, ok := w.look(c, again.ID); return ok && now.Status == engine.StatusCompleted })
	now, _ := w.look(c, again.ID)
	w.wantLedger(now, engine.Balance{Ordered: 8, Undelivered: 8})
	for d, err := range c.Recipients(t.Context(), again.ID, engine.Filter{}) {
		if i := slices.IndexFunc(list, func(p person) bool { return p.account == d.Account }); err != nil || i%10 != 3 && i%10 != 7 {
			t.Errorf("somebody who was reached is retried: %d %v", i, err)
		}
	}
	if w.mail.Count() != before {
		t.Errorf("%d more letters", w.mail.Count()-before)
	}
	_, err = c.Retry(t.Context(), id)
	if problem, is := err.(*client.Problem); !is || problem.Status != http.StatusConflict {
		t.Errorf("another retry is answered %v", err)
	}
	if old, _ := w.look(c, id); old.RetriedBy != again.ID {
		t.Errorf("the old campaign names %q", old.RetriedBy)
	}
}
