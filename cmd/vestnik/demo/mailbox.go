package demo

import (
	"context"
	"fmt"
	"time"

	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// Settled tells that nobody of a campaign is on the way any more: now the mailboxes that return mail late do so.
func (r *Residents) Settled(id engine.CampaignID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.campaigns[id]
	for _, back := range e.held {
		r.busy.Add(1)
		r.lives.Go(func() {
			defer r.busy.Add(-1)
			r.fail(r.bounce(back))
		})
	}
	e.settled, e.held = true, nil
}

// sendBack returns a letter, but not before its campaign has settled: a late bounce.
func (r *Residents) sendBack(at reading) error {
	r.mu.Lock()
	hold := !at.errand.settled
	if hold {
		at.errand.held = append(at.errand.held, at)
	}
	r.mu.Unlock()
	if hold {
		return nil
	}
	return r.bounce(at)
}

// bounce has the mailbox return a letter by mail, as real ones do: with a report (RFC 3464) to the address in its envelope.
func (r *Residents) bounce(at reading) error {
	if r.returns == "" {
		return r.tell(at, engine.Bounced)
	}
	select {
	case r.postmen <- struct{}{}:
		defer func() { <-r.postmen }()
	case <-r.ctx.Done():
		return nil
	}
	at.errand.deeds.Loses(at.resident.Number, engine.Email)
	return r.did(&at.errand.deeds.Returned, insist(r.ctx, func() error {
		return mailtest.SendBack(r.returns, at.mail, "5.1.1", "no such user here")
	}))
}

// arrive is what the mailbox tells of a letter that lies there now; some mailboxes never tell.
func (r *Residents) arrive(at reading) error {
	if !at.fate.Received || r.rest(at.fate.Rest/4) != nil {
		return nil
	}
	return r.tell(at, engine.Received)
}

// tell has the mailbox report a fact, together with others, and counts it.
func (r *Residents) tell(at reading, fact engine.Fact) error {
	count := &at.errand.deeds.Received
	if fact == engine.Bounced {
		at.errand.deeds.Loses(at.resident.Number, engine.Email)
		count = &at.errand.deeds.Returned
	}
	return r.did(count, r.reports.add(r.ctx, client.Event{
		ID: string(at.letter.campaign) + "-" + at.resident.Account + "-" + string(fact), Type: fact, At: time.Now().UTC(),
		Account: at.resident.Account, Campaign: at.letter.campaign, Channel: engine.Email,
	}))
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
