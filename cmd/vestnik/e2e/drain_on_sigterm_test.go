package e2e

import (
	"io"
	"strings"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// TestDrainOnSIGTERM ends the server politely in the middle of a campaign, again and again, the last time with an upload and a relay that hang.
// Each time it exits with 0 in time, and nobody is written to twice.
func TestDrainOnSIGTERM(t *testing.T) {
	const most = 20 * time.Second
	w := newTown(t)
	server := w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(9000)
	id := w.order(c, list)
	for round := range 3 {
		enough := len(list)*round/4 + 1 + w.chance.IntN(len(list)/5)
		w.await("mail enough for the next end", func() bool { return len(w.letters()) >= enough })
		code, took := server.stop()
		t.Logf("round %d: %d letters, exit %d after %v", round, w.mail.Count(), code, took)
		if code != 0 || took > most {
			t.Errorf("exit %d after %v", code, took)
		}
		server = w.serve()
	}
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: 9000, Delivered: 9000})
	w.mailedOnce(list)

	hanging, half := io.Pipe()
	late := w.draft(c)
	refused := make(chan error, 1)
	go func() {
		_, err := c.PutRecipients(t.Context(), late, client.Audience{Type: client.CSV, Body: hanging})
		refused <- err
	}()
	if _, err := io.WriteString(half, csvOf(list[:10])); err != nil { // and nothing more
		t.Fatal(err)
	}
	w.mail.Misbehave(mailtest.Silent)
	slow := w.order(c, list[:10])
	w.await("somebody in flight", func() bool { now, ok := w.look(c, slow); return ok && now.Ledger.InFlight > 0 })
	if code, took := server.stop(); code != 0 || took > most {
		t.Errorf("with an upload and a relay that hang: exit %d after %v", code, took)
	}
	_ = half.CloseWithError(io.ErrClosedPipe) // or the client waits for the rest before it tells that nobody listens
	if err := <-refused; err == nil {
		t.Error("an upload that was cut off has succeeded")
	}

	w.mail.Misbehave(mailtest.None)
	w.serve()
	w.settled(c, slow)
	again, err := c.PutRecipients(t.Context(), late, client.Audience{Type: client.CSV, Body: strings.NewReader(csvOf(list[:10]))})
	if err != nil || again.Accepted+again.Duplicates != 10 {
		t.Errorf("%+v %v", again, err)
	}
	if n := w.mail.Count(); n != len(list)+10 {
		t.Errorf("%d letters instead of %d", n, len(list)+10)
	}
}
