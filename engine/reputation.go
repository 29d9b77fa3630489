package engine

import (
	"context"
	"fmt"
	"time"
)

// Standing is what mailbox providers think of a sender, judged by the last 24 hours.
type Standing struct {
	Sent       int64   `json:"sent"`       // messages taken or refused for a bad address
	Bounced    int64   `json:"bounced"`    // to addresses that are not there, told at once or later
	Complained int64   `json:"complained"` // that residents called spam
	Verdict    Verdict `json:"verdict"`
}

// Verdict is what a Standing comes to.
type Verdict string

// The verdicts. Below a thousand messages nobody is judged.
const (
	StandingGood    Verdict = "good"
	StandingWarned  Verdict = "warned"  // 5 % bounced
	StandingStopped Verdict = "stopped" // 10 % bounced, or 0.3 % complained: the limit of the large mailbox providers
)

// Where the verdicts begin.
const (
	judgedFrom      = 1000
	warnedBounces   = 0.05
	stoppedBounces  = 0.10
	stoppedProtests = 0.003
	reconsider      = time.Hour // how long a stopped sender waits before it is judged again
)

// judgeStanding gives the verdict.
func judgeStanding(sent, bounced, complained int64) Verdict {
	share := func(n int64) float64 { return float64(n) / float64(max(sent, 1)) }
	switch {
	case sent < judgedFrom:
		return StandingGood
	case share(bounced) >= stoppedBounces, share(complained) >= stoppedProtests:
		return StandingStopped
	case share(bounced) >= warnedBounces:
		return StandingWarned
	}
	return StandingGood
}

// Standing judges the e-mail of a provider.
func (e *Engine) Standing(ctx context.Context, provider ProviderID) (Standing, error) {
	sums, err := e.Stores.Tally.Sum(ctx, provider, Email, time.Now(), Sent, Bounced, Complained)
	if err != nil {
		return Standing{}, fmt.Errorf("read the reputation: %w", err)
	}
	return Standing{sums[0], sums[1], sums[2], judgeStanding(sums[0], sums[1], sums[2])}, nil
}

// tally counts what makes a sender's reputation and stops one that has lost it: its e-mail waits behind the breaker, and nobody else's.
func (e *Engine) tally(ctx context.Context, c Campaign, ch ChannelName, f Fact, n int) error {
	if ch != Email || n == 0 || c.Mode == Test {
		return nil
	}
	now := time.Now()
	if err := e.Stores.Tally.Add(ctx, c.Provider, ch, f, now, n); err != nil {
		return fmt.Errorf("count for the reputation: %w", err)
	}
	if f == Sent {
		return nil
	}
	standing, err := e.Standing(ctx, c.Provider)
	if err != nil || standing.Verdict == StandingGood {
		return err
	}
	e.Log.Warn("messages of a provider bounce or are complained about", "provider", c.Provider, "verdict", standing.Verdict,
		"sent", standing.Sent, "bounced", standing.Bounced, "complained", standing.Complained)
	if standing.Verdict != StandingStopped {
		return nil
	}
	_, err = e.Stores.Breakers.ChangeBreaker(ctx, c.Provider, ch, func(b *Breaker) { *b = stopped(*b, now) })
	if err != nil {
		return fmt.Errorf("stop a sender: %w", err)
	}
	return nil
}

// stopped is the breaker of a sender that has lost its reputation.
func stopped(b Breaker, now time.Time) Breaker {
	if b.Reason != Refused {
		b.Since = now
	}
	b.Failures, b.Reason, b.Code, b.Until = max(b.Failures, 1), Refused, "reputation", now.Add(reconsider)
	return b
}
