package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// moveOn sends on everybody whose message was returned.
func (e *Engine) moveOn(ctx context.Context, c Campaign, why observed, ordinals Ordinals) error {
	for _, o := range ordinals {
		if err := e.returned(ctx, c, o, why); err != nil {
			return fmt.Errorf("move on after a bounce: %w", err)
		}
	}
	return nil
}

// cameEarly looks for what residents and mailboxes did with messages of a batch before it had settled, and does what would have been done
// otherwise: returned messages are sent on, goals that were met end their lanes. It tells whether there was anything.
func (e *Engine) cameEarly(ctx context.Context, r *run, p *plan) (moved bool, err error) {
	sent := p.members(Sent)
	if sent == nil {
		return false, nil
	}
	if r.step().Wait > 0 {
		met, err := e.Stores.Marks.Of(ctx, r.campaign.ID, r.batch.Chunk, goals(r.campaign.Kind, r.lane, r.batch.Step, Waiting)...)
		if err != nil {
			return false, fmt.Errorf("read the marks: %w", err)
		}
		if moved, _, err = e.endLane(ctx, r.campaign, r.batch.Chunk, r.batch.Lane, func(i int, _ State) bool { return sent.Has(i) && met.Has(i) }); err != nil {
			return moved, err
		}
	}
	back, err := e.Stores.Marks.Of(ctx, r.campaign.ID, r.batch.Chunk, Bounced)
	if err != nil {
		return moved, fmt.Errorf("read the marks: %w", err)
	}
	var suspects Ordinals // returned by some channel; which one is asked of the few only
	for i := range sent.All() {
		if back.Has(i) {
			suspects = append(suspects, OrdinalOf(r.batch.Chunk, i))
		}
	}
	if len(suspects) == 0 {
		return moved, nil
	}
	why := observed{campaign: r.campaign.ID, channel: r.step().Channel, fact: Bounced, reason: BadAddress}
	marked, err := e.Stores.Marks.Has(ctx, r.campaign.ID, why.channel, Bounced, suspects)
	if err != nil {
		return moved, fmt.Errorf("read the marks: %w", err)
	}
	came := suspects[:0]
	for k, o := range suspects {
		if marked[k] {
			came = append(came, o)
		}
	}
	return moved || len(came) > 0, e.moveOn(ctx, r.campaign, why, came)
}

// returned moves a recipient on in the lanes where the channel had taken its message: to the next step, or to the lane's end.
func (e *Engine) returned(ctx context.Context, c Campaign, o Ordinal, why observed) error {
	people, err := e.Stores.Audience.Chunk(ctx, c.ID, o.Chunk())
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("read chunk %d: %w", o.Chunk(), err)
	}
	provider, err := e.Stores.Registry.Provider(ctx, c.Provider)
	if err != nil {
		return fmt.Errorf("read provider %s: %w", c.Provider, err)
	}
	for l, lane := range c.Route.Lanes {
		for {
			states, err := e.Stores.Ledger.States(ctx, c.ID, l, o, 1)
			if err != nil {
				return fmt.Errorf("read the state: %w", err)
			}
			if s := states[0]; !s.Taken() || s.Channel != why.channel || int(s.Step) >= len(lane) {
				break
			}
			r := &run{campaign: c, provider: provider, lane: lane, people: people}
			p := plan{batch: Batch{Campaign: c.ID, Chunk: o.Chunk(), Lane: l, Step: int(states[0].Step)},
				lane: lane, expires: c.ExpiresAt, now: time.Now().Truncate(time.Millisecond), barrier: e.barrier(r)}
			p.giveBack(o.Index(), states[0], why.reason)
			_, err = e.Stores.Ledger.Return(ctx, c.ID, p.settlement)
			if errors.Is(err, ErrConflict) {
				continue
			}
			if err != nil {
				return fmt.Errorf("write the new state: %w", err)
			}
			break
		}
	}
	// Also when nobody was moved: it may have been done by a try before this one that did not come so far.
	if err := e.reopen(ctx, c); err != nil || c.Status == StatusPaused {
		return err
	}
	return e.rouse(ctx, c)
}

// reopen sets a campaign that had ended running again, because a returned message has put somebody back in flight.
func (e *Engine) reopen(ctx context.Context, c Campaign) error {
	balance, err := e.Stores.Ledger.Balance(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("read the balance: %w", err)
	}
	if balance.InFlight == 0 {
		return nil
	}
	_, err = e.Stores.Registry.ChangeCampaign(ctx, c.ID, func(c *Campaign) error {
		if c.EndedAt.IsZero() {
			return errNothing
		}
		c.EndedAt = time.Time{}
		if c.Status == StatusCompleted {
			c.Status = StatusRunning
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return fmt.Errorf("set campaign %s running again: %w", c.ID, err)
	}
	return nil
}

// heedReturn is what a message that did not arrive says of its address, whether its provider said so at once (Fault.Own) or sent it back later: nobody is
// there, and it is stopped; it takes nothing for now, which is counted; or it is not to blame.
func (e *Engine) heedReturn(ctx context.Context, c Campaign, ch ChannelName, why Reason, ordinals Ordinals) error {
	switch {
	case why == BadAddress:
		return e.stop(ctx, c, ch, PreviousBounce, ordinals)
	case why.Temporary():
		return e.tire(ctx, c, ch, ordinals)
	}
	return nil
}

// turnedAway heeds what a plan's faults say of addresses for good. Those that are tried again are not heard yet.
func (e *Engine) turnedAway(ctx context.Context, r *run, p *plan) error {
	for _, why := range []Reason{BadAddress, Unavailable, Unknown} {
		if who := p.owned[why]; who != nil {
			if err := e.heedReturn(ctx, r.campaign, r.step().Channel, why, OrdinalsOf(r.batch.Chunk, *who)); err != nil {
				return fmt.Errorf("heed refusals: %w", err)
			}
		}
	}
	return nil
}

// How many campaigns, within how many days, an address may return for reasons that may pass, such as a full mailbox, before it is taken for one
// that is not there.
const (
	tiredAfter = 3
	tiredDays  = 30
)

// kindReturned stands, where campaigns are counted by account, for those that an address has returned.
const kindReturned Kind = "returned"

// tire counts messages that came back for a reason that may pass, and stops addresses where it has happened too often.
func (e *Engine) tire(ctx context.Context, c Campaign, ch ChannelName, ordinals Ordinals) error {
	for _, o := range ordinals {
		addresses, err := e.addresses(ctx, c, ch, Ordinals{o})
		if err != nil {
			return err
		}
		if len(addresses) == 0 {
			continue
		}
		few, err := e.Stores.Frequency.Claim(ctx, c.Provider, kindReturned, c.ID, addresses, time.Now().UTC(), tiredDays, tiredAfter-1)
		if err != nil {
			return fmt.Errorf("count what an address returned: %w", err)
		}
		if few[0] {
			continue
		}
		if err := e.stop(ctx, c, ch, PreviousBounce, Ordinals{o}); err != nil {
			return err
		}
	}
	return nil
}
