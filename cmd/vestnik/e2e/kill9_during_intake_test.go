package e2e

import (
	"io"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// TestKill9DuringIntake kills the server in the middle of an upload, again and again. The client does what its developer would: it sends the
// whole file once more. What was stored before each kill is counted as duplicates and nobody is lost or written to twice.
func TestKill9DuringIntake(t *testing.T) {
	w := newTown(t)
	server := w.serve()
	c := w.provider("УК «Ромашка»")
	list := people(9000)
	id, file := w.draft(c), csvOf(list)
	stored := 0
	for round := range 3 {
		// Once some rows are stored that were not before, the kill comes while more are read.
		upload := &slowFile{text: file, breaks: map[int]func(){
			len(csvOf(list[:stored+1500])): func() {
				w.await("new rows in the store", func() bool { now, ok := w.look(c, id); return ok && int(now.Ledger.Ordered) > stored })
				go func() { w.moment(20 * time.Millisecond); server.kill() }()
			},
			len(csvOf(list[:stored+2900])): func() { <-server.exited },
		}}
		if taken, err := c.PutRecipients(t.Context(), id, client.Audience{Type: client.CSV, Body: upload}); err == nil {
			t.Fatalf("round %d: an upload whose server was killed was answered %+v", round, taken)
		}
		<-server.exited
		server = w.serve()
		campaign, ok := w.look(c, id)
		now := int(campaign.Ledger.Ordered)
		if !ok || now <= stored || now >= len(list) || campaign.Status != engine.StatusDraft {
			t.Fatalf("round %d: after %d there are %d recipients, %s", round, stored, now, campaign.Status)
		}
		t.Logf("round %d: %d recipients stored", round, now)
		stored = now
	}
	taken, err := c.PutRecipients(t.Context(), id, client.Audience{Type: client.CSV, Body: &slowFile{text: file}})
	if err != nil || taken.Accepted+taken.Duplicates != len(list) || taken.Duplicates != stored || taken.Rejected > 0 {
		t.Fatalf("%d were stored: %+v %v", stored, taken, err)
	}
	w.start(c, id)
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: 9000, Delivered: 9000})
	w.mailedOnce(list)
}

// slowFile is a text that comes in small pieces, as over a network, and does something when it has been read up to certain places.
type slowFile struct {
	text   string
	read   int
	breaks map[int]func() // by how many bytes have been read
}

// Read implements io.Reader.
func (f *slowFile) Read(p []byte) (int, error) {
	if pause := f.breaks[f.read]; pause != nil {
		pause()
	}
	end := len(f.text)
	for at := range f.breaks {
		if at > f.read {
			end = min(end, at)
		}
	}
	n := copy(p[:min(len(p), 4096)], f.text[f.read:end])
	if f.read += n; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
