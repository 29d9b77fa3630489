package engine

import (
	"context"
	"fmt"
	"time"
)

// RetriedError says that the undelivered of a campaign were ordered once more already: another time they would get two messages.
type RetriedError struct{ By CampaignID }

// Error tells by which campaign.
func (e *RetriedError) Error() string {
	return "the undelivered of this campaign are retried by campaign " + string(e.By)
}

// Again orders the undelivered of an ended campaign once more, as a campaign of their own with the same texts and route, and starts it. A
// campaign that has not ended is a *StatusError, one that was retried a *RetriedError, one without undelivered an *InvalidError, one whose
// audience has expired ErrNotFound.
func (e *Engine) Again(ctx context.Context, id CampaignID) (Campaign, error) {
	old, err := e.Stores.Registry.Campaign(ctx, id)
	switch {
	case err != nil:
		return Campaign{}, err
	case !old.Status.Ended() || old.EndedAt.IsZero():
		return Campaign{}, &StatusError{old.Status, "retry"}
	case old.RetriedBy != "":
		return Campaign{}, &RetriedError{old.RetriedBy}
	}
	balance, err := e.Stores.Ledger.Balance(ctx, id)
	if err != nil {
		return Campaign{}, fmt.Errorf("read the balance: %w", err)
	}
	if balance.Undelivered == 0 {
		return Campaign{}, &InvalidError{[]Problem{{"recipients", "empty", "everybody was reached: there is nobody to retry"}}}
	}
	again := Campaign{
		Provider: old.Provider, Mode: old.Mode, Name: old.Name, Kind: old.Kind, Template: old.Template, Route: old.Route,
		Urgent: old.Urgent, Reference: old.Reference, Vars: old.Vars, RetryOf: old.ID,
	}
	if old.ExpiresAt.After(time.Now()) {
		again.ExpiresAt = old.ExpiresAt
	}
	if again, err = e.Order(ctx, again); err != nil {
		return Campaign{}, fmt.Errorf("order the undelivered once more: %w", err)
	}
	if err := e.appendUndelivered(ctx, old, again); err != nil {
		return Campaign{}, err
	}
	_, err = e.Stores.Registry.ChangeCampaign(ctx, old.ID, func(c *Campaign) error {
		if c.RetriedBy != "" {
			return &RetriedError{c.RetriedBy}
		}
		c.RetriedBy = again.ID
		return nil
	})
	if err != nil {
		return Campaign{}, err // a draft is left that nobody starts
	}
	return e.Start(ctx, again.ID)
}

// appendUndelivered copies whom the old campaign has not reached into the audience of the new one.
func (e *Engine) appendUndelivered(ctx context.Context, old, again Campaign) error {
	size, err := e.Stores.Audience.Size(ctx, old.ID)
	if err != nil {
		return fmt.Errorf("read the audience's size: %w", err)
	}
	var list []Recipient
	flush := func() error {
		if len(list) == 0 {
			return nil
		}
		if _, err := e.Stores.Audience.Append(ctx, again.ID, list); err != nil {
			return fmt.Errorf("add recipients: %w", err)
		}
		list = nil
		return nil
	}
	for chunk := range size.Chunks {
		found, err := e.chunkPeople(ctx, old, Filter{Outcome: Undelivered}, chunk)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			continue
		}
		people, err := e.Stores.Audience.Chunk(ctx, old.ID, chunk)
		if err != nil {
			return fmt.Errorf("read chunk %d: %w", chunk, err)
		}
		for _, p := range found {
			if list = append(list, people[p.Ordinal.Index()]); len(list) == ChunkSize {
				if err := flush(); err != nil {
					return err
				}
			}
		}
	}
	return flush()
}
