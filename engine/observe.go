package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Observation is a fact from outside: a mailbox, a tracking door, a provider's report.
type Observation struct {
	Campaign CampaignID
	Ordinal  Ordinal
	Channel  ChannelName
	Fact     Fact
	Reason   Reason // of Bounced: why it was returned; NoReason means BadAddress
	Code     string // the reporter's own code
	At       time.Time
}

// observed groups observations that become one journal entry.
type observed struct {
	campaign CampaignID
	channel  ChannelName
	fact     Fact
	reason   Reason
	code     string
}

// Observe takes facts from outside. Each fact of a recipient over a channel counts once, however often it is observed. When it returns nil
// they are durable, and steps that wait for them see them. A bounce moves its recipient on along the route; a bounce for a bad address, a
// complaint and an unsubscribe stop the address. An unknown campaign is ErrNotFound.
func (e *Engine) Observe(ctx context.Context, observations ...Observation) error {
	groups := map[observed][]Observation{}
	for _, o := range observations {
		if o.Fact == Bounced && o.Reason == NoReason {
			o.Reason = BadAddress
		}
		key := observed{o.Campaign, o.Channel, o.Fact, o.Reason, o.Code}
		groups[key] = append(groups[key], o)
	}
	for key, group := range groups {
		if err := e.observe(ctx, key, group); err != nil {
			return fmt.Errorf("observe %s in campaign %s: %w", key.fact, key.campaign, err)
		}
	}
	return nil
}

func (e *Engine) observe(ctx context.Context, key observed, group []Observation) error {
	ordinals := make(Ordinals, len(group))
	for i, o := range group {
		ordinals[i] = o.Ordinal
	}
	slices.Sort(ordinals)
	ordinals = slices.Compact(ordinals)
	known, err := e.Stores.Marks.Has(ctx, key.campaign, key.channel, key.fact, ordinals)
	if err != nil {
		return fmt.Errorf("read the marks: %w", err)
	}
	fresh := ordinals[:0]
	for i, o := range ordinals {
		if !known[i] {
			fresh = append(fresh, o)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	c, err := e.Stores.Registry.Campaign(ctx, key.campaign)
	if err != nil {
		return fmt.Errorf("read the campaign: %w", err)
	}
	entry := c.Entry(key.fact, key.channel, group[0].At)
	entry.Reason, entry.Code, entry.Ordinals = key.reason, key.code, fresh
	if err := e.Stores.Journal.Record(ctx, entry); err != nil {
		return fmt.Errorf("record the fact: %w", err)
	}
	if err := e.heed(ctx, c, key, fresh); err != nil {
		return err
	}
	// The mark is set after the deeds: until then a crash makes the reporter's next try do all of it again.
	if _, err := e.Stores.Marks.Set(ctx, c.ID, key.channel, key.fact, fresh); err != nil {
		return fmt.Errorf("set the marks: %w", err)
	}
	// A message may come back before its batch has settled. From here on settling sees the mark (see returnedEarly); what settled between the
	// deeds and the mark is moved on now.
	if key.fact == Bounced {
		if err := e.moveOn(ctx, c, key, fresh); err != nil {
			return err
		}
	}
	e.Meter.Observed(key.channel, key.fact, len(fresh))
	return nil
}

// heed does what a fact demands beside being remembered.
func (e *Engine) heed(ctx context.Context, c Campaign, key observed, ordinals Ordinals) error {
	switch key.fact {
	case Bounced:
		if err := e.moveOn(ctx, c, key, ordinals); err != nil {
			return err
		}
		if key.reason == BadAddress {
			return e.stop(ctx, c, key.channel, PreviousBounce, ordinals)
		}
	case Complained, Unsubscribed:
		return e.stop(ctx, c, key.channel, Opted, ordinals)
	}
	return nil
}

// moveOn sends on everybody whose message was returned.
func (e *Engine) moveOn(ctx context.Context, c Campaign, why observed, ordinals Ordinals) error {
	for _, o := range ordinals {
		if err := e.returned(ctx, c, o, why); err != nil {
			return fmt.Errorf("move on after a bounce: %w", err)
		}
	}
	return nil
}

// returnedEarly sends on those members of a batch that has just settled whose messages had come back before, and tells whether there were any.
func (e *Engine) returnedEarly(ctx context.Context, r *run, p *plan) (moved bool, err error) {
	sent := p.facts[happening{fact: Sent}]
	if sent == nil {
		return false, nil
	}
	back, err := e.Stores.Marks.Of(ctx, r.campaign.ID, r.batch.Chunk, Bounced)
	if err != nil {
		return false, fmt.Errorf("read the marks: %w", err)
	}
	var suspects Ordinals // returned by some channel; which one is asked of the few only
	for i := range sent.All() {
		if back.Has(i) {
			suspects = append(suspects, OrdinalOf(r.batch.Chunk, i))
		}
	}
	if len(suspects) == 0 {
		return false, nil
	}
	why := observed{campaign: r.campaign.ID, channel: r.lane[r.batch.Step].Channel, fact: Bounced, reason: BadAddress}
	marked, err := e.Stores.Marks.Has(ctx, r.campaign.ID, why.channel, Bounced, suspects)
	if err != nil {
		return false, fmt.Errorf("read the marks: %w", err)
	}
	came := suspects[:0]
	for k, o := range suspects {
		if marked[k] {
			came = append(came, o)
		}
	}
	return len(came) > 0, e.moveOn(ctx, r.campaign, why, came)
}

// stop forbids to write to the recipients' addresses.
func (e *Engine) stop(ctx context.Context, c Campaign, ch ChannelName, reason Reason, ordinals Ordinals) error {
	var addresses []string
	for _, o := range ordinals {
		person, err := e.Stores.Audience.Person(ctx, c.ID, o)
		if errors.Is(err, ErrNotFound) {
			continue // the audience has expired: there is nothing left to protect an address by
		}
		if err != nil {
			return fmt.Errorf("read recipient %d: %w", o, err)
		}
		if address := person.Address(ch); address != "" {
			addresses = append(addresses, address)
		}
	}
	if len(addresses) == 0 {
		return nil
	}
	if err := e.Stores.Stops.Stop(ctx, c.Provider, ch, reason, addresses); err != nil {
		return fmt.Errorf("stop addresses: %w", err)
	}
	return nil
}

// returned moves a recipient on in the lanes where the channel had taken its message: to the next step, or to the lane's end.
func (e *Engine) returned(ctx context.Context, c Campaign, o Ordinal, why observed) error {
	people, err := e.Stores.Audience.Chunk(ctx, c.ID, o.Chunk())
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("read chunk %d: %w", o.Chunk(), err)
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
			r := &run{campaign: c, lane: lane, people: people}
			p := plan{batch: Batch{Campaign: c.ID, Chunk: o.Chunk(), Lane: l, Step: int(states[0].Step)},
				lane: lane, now: time.Now().Truncate(time.Millisecond), reach: e.reach(r)}
			p.giveBack(o.Index(), states[0], why.reason)
			balance, err := e.Stores.Ledger.Return(ctx, c.ID, p.settlement)
			if errors.Is(err, ErrConflict) {
				continue
			}
			if err != nil {
				return fmt.Errorf("write the new state: %w", err)
			}
			if err := e.reopen(ctx, c, balance); err != nil {
				return err
			}
			if err := e.wake(ctx, c, p.settlement.Next...); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// reopen sets a campaign that had ended running again, because a returned message has put somebody back in flight.
func (e *Engine) reopen(ctx context.Context, c Campaign, balance Balance) error {
	if balance.InFlight == 0 {
		return nil
	}
	_, err := e.Stores.Registry.ChangeCampaign(ctx, c.ID, func(c *Campaign) error {
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
