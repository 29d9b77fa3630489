package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// How much of life goes on at the same time: letters whose readers are still busy with them, and doors of ours they knock at. Further
// mail waits at the mailbox, so neither memory nor the server is ever overrun.
const (
	lettersAtOnce = 4000
	doorsAtOnce   = 24
)

// Deeds counts what residents did to the messages of one campaign, as far as the server took it. Each counts once a resident.
type Deeds struct {
	Letters, Received, Opened, Clicked, Returned, Unsubscribed atomic.Int64
}

// Residents read their mail and do what they are going to do. What they hear, they hear as mailboxes do; what they do, they do at public doors.
type Residents struct {
	world   *World
	bank    *Bank
	api     *client.Client // the key under which mailboxes report
	web     *http.Client   // their browser
	reports *together[client.Event]

	ctx    context.Context // ends with them
	cancel context.CancelFunc
	lives  sync.WaitGroup
	room   chan struct{} // one place a letter
	seen   atomic.Int64  // letters that came

	mu        sync.Mutex
	campaigns map[engine.CampaignID]*errand
	slow      []slow // who did nothing, and may some other day
	failure   error  // the first
}

// errand is a campaign as residents know it.
type errand struct {
	kind  engine.Kind
	deeds *Deeds
}

// slow is a letter that was left unread.
type slow struct {
	resident Resident
	fate     Fate
	letter   letter
	errand   *errand
}

// patientResident is how long a resident waits for a page: a demo on a busy machine is slow, not broken.
const patientResident = 5 * time.Minute

// keepSlow is how many unread letters are remembered.
const keepSlow = 1000

// NewResidents moves the residents in. Close moves them out.
func NewResidents(w *World, bank *Bank, api *client.Client) *Residents {
	ctx, cancel := context.WithCancel(context.Background())
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxConnsPerHost, transport.MaxIdleConnsPerHost = doorsAtOnce, doorsAtOnce
	r := &Residents{
		world: w, bank: bank, api: api, web: &http.Client{Transport: transport, Timeout: patientResident},
		ctx: ctx, cancel: cancel, room: make(chan struct{}, lettersAtOnce), campaigns: map[engine.CampaignID]*errand{},
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
	r.campaigns[id] = &errand{kind: kind, deeds: &Deeds{}}
	return r.campaigns[id].deeds
}

// Quiet reports whether every one of so many letters has been read and answered.
func (r *Residents) Quiet(letters int) bool {
	return r.seen.Load() >= int64(letters) && len(r.room) == 0
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
	r.lives.Go(func() {
		defer func() { <-r.room }()
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
	f := r.world.Fate(p, e.kind)
	e.deeds.Letters.Add(1)
	if err := r.mailbox(p, f, l, e); err != nil || f.Returned {
		return err
	}
	if !f.Opens && f.Pays == Never {
		r.remember(slow{p, f, l, e})
		return nil
	}
	return r.read(p, f, l, e)
}

// mailbox is what the mailbox tells of the letter.
func (r *Residents) mailbox(p Resident, f Fate, l letter, e *errand) error {
	wait := f.Rest / 4
	if f.Returned {
		wait = f.Rest + late
	}
	if err := r.rest(wait); err != nil {
		return nil
	}
	at := time.Now().UTC()
	switch {
	case f.Returned:
		return r.did(&e.deeds.Returned, r.reports.add(r.ctx, event(p, l, engine.Bounced, at)))
	case f.Received:
		return r.did(&e.deeds.Received, r.reports.add(r.ctx, event(p, l, engine.Received, at)))
	}
	return nil
}

// late is how late a mailbox returns what it has taken, at least.
const late = 1500 * time.Millisecond

func event(p Resident, l letter, fact engine.Fact, at time.Time) client.Event {
	return client.Event{
		ID: string(l.campaign) + "-" + p.Account + "-" + string(fact), Type: fact, At: at, Account: p.Account, Campaign: l.campaign, Channel: engine.Email,
	}
}

// report tells the provider what mailboxes said.
func (r *Residents) report(ctx context.Context, events []client.Event) error {
	return insist(ctx, func() error {
		if _, err := r.api.Events(ctx, events); err != nil {
			return fmt.Errorf("report what mailboxes said: %w", err)
		}
		return nil
	})
}

// read is what the reader does with the letter.
func (r *Residents) read(p Resident, f Fate, l letter, e *errand) error {
	if f.Opens {
		if err := r.rest(f.Rest); err != nil {
			return nil
		}
		if err := r.did(&e.deeds.Opened, r.get(l.pixel, nil)); err != nil {
			return fmt.Errorf("open a letter: %w", err)
		}
	}
	page := ""
	if f.Clicks && l.button != "" {
		if err := r.rest(f.Rest / 2); err != nil {
			return nil
		}
		if err := r.did(&e.deeds.Clicked, r.get(l.button, &page)); err != nil {
			return fmt.Errorf("follow the button of a letter: %w", err)
		}
	}
	if f.Unsubscribes && l.unsubscribe != "" {
		if err := r.did(&e.deeds.Unsubscribed, r.post(l.unsubscribe, url.Values{"List-Unsubscribe": {"One-Click"}})); err != nil {
			return fmt.Errorf("unsubscribe: %w", err)
		}
	}
	if f.Pays == Never || f.Beforehand {
		return nil
	}
	if err := r.rest(f.Rest); err != nil {
		return nil
	}
	return r.pay(p, f, e.kind, page)
}

// pay pays what the letter asks for, on the page the button led to, or elsewhere when no letter was read.
func (r *Residents) pay(p Resident, f Fate, kind engine.Kind, page string) error {
	for _, payment := range r.world.Payments(p, f, kind) {
		payment.PaidAt = time.Now().UTC().Truncate(time.Millisecond)
		var err error
		if page != "" {
			err = r.post(strings.TrimRight(r.bank.URL, "/")+"/pay", url.Values{
				"document_id": {payment.DocumentID}, "account": {payment.Account}, "period": {payment.Period}, "amount": {payment.Amount.String()},
				"reference": {payment.Reference},
			})
		} else {
			err = r.bank.Pay(r.ctx, payment)
		}
		if err != nil {
			return fmt.Errorf("pay: %w", err)
		}
	}
	return nil
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

// get looks at an address, and tells in page where it led.
func (r *Residents) get(address string, page *string) error {
	return r.knock(http.MethodGet, address, "", page)
}

// post sends a form.
func (r *Residents) post(address string, form url.Values) error {
	return r.knock(http.MethodPost, address, form.Encode(), nil)
}

// knock asks an address, again after a while when the server says that it cannot just now.
func (r *Residents) knock(method, address, body string, page *string) error {
	return insist(r.ctx, func() error {
		request, err := http.NewRequestWithContext(r.ctx, method, address, strings.NewReader(body))
		if err != nil {
			return errors.New("an address in a letter makes no sense")
		}
		if body != "" {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return r.ask(request, page)
	})
}

// ask asks once.
func (r *Residents) ask(request *http.Request, page *string) error {
	answer, err := r.web.Do(request)
	if err != nil {
		return fmt.Errorf("a public door did not answer: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if page != nil {
		*page = answer.Request.URL.String()
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return fmt.Errorf("a public door broke off: %w", err)
	}
	if answer.StatusCode >= 300 {
		return &client.Problem{Status: answer.StatusCode, Title: "a public door is closed"}
	}
	return nil
}

// remember keeps an unread letter for Linger.
func (r *Residents) remember(s slow) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.slow) < keepSlow {
		r.slow = append(r.slow, s)
	}
}

// Linger lets one of those who left their letter unread look at it now and then, until the context ends.
func (r *Residents) Linger(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		r.mu.Lock()
		if len(r.slow) == 0 {
			r.mu.Unlock()
			return
		}
		s := r.slow[0]
		r.slow = r.slow[1:]
		r.mu.Unlock()
		s.fate.Opens, s.fate.Clicks = true, s.resident.Number%3 == 0
		if s.fate.Clicks && s.errand.kind.Payable() {
			s.fate.Pays = InFull
		}
		r.fail(r.read(s.resident, s.fate, s.letter, s.errand))
	}
}
