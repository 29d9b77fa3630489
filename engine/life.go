package engine

import (
	"context"
	"fmt"
	"time"
)

// StatusError says that a campaign is not in a state in which it can do what was asked.
type StatusError struct {
	Status Status
	Wanted string // what was asked, for instance "start"
}

// Error tells both.
func (e *StatusError) Error() string {
	return fmt.Sprintf("cannot %s a campaign that is %s", e.Wanted, e.Status)
}

// InvalidError lists everything wrong with an order.
type InvalidError struct{ Problems []Problem }

// Error tells how many problems there are and the first.
func (e *InvalidError) Error() string {
	return fmt.Sprintf("%d problems, the first: %s: %s", len(e.Problems), e.Problems[0].Field, e.Problems[0].Message)
}

// Order writes a new campaign as a draft and gives it its identity. The template must be pinned; a route without lanes becomes the default
// route of the kind. What is wrong is told all at once by an *InvalidError.
func (e *Engine) Order(ctx context.Context, c Campaign) (Campaign, error) {
	if len(c.Route.Lanes) == 0 {
		c.Route = DefaultRoute(c.Kind)
	}
	if problems := e.check(c); len(problems) > 0 {
		return Campaign{}, &InvalidError{problems}
	}
	c.ID, c.Status, c.CreatedAt = CampaignID(NewID()), StatusDraft, time.Now().UTC().Truncate(time.Millisecond)
	return c, e.Stores.Registry.AddCampaign(ctx, c)
}

// Append adds recipients to a draft; see Audience.Append.
func (e *Engine) Append(ctx context.Context, c Campaign, list []Recipient) (Appended, error) {
	if c.Status != StatusDraft {
		return Appended{}, &StatusError{c.Status, "add recipients to"}
	}
	return e.Stores.Audience.Append(ctx, c.ID, list)
}

func (e *Engine) check(c Campaign) (problems []Problem) {
	if !c.Kind.Known() {
		return []Problem{{"kind", "unknown", fmt.Sprintf("there is no kind %q; there are %v", c.Kind, Kinds())}}
	}
	problems = c.Route.Check(c.Kind)
	if c.Urgent && c.Kind != KindOutage {
		problems = append(problems, Problem{"urgent", "forbidden", "only an outage can be urgent"})
	}
	if !c.ExpiresAt.IsZero() && !c.ExpiresAt.After(later(c.SendAt, time.Now())) {
		problems = append(problems, Problem{"expires_at", "out_of_range", "a campaign cannot expire before it begins"})
	}
	return problems
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Start begins a draft, or schedules it when its SendAt is still to come. Nobody can be added to its audience any more.
func (e *Engine) Start(ctx context.Context, id CampaignID) (Campaign, error) {
	size, err := e.Stores.Audience.Size(ctx, id)
	if err != nil {
		return Campaign{}, fmt.Errorf("read the audience's size: %w", err)
	}
	if size.Recipients == 0 {
		return Campaign{}, &InvalidError{[]Problem{{"recipients", "empty", "the campaign has no recipients yet"}}}
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	return e.turn(ctx, id, func(c *Campaign) error {
		switch {
		case c.Status != StatusDraft:
			return &StatusError{c.Status, "start"}
		case c.SendAt.After(now):
			c.Status = StatusScheduled
		default:
			c.Status, c.StartedAt = StatusRunning, now
		}
		return nil
	})
}

// turn changes a campaign's life and has a worker advance it: at once, or at its SendAt when it is scheduled.
func (e *Engine) turn(ctx context.Context, id CampaignID, change func(*Campaign) error) (Campaign, error) {
	c, err := e.Stores.Registry.ChangeCampaign(ctx, id, change)
	if err != nil || !c.Active() {
		return c, err
	}
	at := time.Now().Truncate(time.Millisecond)
	if c.Status == StatusScheduled {
		at = c.SendAt
	}
	if err := e.Stores.Queue.Put(ctx, Wake{Campaign: id, Urgent: c.Urgent, At: at}); err != nil {
		// Reconcile advances it all the same.
		e.Log.Warn("a campaign could not be woken", "campaign", id, "error", err)
	}
	return c, nil
}

// Pause holds a running campaign: what a channel already works on is finished, nothing else is sent.
func (e *Engine) Pause(ctx context.Context, id CampaignID) (Campaign, error) {
	return e.Stores.Registry.ChangeCampaign(ctx, id, func(c *Campaign) error {
		if c.Status != StatusRunning {
			return &StatusError{c.Status, "pause"}
		}
		c.Status = StatusPaused
		return nil
	})
}

// Resume lets a paused campaign go on.
func (e *Engine) Resume(ctx context.Context, id CampaignID) (Campaign, error) {
	return e.turn(ctx, id, func(c *Campaign) error {
		if c.Status != StatusPaused {
			return &StatusError{c.Status, "resume"}
		}
		c.Status = StatusRunning
		return nil
	})
}

// Cancel calls a campaign back, also those of its recipients who wait between steps. What a channel has taken stays delivered.
func (e *Engine) Cancel(ctx context.Context, id CampaignID) (Campaign, error) {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return e.turn(ctx, id, func(c *Campaign) error {
		if c.Status.Ended() {
			return &StatusError{c.Status, "cancel"}
		}
		if c.StartedAt.IsZero() {
			c.EndedAt = now
		}
		c.Status = StatusCancelled
		return nil
	})
}
