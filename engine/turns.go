package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Turns spaces requests to a provider of transport that counts them by sender, whichever channels and processes they come from. The nil Turns
// lets everybody through.
type Turns struct {
	pace  Pace
	name  string
	every time.Duration
}

// turnsApart is in what time as many requests are made as may be in a second: some may catch up with others on their way.
const turnsApart = 1030 * time.Millisecond

// NewTurns lets so many requests a second through for each sender of what the name says; nil, which lets all through, when perSecond is below 1.
func NewTurns(pace Pace, name string, perSecond int) *Turns {
	if perSecond < 1 {
		return nil
	}
	return &Turns{pace: pace, name: name, every: turnsApart / time.Duration(perSecond)}
}

// Wait returns when it is the sender's turn, or with the error of ctx when that ends first. Sender may be a secret: the store gets a hash of it. When
// the store does not answer the request goes at once: what is too much the other side refuses.
func (t *Turns) Wait(ctx context.Context, sender string) error {
	if t == nil {
		return nil
	}
	digest := sha256.Sum256([]byte(sender))
	wait, err := t.pace.Turn(ctx, t.name+"/"+hex.EncodeToString(digest[:]), t.every)
	if err != nil || wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
