package redisq

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// marks is the engine's Marks: bitmaps whose bits are numbered by ordinal.
type marks struct{ *Redis }

func markKey(id engine.CampaignID, ch engine.ChannelName, f engine.Fact) string {
	return fmt.Sprintf("v:{%s}:mark:%s:%s", id, f, ch)
}

func (m marks) Set(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, f engine.Fact, ordinals engine.Ordinals) ([]bool, error) {
	if len(ordinals) == 0 {
		return nil, nil
	}
	args := make([]any, 1, 1+len(ordinals))
	args[0] = m.options.Retention.Milliseconds()
	for _, o := range ordinals {
		args = append(args, uint32(o))
	}
	was, err := m.run(ctx, markScript, []string{markKey(id, ch, f)}, args...).Text()
	if err != nil {
		return nil, fail(ctx, "set marks", err)
	}
	fresh := make([]bool, len(ordinals))
	for i := range fresh {
		fresh[i] = was[i] == '0'
	}
	return fresh, nil
}

func (m marks) Has(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, f engine.Fact, ordinals engine.Ordinals) ([]bool, error) {
	if len(ordinals) == 0 {
		return nil, nil
	}
	bits := make([]*redis.IntCmd, len(ordinals))
	_, err := m.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, o := range ordinals {
			bits[i] = p.GetBit(ctx, markKey(id, ch, f), int64(o))
		}
		return nil
	})
	if err != nil {
		return nil, fail(ctx, "read marks", err)
	}
	has := make([]bool, len(ordinals))
	for i, bit := range bits {
		has[i] = bit.Val() == 1
	}
	return has, nil
}

func (m marks) Of(ctx context.Context, id engine.CampaignID, chunk int, facts ...engine.Fact) (members engine.Members, err error) {
	if len(facts) == 0 {
		return members, nil
	}
	from := int64(chunk) * int64(len(members))
	channels := append(engine.ChannelNames(), engine.NoChannel)
	var ranges []*redis.StringCmd
	_, err = m.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, f := range facts {
			for _, ch := range channels {
				ranges = append(ranges, p.GetRange(ctx, markKey(id, ch, f), from, from+int64(len(members))-1))
			}
		}
		return nil
	})
	if err != nil {
		return members, fail(ctx, "read the marks of a chunk", err)
	}
	for _, cmd := range ranges {
		for i, b := range []byte(cmd.Val()) {
			members[i] |= b
		}
	}
	return members, nil
}

func (m marks) Count(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, f engine.Fact) (int64, error) {
	n, err := m.client.BitCount(ctx, markKey(id, ch, f), nil).Result()
	return n, fail(ctx, "count marks", err)
}
