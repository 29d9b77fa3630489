package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// TestTwoProviders has the relay fall silent to one of two providers in the middle of a campaign of several thousand, and Redis die and come back
// meanwhile. The other's campaign is through in its usual time, and when the relay answers again so is the first one's. Each sees its own only.
func TestTwoProviders(t *testing.T) {
	const usual = 45 * time.Second // for 2,000 on a machine that is busy; the relay's silence is waited out for a minute
	w := newTown(t)
	valve := newValve(w, "bills@silenced.example")
	w.env["VESTNIK_EMAIL_RELAYS"] = valve.url()
	w.serve()
	silenced, other := w.provider("УК «Ромашка»", "email.from=bills@silenced.example", "email.concurrent=4"), w.provider("УК «Лютик»")
	theirs, ours := people(4000), people(2000)
	for i := range theirs {
		theirs[i].email = "silenced+" + theirs[i].email
	}
	their := w.order(silenced, theirs)
	w.await("a silence", func() bool { return valve.silent.Load() >= 4 })

	begun := time.Now()
	our := w.order(other, ours)
	w.await("the first letters", func() bool { _, reached := w.post.reached(); return reached >= 200 })
	w.redis.Kill()
	w.moment(400 * time.Millisecond)
	w.redis.Start()
	campaign := w.settled(other, our)
	took := time.Since(begun)
	t.Logf("%d letters beside a relay that is silent to another provider, and over a restart of Redis: %v", len(ours), took)
	if took > usual {
		t.Errorf("the campaign of one provider took %v because the other's relay was silent", took)
	}
	w.wantLedger(campaign, engine.Balance{Ordered: 2000, Delivered: 2000})
	now, ok := w.look(silenced, their)
	if !ok || now.Status != engine.StatusRunning || now.Ledger.Delivered > 0 {
		t.Errorf("beside it the silenced one is %s: %+v", now.Status, now.Ledger)
	}

	valve.release()
	w.wantLedger(w.settled(silenced, their), engine.Balance{Ordered: 4000, Delivered: 4000})
	if extra := w.mailedAll(append(ours, theirs...)); extra > 8*engine.ChunkSize {
		t.Errorf("%d letters too many, more than were on their way when Redis was killed", extra)
	}
	wantOnly(w, other, our)
	wantOnly(w, silenced, their)
}

// wantOnly checks that a list and the totals have one campaign and nobody else's people.
func wantOnly(w *town, c *client.Client, id engine.CampaignID) {
	w.Helper()
	campaign, _ := w.look(c, id)
	for other, err := range c.AllCampaigns(w.Context()) {
		if err != nil || other.ID != id {
			w.Errorf("a list tells of %s: %v", other.ID, err)
		}
	}
	totals, err := c.Totals(w.Context(), time.Time{}, time.Time{}, "")
	if err != nil || totals.Stages[0].Count != campaign.Ledger.Ordered || totals.Stages[1].Count != campaign.Ledger.Delivered {
		w.Errorf("of %+v the totals are %+v %v", campaign.Ledger, totals, err)
	}
}

// valve stands before a mail server and falls silent as soon as a certain sender is named, until it is released.
type valve struct {
	listener net.Listener
	server   string // host and port
	sender   string
	opened   chan struct{}
	release  func()
	silent   atomic.Int32 // how many connections have fallen silent
}

func newValve(w *town, sender string) *valve {
	w.Helper()
	target, err := url.Parse(w.mail.URL())
	if err != nil {
		w.Fatal(err)
	}
	v := &valve{server: target.Host, sender: "MAIL FROM:<" + sender + ">", opened: make(chan struct{})}
	v.release = sync.OnceFunc(func() { close(v.opened) })
	if v.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		w.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := v.listener.Accept()
			if err != nil {
				return // closed
			}
			running.Go(func() { v.pass(conn) })
		}
	})
	w.Cleanup(func() {
		_ = v.listener.Close()
		v.release()
		running.Wait()
	})
	return v
}

func (v *valve) url() string { return fmt.Sprintf("smtp://%s?starttls=off", v.listener.Addr()) }

// pass carries one conversation.
func (v *valve) pass(client net.Conn) {
	server, err := net.Dial("tcp", v.server)
	if err != nil {
		_ = client.Close()
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(client, server) // ends with the connection
		_ = client.Close()
	})
	_, _ = io.Copy(writer(func(said []byte) (int, error) {
		if bytes.Contains(said, []byte(v.sender)) {
			v.silent.Add(1)
			<-v.opened
		}
		return server.Write(said)
	}), client)
	_ = server.Close()
	back.Wait()
}

// writer makes a writer of a function.
type writer func([]byte) (int, error)

// Write implements io.Writer.
func (w writer) Write(p []byte) (int, error) { return w(p) }
