package e2e

import (
	"testing"

	"vestnik/engine"
)

// TestKill9WhileSending kills the server while it sends, again and again. Everybody gets the letter; those who get it twice were in flight at a
// kill: at most the batches under lease then, two of them, times the recipients of a batch.
func TestKill9WhileSending(t *testing.T) {
	const batches, kills = 2, 3
	w := newTown(t)
	w.env["VESTNIK_WORKER_CONCURRENCY"] = "email=2"
	server := w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(6000)
	id := w.order(c, list)
	for round := range kills {
		// At the latest when some are still to be sent, whatever was sent twice before.
		enough := len(list)*(2*round+1)/(2*kills) + w.chance.IntN(len(list)/(2*kills))
		w.await("mail enough for the next kill", func() bool { return len(w.letters()) >= enough })
		server.kill()
		t.Logf("round %d: killed after %d letters to %d people", round, w.mail.Count(), len(w.letters()))
		server = w.serve()
	}
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: 6000, Delivered: 6000})
	extra := w.mailedAll(list)
	t.Logf("%d letters were sent twice", extra)
	if most := kills * batches * engine.ChunkSize; extra > most {
		t.Errorf("%d letters too many, more than the %d that can have been in flight", extra, most)
	}
}
