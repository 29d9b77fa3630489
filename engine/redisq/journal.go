package redisq

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// journal is the engine's Journal: streams, each in a slot of its own, which take turns. One stream entry holds the entries of one call.
type journal struct {
	*Redis
	turn atomic.Uint32
}

// journalPage is how many entries one stream entry holds at most.
const journalPage = 256

// journalField is the one field of a stream entry.
const journalField = "e"

func journalKey(shard int) string { return fmt.Sprintf("v:journal:{%d}", shard) }

func (j *journal) Record(ctx context.Context, entries ...engine.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	var pages [][]byte
	for page := range slices.Chunk(entries, journalPage) {
		text, err := json.Marshal(page)
		if err != nil {
			return fmt.Errorf("record facts: %w", err)
		}
		pages = append(pages, text)
	}
	key := journalKey(int(j.turn.Add(1)) % j.options.JournalShards)
	add := func(c redis.Cmdable, text []byte) *redis.StringCmd {
		return c.XAdd(ctx, &redis.XAddArgs{Stream: key, Values: []any{journalField, text}})
	}
	if len(pages) == 1 {
		return fail(ctx, "record facts", add(j.client, pages[0]).Err())
	}
	_, err := j.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for _, text := range pages {
			add(p, text)
		}
		return nil
	})
	return fail(ctx, "record facts", err)
}
