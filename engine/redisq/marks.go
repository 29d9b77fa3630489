package redisq

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// marks is the engine's Marks: bitmaps whose bits are numbered by ordinal.
type marks struct{ *Redis }

func markKey(id engine.CampaignID, ch engine.ChannelName, f engine.Fact) string {
	return fmt.Sprintf("v:{%s}:mark:%s:%s", id, f, ch)
}

func (m marks) Set(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, f engine.Fact, ordinals engine.Ordinals) error {
	if len(ordinals) == 0 {
		return nil
	}
	bits, bytes := packBits(ordinals)
	args := append([]any{m.options.Retention.Milliseconds(), bits}, bytes...)
	return fail(ctx, "set marks", m.run(ctx, markScript, []string{markKey(id, ch, f)}, args...).Err())
}

// packBits writes ordinals as mark.lua wants them: single ones, and runs of those that fill whole bytes, which a batch has many of.
func packBits(ordinals engine.Ordinals) (bits []byte, bytes []any) {
	begin, full := uint32(0), 0 // the run so far
	flush := func() {
		if full > 0 {
			bytes, full = append(bytes, begin, strings.Repeat("\xff", full)), 0
		}
	}
	for i := 0; i < len(ordinals); {
		o := ordinals[i]
		if o%8 != 0 || len(ordinals) < i+8 || !inARow(ordinals[i:i+8]) {
			bits = binary.BigEndian.AppendUint32(bits, uint32(o))
			i++
			continue
		}
		if at := uint32(o / 8); full == 0 || at != begin+uint32(full) {
			flush()
			begin = at
		}
		full++
		i += 8
	}
	flush()
	return bits, bytes
}

func inARow(ordinals engine.Ordinals) bool {
	for i, o := range ordinals {
		if o != ordinals[0]+engine.Ordinal(i) {
			return false
		}
	}
	return true
}

// markGap is how many bytes that nobody asked for are rather read than skipped by one more command.
const markGap = 512

func (m marks) Has(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, f engine.Fact, ordinals engine.Ordinals) ([]bool, error) {
	if len(ordinals) == 0 {
		return nil, nil
	}
	type span struct {
		from, to int64 // the first byte and the last
		bytes    *redis.StringCmd
	}
	var spans []span
	of := make([]int, len(ordinals)) // the span each ordinal is in
	for i, o := range ordinals {
		at, last := int64(o/8), len(spans)-1
		if last < 0 || at < spans[last].from || at > spans[last].to+markGap {
			spans = append(spans, span{from: at, to: at})
			last++
		}
		spans[last].to = max(spans[last].to, at)
		of[i] = last
	}
	_, err := m.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range spans {
			spans[i].bytes = p.GetRange(ctx, markKey(id, ch, f), spans[i].from, spans[i].to)
		}
		return nil
	})
	if err != nil {
		return nil, fail(ctx, "read marks", err)
	}
	has := make([]bool, len(ordinals))
	for i, o := range ordinals {
		s := &spans[of[i]]
		bytes, at := s.bytes.Val(), int(int64(o/8)-s.from)
		has[i] = at < len(bytes) && bytes[at]&(0x80>>(o%8)) != 0
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
