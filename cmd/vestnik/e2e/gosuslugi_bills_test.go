package e2e

import (
	"testing"

	"vestnik/engine"
)

// TestBillsOverGosuslugi places the bills of everybody in ГИС ЖКХ with two workers: what the ledger says, the history says, and the stand has it.
func TestBillsOverGosuslugi(t *testing.T) {
	const n = 1200
	w := newTown(t)
	w.apart()
	s := w.newCabinet()
	w.serve("--roles", "api,loader")
	w.serve("--roles", "worker")
	w.serve("--roles", "worker")
	s.enrol()
	list := people(n)
	s.knows(list)
	c := w.settled(s.client, s.bill(list))
	w.wantLedger(c, engine.Balance{Ordered: n, Delivered: n})
	s.wantGosuslugi(c, n, 0)
	s.placedOnce(list)
	w.mailedOnce(nil)
	if got := c.Funnel[2]; got.Stage != engine.Received || got.Count != n {
		t.Errorf("%+v", c.Funnel)
	}
}
