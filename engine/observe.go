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
// they are durable, and steps that wait for them see them. A bounce moves its recipient on along the route; a bounce for a bad address, the
// third within thirty days for a reason that may pass, a complaint and an unsubscribe stop the address. An unknown campaign is ErrNotFound.
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
	if err := e.meet(ctx, c, key.fact, fresh); err != nil {
		return err
	}
	// The mark is set after the deeds: until then a crash makes the reporter's next try do all of it again.
	if err := e.Stores.Marks.Set(ctx, c.ID, key.channel, key.fact, fresh); err != nil {
		return fmt.Errorf("set the marks: %w", err)
	}
	// A message may come back before its batch has settled. From here on settling sees the mark (see returnedEarly); what settled between the
	// deeds and the mark is moved on now.
	if key.fact == Bounced {
		if err := e.moveOn(ctx, c, key, fresh); err != nil {
			return err
		}
	}
	if err := e.meet(ctx, c, key.fact, fresh); err != nil {
		return err
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
			if err := e.tally(ctx, c, key.channel, Bounced, len(ordinals)); err != nil {
				return err
			}
		}
		return e.heedReturn(ctx, c, key.channel, key.reason, ordinals)
	case Complained:
		if err := e.tally(ctx, c, key.channel, Complained, len(ordinals)); err != nil {
			return err
		}
		return e.stop(ctx, c, key.channel, Objected, ordinals)
	case Unsubscribed:
		return e.stop(ctx, c, key.channel, unsubscribing(c.Kind), ordinals)
	}
	return nil
}

// stop forbids to write to the recipients' addresses.
func (e *Engine) stop(ctx context.Context, c Campaign, ch ChannelName, reason Reason, ordinals Ordinals) error {
	addresses, err := e.addresses(ctx, c, ch, ordinals)
	if err != nil {
		return err
	}
	return e.stopAddresses(ctx, c.Provider, ch, reason, addresses)
}

// stopAddresses forbids to write to addresses, unless something that matters more does so already.
func (e *Engine) stopAddresses(ctx context.Context, provider ProviderID, ch ChannelName, reason Reason, addresses []string) error {
	var yielding []Reason
	switch reason {
	case Opted:
		yielding = []Reason{NoReason, Denied} // who can be written to again must not get ads then
	case Unreminded:
		yielding = []Reason{NoReason, Denied, Opted}
	case Denied:
		yielding = []Reason{NoReason}
	default:
		return e.putStops(ctx, provider, ch, reason, addresses)
	}
	free, err := e.stoppedFor(ctx, provider, ch, addresses, yielding...)
	if err != nil {
		return err
	}
	return e.putStops(ctx, provider, ch, reason, free)
}

func (e *Engine) putStops(ctx context.Context, provider ProviderID, ch ChannelName, reason Reason, addresses []string) error {
	if len(addresses) == 0 {
		return nil
	}
	if err := e.Stores.Stops.Stop(ctx, provider, ch, reason, addresses); err != nil {
		return fmt.Errorf("stop addresses: %w", err)
	}
	return nil
}

// addresses gives those of the recipients over a channel.
func (e *Engine) addresses(ctx context.Context, c Campaign, ch ChannelName, ordinals Ordinals) (list []string, err error) {
	for _, o := range ordinals {
		person, err := e.Stores.Audience.Person(ctx, c.ID, o)
		if errors.Is(err, ErrNotFound) {
			continue // the audience has expired: there is nothing left to protect an address by
		}
		if err != nil {
			return nil, fmt.Errorf("read recipient %d: %w", o, err)
		}
		if address := person.Address(ch); address != "" {
			list = append(list, address)
		}
	}
	return list, nil
}

// stoppedFor gives the addresses that are stopped for one of the reasons; NoReason: not at all.
func (e *Engine) stoppedFor(ctx context.Context, provider ProviderID, ch ChannelName, addresses []string, reasons ...Reason) (list []string, err error) {
	if len(addresses) == 0 {
		return nil, nil
	}
	found, err := e.Stores.Stops.Stopped(ctx, provider, ch, addresses)
	if err != nil {
		return nil, fmt.Errorf("read the stops: %w", err)
	}
	for k, address := range addresses {
		if slices.Contains(reasons, found[k]) {
			list = append(list, address)
		}
	}
	return list, nil
}
