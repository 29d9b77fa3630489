package engine

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// WaitingFor is a group of recipients who are in flight for the same thing.
type WaitingFor struct {
	Phase      Phase       `json:"phase"`
	Channel    ChannelName `json:"channel"`
	Hold       Hold        `json:"hold"`
	Recipients int         `json:"recipients"` // at least: a large campaign is looked at in part
	Next       time.Time   `json:"next"`       // when the first of them goes on
}

// waitingPage is how many batches Waiting looks at.
const waitingPage = 1000

// Waiting tells what a campaign that is not at its end waits for, the largest groups first.
func (e *Engine) Waiting(ctx context.Context, c Campaign) ([]WaitingFor, error) {
	if !c.Active() {
		return nil, nil
	}
	batches, err := e.Stores.Ledger.Batches(ctx, c.ID, waitingPage)
	if err != nil {
		return nil, fmt.Errorf("list the batches: %w", err)
	}
	var list []WaitingFor
	for i := range batches {
		b := &batches[i]
		w := WaitingFor{Phase: b.Phase, Channel: c.Route.Lanes[b.Lane][b.Step].Channel, Hold: b.Hold, Next: b.Due}
		k := slices.IndexFunc(list, func(v WaitingFor) bool { return v.Phase == w.Phase && v.Channel == w.Channel && v.Hold == w.Hold })
		if k < 0 {
			list, k = append(list, w), len(list)
		}
		list[k].Recipients += b.Members.Count()
		if b.Due.Before(list[k].Next) {
			list[k].Next = b.Due
		}
	}
	slices.SortStableFunc(list, func(a, b WaitingFor) int { return b.Recipients - a.Recipients })
	return list, nil
}
