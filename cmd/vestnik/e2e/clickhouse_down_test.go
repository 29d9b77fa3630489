package e2e

import (
	"fmt"
	"syscall"
	"testing"

	"vestnik/engine"
)

// TestClickHouseDown takes ClickHouse away: first it hangs, then it dies again and again. Letters go out all the same and residents' doors stay
// open; the journal keeps what happened, funnels are answered 503, and at the end the history has caught up.
func TestClickHouseDown(t *testing.T) {
	w := newTown(t)
	server := w.serve()
	c := w.provider("УК «Ромашка»")
	before := people(500)
	first := w.order(c, before)
	w.settled(c, first)

	server.signal(syscall.SIGSTOP)
	list := people(3000)[500:]
	id := w.order(c, list)
	w.await("the end of sending without a history", func() bool {
		campaign, ok := w.look(c, id)
		return ok && campaign.Status == engine.StatusCompleted && campaign.Ledger.Delivered == int64(len(list))
	})
	w.mailedOnce(people(3000))
	campaign, ok := w.look(c, id)
	if !ok || campaign.Funnel != nil {
		t.Errorf("a campaign without a history is told with the funnel %+v", campaign.Funnel)
	}
	w.wantDown("/v1/campaigns/"+string(id)+"/funnel?by=house", c.Key)
	w.wantDown("/v1/analytics/funnel", c.Key)
	w.wantUnready("clickhouse")
	for _, mail := range w.mail.Mails()[:20] {
		w.show(read(t, mail))
	}

	// The one that hangs is killed, and so are those that are started in its place, while residents go on.
	server.signal(syscall.SIGKILL)
	for round := range 4 {
		w.opened(c, id, list[round*500:(round+1)*500])
		w.await("a history", func() bool { _, err := c.Funnel(t.Context(), id, ""); return err == nil })
		server.signal(syscall.SIGKILL)
	}
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: 2500, Delivered: 2500})
	w.settled(c, first)
	w.await("every opened letter in the history", func() bool {
		now, ok := w.look(c, id)
		old, fine := w.look(c, first)
		return ok && fine && agrees(now) && agrees(old) && now.Funnel[3].Count == 2000 && old.Funnel[3].Count == 20
	}, func() string {
		now, _ := w.look(c, id)
		old, _ := w.look(c, first)
		return fmt.Sprintf("%+v\n%+v", now.Funnel, old.Funnel)
	})
	w.await("readiness", w.ready)
	w.mailedOnce(people(3000))
}
