package demo

import (
	"context"
	"fmt"
	"net/url"
	"time"
)

// read is what the reader does with the letter: looks at it, follows its button, unsubscribes, pays. Some pay without having looked.
func (r *Residents) read(at reading) error {
	f, l, deeds := at.fate, at.letter, at.errand.deeds
	if f.Opens {
		if r.rest(f.Rest) != nil {
			return nil
		}
		if l.dialog {
			r.openDialog(at)
		} else if err := r.did(&deeds.Opened, r.get(l.pixel, nil)); err != nil {
			return fmt.Errorf("open a letter: %w", err)
		}
	}
	page := ""
	if f.Clicks && l.button != "" {
		if r.rest(f.Rest/2) != nil {
			return nil
		}
		if err := r.did(&deeds.Clicked, r.get(l.button, &page)); err != nil {
			return fmt.Errorf("follow the button of a letter: %w", err)
		}
	}
	if f.Unsubscribes && l.unsubscribe != "" {
		if err := r.did(&deeds.Unsubscribed, r.post(l.unsubscribe, url.Values{"List-Unsubscribe": {"One-Click"}})); err != nil {
			return fmt.Errorf("unsubscribe: %w", err)
		}
	}
	if f.Pays == Never || f.Beforehand || r.rest(f.Rest) != nil {
		return nil
	}
	return r.pay(at, page != "")
}

// pay pays what the letter asks for: on the page the button led to, or elsewhere.
func (r *Residents) pay(at reading, onPage bool) error {
	for _, p := range r.world.Payments(at.resident, at.fate, at.errand.kind) {
		p.PaidAt = time.Now().UTC().Truncate(time.Millisecond)
		pay := func() error { return r.bank.Pay(r.ctx, p) }
		if onPage {
			pay = func() error {
				return r.post(r.bank.URL+"/pay", url.Values{"document_id": {p.DocumentID}, "account": {p.Account}, "period": {p.Period},
					"amount": {p.Amount.String()}, "reference": {p.Reference}})
			}
		}
		if err := pay(); err != nil {
			return fmt.Errorf("pay: %w", err)
		}
	}
	return nil
}

// keepSlow is how many unread letters are remembered.
const keepSlow = 1000

// remember keeps an unread letter for Linger.
func (r *Residents) remember(at reading) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.slow) < keepSlow {
		r.slow = append(r.slow, at)
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
		at := r.slow[0]
		r.slow = r.slow[1:]
		r.mu.Unlock()
		at.fate.Opens, at.fate.Clicks = true, at.resident.Number%3 == 0
		if at.fate.Clicks && at.errand.kind.Payable() {
			at.fate.Pays = InFull
		}
		r.fail(r.read(at))
	}
}
