package e2e

import (
	"testing"

	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

// TestGosuslugiIsDown takes the stand away while bills are under way: an answer is lost, then nobody answers at all. Nothing is hurried to e-mail; when
// the stand is back, everybody has one document.
func TestGosuslugiIsDown(t *testing.T) {
	const n = 2000
	w := newTown(t)
	s := w.newCabinet()
	w.serve()
	s.enrol()
	list := people(n)
	s.knows(list)
	s.stand.Misbehave(gistest.Trouble{Only: "importPaymentDocumentData", Cut: gistest.CutAfter, Requests: 1})
	id := s.bill(list)
	w.await("the first documents", func() bool { return len(s.stand.Documents(gisOrg)) > 0 })
	s.stand.Stop()
	w.await("a campaign that waits for Gosuslugi", func() bool {
		campaign, _ := w.look(s.client, id)
		return waitsFor(campaign, "breaker")
	})
	if n := w.mail.Count(); n != 0 {
		t.Errorf("%d letters", n)
	}
	if err := s.stand.Resume(); err != nil {
		t.Fatal(err)
	}
	c := w.settled(s.client, id)
	w.wantLedger(c, engine.Balance{Ordered: n, Delivered: n})
	s.placedOnce(list)
	w.mailedOnce(nil)
}
