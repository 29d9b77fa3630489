package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Advance does what is due in a campaign's life by itself, and mends what a crash has left: a scheduled campaign begins, one that is
// not wholly fed is fed, batches that nobody works on are woken, one with nobody in flight ends. It is harmless to call at any time.
func (e *Engine) Advance(ctx context.Context, id CampaignID) error {
	c, err := e.Stores.Registry.Campaign(ctx, id)
	if err != nil {
		return fmt.Errorf("read campaign %s: %w", id, err)
	}
	switch now := time.Now(); c.Status {
	case StatusScheduled:
		if c.SendAt.After(now) {
			return nil
		}
		c, err = e.Stores.Registry.ChangeCampaign(ctx, id, func(c *Campaign) error {
			if c.Status != StatusScheduled {
				return &StatusError{c.Status, "start"}
			}
			c.Status, c.StartedAt = StatusRunning, now.UTC().Truncate(time.Millisecond)
			return nil
		})
		if err != nil {
			return err
		}
		return e.feed(ctx, c)
	case StatusRunning:
		if err := e.feed(ctx, c); err != nil {
			return err
		}
		forgotten, err := e.wakeBefore(ctx, c, now.Add(-e.overdue()))
		if err != nil {
			return err
		}
		e.Meter.Repaired(forgotten)
		return e.account(ctx, c)
	case StatusCancelled:
		return e.recall(ctx, c)
	}
	return nil
}

// overdue is how late a batch must be before it counts as forgotten: a worker that died held it no longer than this.
func (e *Engine) overdue() time.Duration { return e.Lease / 2 }

// recall wakes everything, so that it sees the cancellation.
func (e *Engine) recall(ctx context.Context, c Campaign) error {
	if err := e.feed(ctx, c); err != nil {
		return err
	}
	if _, err := e.wakeBefore(ctx, c, time.Now().Add(2*time.Duration(maxWait))); err != nil {
		return err
	}
	return e.account(ctx, c)
}

// feedWindow is how many chunks are put into the ledger at once.
const feedWindow = 64

// feed puts the first batches of every chunk that has none yet.
func (e *Engine) feed(ctx context.Context, c Campaign) error {
	size, err := e.Stores.Audience.Size(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("read the audience's size: %w", err)
	}
	if err := e.Stores.Ledger.Open(ctx, c.ID, size.Recipients, len(c.Route.Lanes)); err != nil {
		return fmt.Errorf("open the ledger: %w", err)
	}
	from, err := e.Stores.Ledger.Fed(ctx, c.ID)
	if err != nil {
		return fmt.Errorf("read the feeding cursor: %w", err)
	}
	for from < size.Chunks {
		to := min(from+feedWindow, size.Chunks)
		if err := e.feedChunks(ctx, c, from, to); errors.Is(err, ErrConflict) {
			return nil // somebody else feeds this campaign
		} else if err != nil {
			return err
		}
		from = to
	}
	return nil
}

func (e *Engine) feedChunks(ctx context.Context, c Campaign, from, to int) error {
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
				Campaign: c.ID, Chunk: chunk, Lane: l, Step: e.firstStep(c, lane), Phase: Sending, Since: now, Due: now, Members: members,
			})
		}
	}
	if err := e.Stores.Journal.Record(ctx, ordered...); err != nil {
		return fmt.Errorf("record who was ordered: %w", err)
	}
	if err := e.Stores.Ledger.Feed(ctx, c.ID, from, to, batches); err != nil {
		return fmt.Errorf("feed chunks %d to %d: %w", from, to, err)
	}
	return e.wake(ctx, c, batches...)
}

// firstStep saves a trip through the queue: steps over channels that are not configured are passed over by everybody.
func (e *Engine) firstStep(c Campaign, lane Lane) int {
	for i, step := range lane {
		if e.configured(c, step.Channel) {
			return i
		}
	}
	return 0
}

// wakePage is how many batches are woken at once; what is left is woken by the next Reconcile.
const wakePage = 10_000

// wakeBefore wakes batches that are due, or whose lease ends, before the given time, and tells how many. A batch is woken for the time it is
// due at, so that a wake that still lies in the queue is not doubled; one that is due later is woken now.
func (e *Engine) wakeBefore(ctx context.Context, c Campaign, before time.Time) (int, error) {
	batches, err := e.Stores.Ledger.Batches(ctx, c.ID, before, wakePage)
	if err != nil {
		return 0, fmt.Errorf("list the batches: %w", err)
	}
	now := time.Now()
	for i := range batches {
		if batches[i].Due.After(now) {
			batches[i].Due = now.Truncate(time.Minute)
		}
	}
	return len(batches), e.wake(ctx, c, batches...)
}

// account ends a campaign that has nobody in flight, and raises the alarm when a campaign with somebody in flight has no batch left.
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
	if balance.InFlight == 0 {
		return e.finish(ctx, c.ID)
	}
	if outstanding == 0 {
		e.Meter.Unaccounted(balance.InFlight)
		e.Log.Error("recipients are in flight but in no batch", "campaign", c.ID, "recipients", balance.InFlight)
	}
	return nil
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
