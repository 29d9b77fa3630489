package e2e

import (
	"testing"

	"vestnik/engine"
)

// TestAccountsUnknownToGosuslugi has ГИС ЖКХ know every second account: the others get a letter, and nobody gets both.
func TestAccountsUnknownToGosuslugi(t *testing.T) {
	const n = 600
	w := newTown(t)
	s := w.newCabinet()
	w.serve()
	s.enrol()
	var known, unknown []person
	list := people(n)
	for i, p := range list {
		if i%2 == 0 {
			known = append(known, p)
		} else {
			unknown = append(unknown, p)
		}
	}
	s.knows(known)
	c := w.settled(s.client, s.bill(list))
	w.wantLedger(c, engine.Balance{Ordered: n, Delivered: n})
	s.wantGosuslugi(c, n/2, n/2)
	s.placedOnce(known)
	w.mailedOnce(unknown)
}
