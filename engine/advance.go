package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Advance does what is due in a campaign's life by itself, and mends what a crash has left: a scheduled campaign begins, one that is
// not wholly fed is fed, batches that are due are roused, one with nobody in flight ends. It is harmless to call at any time.
func (e *Engine) Advance(ctx context.Context, id CampaignID) error {
	c, err := e.Stores.Registry.Campaign(ctx, id)
	if err != nil {
		return fmt.Errorf("read campaign %s: %w", id, err)
	}
	if c.Status == StatusScheduled && !c.SendAt.After(time.Now()) {
		if c, err = e.begin(ctx, id); err != nil {
			return err
		}
	}
	switch c.Status {
	case StatusRunning, StatusCancelled:
	default:
		return nil
	}
	if c.Status == StatusCancelled {
		if c.StartedAt.IsZero() || !c.EndedAt.IsZero() {
			return nil
		}
		if err := e.Stores.Ledger.Recall(ctx, id, time.Now()); err != nil {
			return fmt.Errorf("recall the batches: %w", err)
		}
	}
	fed, err := e.feed(ctx, c)
	if err != nil {
		return err
	}
	if err := e.rouse(ctx, c); err != nil || !fed {
		return err
	}
	return e.account(ctx, c)
}

// begin sets a scheduled campaign running whose time has come.
func (e *Engine) begin(ctx context.Context, id CampaignID) (Campaign, error) {
	return e.Stores.Registry.ChangeCampaign(ctx, id, func(c *Campaign) error {
		if c.Status != StatusScheduled {
			return &StatusError{c.Status, "start"}
		}
		c.Status, c.StartedAt = StatusRunning, time.Now().UTC().Truncate(time.Millisecond)
		return nil
	})
}

// feedSize is how many chunks are put into the ledger at once: so many that the workers have enough to do, so few that other campaigns get
// their turn in between.
const feedSize = 64

// feed puts the first batches of the next chunks that have none yet, and tells whether that was all of them. Otherwise the campaign has been
// woken to go on.
func (e *Engine) feed(ctx context.Context, c Campaign) (fed bool, err error) {
	size, err := e.Stores.Audience.Size(ctx, c.ID)
	if err != nil {
		return false, fmt.Errorf("read the audience's size: %w", err)
	}
	if err := e.Stores.Ledger.Open(ctx, c.ID, size.Recipients, len(c.Route.Lanes)); err != nil {
		return false, fmt.Errorf("open the ledger: %w", err)
	}
	from, err := e.Stores.Ledger.Fed(ctx, c.ID)
	if err != nil {
		return false, fmt.Errorf("read the feeding cursor: %w", err)
	}
	if from >= size.Chunks {
		return true, nil
	}
	to := min(from+feedSize, size.Chunks)
	if err := e.feedChunks(ctx, c, from, to); err != nil {
		if errors.Is(err, ErrConflict) {
			return false, nil // somebody else feeds this campaign
		}
		return false, err
	}
	if to == size.Chunks {
		return true, nil
	}
	return false, e.put(ctx, []Wake{{Campaign: c.ID, Urgent: c.Urgent, At: time.Now().Truncate(time.Millisecond)}})
}

func (e *Engine) feedChunks(ctx context.Context, c Campaign, from, to int) error {
	provider, err := e.Stores.Registry.Provider(ctx, c.Provider)
	if err != nil {
		return fmt.Errorf("read provider %s: %w", c.Provider, err)
	}
	now := time.Now().Truncate(time.Millisecond)
	var ordered []Entry
	var batches []Batch
	for chunk := from; chunk < to; chunk++ {
		people, err := e.Stores.Audience.Length(ctx, c.ID, chunk)
		if err != nil {
			return fmt.Errorf("read the length of chunk %d: %w", chunk, err)
		}
		if err := e.paidBefore(ctx, c, chunk); err != nil {
			return err
		}
		members := FirstMembers(people)
		entry := c.Entry(Ordered, NoChannel, now)
		entry.Chunk, entry.Ordinals = chunk, OrdinalsOf(chunk, members)
		ordered = append(ordered, entry)
		for l, lane := range c.Route.Lanes {
			batches = append(batches, Batch{
				Campaign: c.ID, Chunk: chunk, Lane: l, Step: e.firstStep(c, provider, lane), Phase: Sending, Since: now, Due: now, Members: members,
			})
		}
	}
	if err := e.Stores.Journal.Record(ctx, ordered...); err != nil {
		return fmt.Errorf("record who was ordered: %w", err)
	}
	if err := e.Stores.Ledger.Feed(ctx, c.ID, from, to, batches); err != nil {
		return fmt.Errorf("feed chunks %d to %d: %w", from, to, err)
	}
	return nil
}

// firstStep saves a trip through the queue: steps over channels that are not configured are passed over by everybody.
func (e *Engine) firstStep(c Campaign, p Provider, lane Lane) int {
	for i, step := range lane {
		if e.configured(c, p, step.Channel) {
			return i
		}
	}
	return 0
}

// account ends a campaign that has nobody in flight, and puts back whoever is in flight but in no batch.
func (e *Engine) account(ctx context.Context, c Campaign) error {
	// In this order: batches that settle between the two readings lower the balance too.
	outstanding, err := e.Stores.Ledger.Outstanding(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("count the batches: %w", err)
	}
	balance, err := e.Stores.Ledger.Balance(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("read the balance: %w", err)
	}
	switch {
	case balance.InFlight == 0:
		return e.finish(ctx, c.ID)
	case outstanding == 0:
		return e.mend(ctx, c, balance.InFlight)
	}
	return nil
}

// mend puts recipients who are in flight though no batch is left back into batches. No crash of ours leads there; a Redis that has lost what it
// had acknowledged may.
func (e *Engine) mend(ctx context.Context, c Campaign, lost int64) error {
	e.Meter.Unaccounted(lost)
	e.Log.Error("recipients are in flight but in no batch: they are put back", "campaign", c.ID, "recipients", lost)
	size, err := e.Stores.Audience.Size(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("read the audience's size: %w", err)
	}
	for chunk := range size.Chunks {
		n, err := e.Stores.Audience.Length(ctx, c.ID, chunk)
		if err != nil {
			return fmt.Errorf("read the length of chunk %d: %w", chunk, err)
		}
		for lane := range c.Route.Lanes {
			states, err := e.Stores.Ledger.States(ctx, c.ID, lane, OrdinalOf(chunk, 0), n)
			if err != nil {
				return fmt.Errorf("read the states: %w", err)
			}
			s := Settlement{Chunk: chunk, Lane: lane, Next: stranded(c.Route.Lanes[lane], chunk, lane, states, time.Now())}
			if len(s.Next) == 0 {
				continue
			}
			if _, err := e.Stores.Ledger.Return(ctx, c.ID, s); err != nil {
				return fmt.Errorf("put recipients back: %w", err)
			}
			e.Meter.Repaired(len(s.Next))
		}
	}
	return e.rouse(ctx, c)
}

// stranded makes batches of everybody in flight in a chunk, at the places their states say.
func stranded(lane Lane, chunk, number int, states []State, now time.Time) (list []Batch) {
	now = now.Truncate(time.Millisecond)
	type spot struct {
		step  uint8
		phase Phase
	}
	groups := map[spot]*Members{}
	for i, s := range states {
		if s.Outcome != InFlight || int(s.Step) >= len(lane) {
			continue
		}
		at := spot{s.Step, Sending}
		if s.Taken() {
			at.phase = phaseOf(s, lane)
		}
		if groups[at] == nil {
			groups[at] = new(Members)
		}
		groups[at].Add(i)
	}
	for at, members := range groups {
		list = append(list, Batch{Chunk: chunk, Lane: number, Step: int(at.step), Phase: at.phase, Since: now, Due: now, Members: *members})
	}
	return list
}

// finish ends a campaign of whom nobody is in flight.
func (e *Engine) finish(ctx context.Context, id CampaignID) error {
	_, err := e.Stores.Registry.ChangeCampaign(ctx, id, func(c *Campaign) error {
		if !c.EndedAt.IsZero() {
			return errNothing
		}
		if c.Status != StatusCancelled {
			c.Status = StatusCompleted
		}
		c.EndedAt = time.Now().UTC().Truncate(time.Millisecond)
		return nil
	})
	if err != nil && !errors.Is(err, errNothing) {
		return fmt.Errorf("end campaign %s: %w", id, err)
	}
	return nil
}

var errNothing = errors.New("nothing to change")

// Reconcile advances every active campaign. One worker of an installation calls it every few seconds; two at once do no harm. What fails
// for one campaign does not keep the others waiting.
func (e *Engine) Reconcile(ctx context.Context) error {
	active, err := e.Stores.Registry.Active(ctx)
	if err != nil {
		return fmt.Errorf("list the active campaigns: %w", err)
	}
	var failures []error
	for _, id := range active {
		if err := e.Advance(ctx, id); err != nil {
			failures = append(failures, fmt.Errorf("advance campaign %s: %w", id, err))
		}
	}
	return errors.Join(failures...)
}
