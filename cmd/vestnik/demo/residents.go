package demo

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

// How much of life goes on at the same time: letters whose readers are still busy with them, and doors of ours they knock at. Further
// mail waits at the mailbox, so neither memory nor the server is ever overrun.
const (
	lettersAtOnce = 4000
	doorsAtOnce   = 24
	returnsAtOnce = 8
)

// Residents read their mail and do what they are going to do. What they hear, they hear as mailboxes do; what they do, they do at public doors.
type Residents struct {
	world   *World
	bank    *Bank
	api     *client.Client // the key under which mailboxes report
	web     *http.Client   // their browser
	reports *together[client.Event]
	returns string          // "host:port" that mailboxes return letters to; empty: they only report it
	stand   *gistest.Server // where they pay in Gosuslugi
	vk      *vktest.Server  // where they talk with the company; nil: nowhere

	ctx     context.Context // ends with them
	cancel  context.CancelFunc
	lives   sync.WaitGroup
	room    chan struct{} // one place a letter
	postmen chan struct{} // one place a letter that is being returned
	seen    atomic.Int64  // letters that came
	busy    atomic.Int64  // letters that somebody is busy with

	mu        sync.Mutex
	campaigns map[engine.CampaignID]*errand
	slow      []reading // who did nothing, and may some other day
	tired     []reading // who will write "стоп" in the evening
	failure   error     // the first
}

// errand is a campaign as residents know it.
type errand struct {
	kind    engine.Kind
	deeds   *Deeds
	settled bool         // Settled was called: mailboxes return what they have not returned yet
	held    []reading    // what they are going to return
	cabinet map[int]bool // who deals with it in Gosuslugi
}

// reading is a letter in the hands of its reader.
type reading struct {
	resident Resident
	fate     Fate
	letter   letter
	errand   *errand
	document string        // by the name it has in Gosuslugi, where it is read there
	mail     mailtest.Mail // as it came, where it is going to be returned
}

// NewResidents moves the residents in. Close moves them out.
func NewResidents(w *World, bank *Bank, api *client.Client) *Residents {
	ctx, cancel := context.WithCancel(context.Background())
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = doorsAtOnce, doorsAtOnce
	r := &Residents{
		world: w, bank: bank, api: api, web: &http.Client{Transport: transport, Timeout: patience},
		ctx: ctx, cancel: cancel, room: make(chan struct{}, lettersAtOnce), postmen: make(chan struct{}, returnsAtOnce), campaigns: map[engine.CampaignID]*errand{},
	}
	r.reports = newTogether(1000, 50*time.Millisecond, r.report)
	r.lives.Go(func() { r.reports.run(ctx) })
	return r
}

// Close ends all lives and waits for their ends.
func (r *Residents) Close() {
	r.cancel()
	r.lives.Wait()
	r.web.CloseIdleConnections()
}

// Expect tells the residents of a campaign; letters of others are not touched.
func (r *Residents) Expect(id engine.CampaignID, kind engine.Kind) *Deeds {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.campaigns[id] = &errand{kind: kind, deeds: newDeeds(kind, r.world.Size), cabinet: map[int]bool{}}
	return r.campaigns[id].deeds
}

// Quiet reports whether every one of so many letters has been read and answered.
func (r *Residents) Quiet(letters int) bool {
	return r.seen.Load() >= int64(letters) && r.busy.Load() == 0
}

// Err tells what kept a resident from doing something for good; a server that only needs time is waited for.
func (r *Residents) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failure
}

// fail remembers a failure, unless it is that everything ends.
func (r *Residents) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil && r.failure == nil && r.ctx.Err() == nil {
		r.failure = err
	}
}

// Receive is what the mail server calls with each mail. It waits while too many letters are being read.
func (r *Residents) Receive(m mailtest.Mail) {
	defer r.seen.Add(1)
	select {
	case r.room <- struct{}{}:
	case <-r.ctx.Done():
		return
	}
	r.busy.Add(1)
	r.lives.Go(func() {
		defer func() { <-r.room; r.busy.Add(-1) }()
		r.fail(r.live(m))
	})
}

// live is what happens to one mail.
func (r *Residents) live(m mailtest.Mail) error {
	l, err := openLetter(m.Raw)
	if err != nil {
		return err
	}
	r.mu.Lock()
	e := r.campaigns[l.campaign]
	r.mu.Unlock()
	if e == nil || len(m.To) != 1 {
		return nil // somebody else's, such as a message ordered by hand
	}
	p, ok := r.world.At(m.To[0])
	if !ok {
		return errors.New("a letter came to nobody who lives here")
	}
	at := reading{resident: p, fate: r.world.Fate(p, e.kind), letter: l, errand: e}
	e.deeds.Gets(p.Number, engine.Email)
	if at.fate.Returned {
		at.mail = m
		return r.sendBack(at)
	}
	if err := r.arrive(at); err != nil {
		return err
	}
	r.invite(at)
	return r.use(at)
}

// use is what happens to a message that has arrived.
func (r *Residents) use(at reading) error {
	r.mu.Lock()
	there := at.errand.settledThere(at.resident.Number)
	r.mu.Unlock()
	if there {
		return nil
	}
	if !at.fate.Opens && at.fate.Pays == Never {
		r.remember(at)
		return nil
	}
	return r.read(at)
}

// did counts what was done.
func (r *Residents) did(count *atomic.Int64, err error) error {
	if err == nil {
		count.Add(1)
	}
	return err
}

// rest lets time pass.
func (r *Residents) rest(d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-r.ctx.Done():
		return r.ctx.Err()
	}
}
