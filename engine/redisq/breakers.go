package redisq

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"vestnik/engine"
)

// breakers is the engine's Breakers: one hash, provider and channel → token and JSON. There are as many as channels do not work, so it is small.
type breakers struct{ *Redis }

const breakersKey = "v:{breakers}"

func breakerField(provider engine.ProviderID, ch engine.ChannelName) string {
	return string(provider) + "/" + string(ch)
}

// breaker reads one, and how it was written.
func (b breakers) breaker(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName) (is engine.Breaker, value []byte, err error) {
	value, err = b.client.HGet(ctx, breakersKey, breakerField(provider, ch)).Bytes()
	if missing(err) {
		return is, nil, nil
	}
	err = readStamped(ctx, "read a breaker", value, err, &is)
	return is, value, err
}

func (b breakers) Breaker(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName) (engine.Breaker, error) {
	is, _, err := b.breaker(ctx, provider, ch)
	return is, err
}

func (b breakers) ChangeBreaker(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, change func(*engine.Breaker),
) (engine.Breaker, error) {
	for {
		is, before, err := b.breaker(ctx, provider, ch)
		if err != nil {
			return engine.Breaker{}, err
		}
		change(&is)
		is.Provider, is.Channel = provider, ch
		is.Since, is.Until = fromMillis(millis(is.Since)), fromMillis(millis(is.Until))
		var after []byte
		if is.Failures == 0 {
			is = engine.Breaker{}
		} else if after, err = stamp(is); err != nil {
			return engine.Breaker{}, fmt.Errorf("write a breaker: %w", err)
		}
		if before == nil && after == nil {
			return is, nil
		}
		done, err := b.exchange(ctx, breakersKey, breakerField(provider, ch), before, after, b.options.Retention.Milliseconds())
		if err != nil {
			return engine.Breaker{}, fail(ctx, "change a breaker", err)
		}
		if done {
			return is, nil
		}
	}
}

func (b breakers) Breakers(ctx context.Context) ([]engine.Breaker, error) {
	values, err := b.client.HVals(ctx, breakersKey).Result()
	if err != nil {
		return nil, fail(ctx, "list the breakers", err)
	}
	list := make([]engine.Breaker, len(values))
	for i, value := range values {
		if err := readStamped(ctx, "list the breakers", []byte(value), nil, &list[i]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b engine.Breaker) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Channel, b.Channel))
	})
	return list, nil
}
