package redisq

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// tally is the engine's Tally: a hash for each day, fact and hour → how many.
type tally struct{ *Redis }

// tallyAge is how long a day's hash lives from its last change on: longer than anybody looks back.
const tallyAge = 50 * time.Hour

// hourOf numbers the hours since 1970.
func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

func tallyKey(provider engine.ProviderID, ch engine.ChannelName, hour int64) string {
	return fmt.Sprintf("v:{%s}:tally:%s:%d", provider, ch, hour/24)
}

func tallyField(f engine.Fact, hour int64) string {
	return string(f) + ":" + strconv.FormatInt(hour%24, 10)
}

func (t tally) Add(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, f engine.Fact, at time.Time, n int) error {
	hour := hourOf(at)
	key := tallyKey(provider, ch, hour)
	_, err := t.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.HIncrBy(ctx, key, tallyField(f, hour), int64(n))
		p.PExpire(ctx, key, tallyAge)
		return nil
	})
	return fail(ctx, "count facts", err)
}

func (t tally) Sum(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, now time.Time, facts ...engine.Fact) ([]int64, error) {
	sums := make([]int64, len(facts))
	if len(facts) == 0 {
		return sums, nil
	}
	fields := map[string][]string{} // by key
	last := hourOf(now)
	for hour := last - 23; hour <= last; hour++ {
		key := tallyKey(provider, ch, hour)
		for _, f := range facts {
			fields[key] = append(fields[key], tallyField(f, hour))
		}
	}
	var counts []*redis.SliceCmd
	_, err := t.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for key, of := range fields {
			counts = append(counts, p.HMGet(ctx, key, of...))
		}
		return nil
	})
	if err != nil {
		return nil, fail(ctx, "sum up facts", err)
	}
	for _, cmd := range counts {
		for i, value := range cmd.Val() {
			text, there := value.(string)
			if !there {
				continue
			}
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("sum up facts: %w", err)
			}
			sums[i%len(facts)] += n // each hour's fields are in the order of the facts
		}
	}
	return sums, nil
}
