package enginetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vestnik/engine"
)

// breakers is the Breakers of a Memory.
type breakers struct{ *Memory }

type senderChannel struct {
	provider engine.ProviderID
	channel  engine.ChannelName
}

func (b breakers) Breaker(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName) (engine.Breaker, error) {
	leave, err := b.enter(ctx)
	if err != nil {
		return engine.Breaker{}, err
	}
	defer leave()
	return b.breakers[senderChannel{provider, ch}], nil
}

func (b breakers) ChangeBreaker(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, change func(*engine.Breaker),
) (engine.Breaker, error) {
	for {
		before, err := b.Breaker(ctx, provider, ch)
		if err != nil {
			return engine.Breaker{}, err
		}
		after := before
		change(&after)
		after.Provider, after.Channel = provider, ch
		if after.Failures == 0 {
			after = engine.Breaker{}
		}
		after.Since, after.Until = millis(after.Since), millis(after.Until)
		done, err := b.swap(ctx, senderChannel{provider, ch}, before, after)
		if done || err != nil {
			return after, err
		}
	}
}

// swap writes after, or forgets it, if the breaker is still as it was before.
func (b breakers) swap(ctx context.Context, at senderChannel, before, after engine.Breaker) (bool, error) {
	leave, err := b.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if b.breakers[at] != before {
		return false, nil
	}
	if b.breakers[at] = after; after.Failures == 0 {
		delete(b.breakers, at)
	}
	return true, nil
}

func (b breakers) Breakers(ctx context.Context) ([]engine.Breaker, error) {
	leave, err := b.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []engine.Breaker
	for _, breaker := range b.breakers {
		list = append(list, breaker)
	}
	slices.SortFunc(list, func(a, b engine.Breaker) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Channel, b.Channel))
	})
	return list, nil
}

// tally is the Tally of a Memory.
type tally struct{ *Memory }

type hourly struct {
	provider engine.ProviderID
	channel  engine.ChannelName
	fact     engine.Fact
	hour     int64 // since 1970
}

func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

func (t tally) Add(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, f engine.Fact, at time.Time, n int) error {
	leave, err := t.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	t.tally[hourly{provider, ch, f, hourOf(at)}] += int64(n)
	return nil
}

func (t tally) Sum(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, now time.Time, facts ...engine.Fact) ([]int64, error) {
	leave, err := t.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	sums := make([]int64, len(facts))
	for i, f := range facts {
		for hour := hourOf(now) - 23; hour <= hourOf(now); hour++ {
			sums[i] += t.tally[hourly{provider, ch, f, hour}]
		}
	}
	return sums, nil
}
