package redisq

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// The index of an audience tells who has an account or a document: digest → ordinal, in hashes small enough to be listpacks (some 17 bytes an
// entry). Accounts and documents share the buckets; their digests differ. append.lua writes it.

// indexTiers say with which chunk a tier begins and how many buckets it has, so that a bucket has about 90 entries when its tier is full.
var indexTiers = []struct{ begin, buckets int }{{0, 32}, {3, 512}, {48, 32768}, {3072, 524288}}

// elderTiers are the lowest tiers, which are small enough to be kept in memory once they are closed: an Append to a large audience then needs
// not look into them for each account.
const elderTiers = 2

// digest is what stands for a name in Redis.
type digest = [digestSize]byte

func bucketKey(id engine.CampaignID, tier int, d digest) string {
	number := int(d[0])<<16 | int(d[1])<<8 | int(d[2])
	return fmt.Sprintf("v:{%s}:index:%d:%d", id, tier+1, number%indexTiers[tier].buckets)
}

// lookUp finds whom a digest stands for. The lowest tier has who came first.
func (r *Redis) lookUp(ctx context.Context, id engine.CampaignID, d digest) (engine.Ordinal, error) {
	found := make([]*redis.StringCmd, len(indexTiers))
	_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for tier := range indexTiers {
			found[tier] = p.HGet(ctx, bucketKey(id, tier, d), string(d[:]))
		}
		return nil
	})
	if err != nil && !missing(err) {
		return 0, fail(ctx, "find a recipient", err)
	}
	for _, cmd := range found {
		if ordinal, err := cmd.Uint64(); err == nil {
			return engine.Ordinal(ordinal), nil
		} else if !missing(err) {
			return 0, fail(ctx, "find a recipient", err)
		}
	}
	return 0, fmt.Errorf("find a recipient: %w", engine.ErrNotFound)
}

// elders remember, for the campaigns that are being filled, everything in the lowest tiers of the index. It is safe for concurrent use.
type elders struct {
	mu    sync.Mutex
	known map[engine.CampaignID]map[digest]bool
}

// eldersKept is how many campaigns are remembered, about a megabyte each.
const eldersKept = 8

// of gives what is remembered; nil if nothing is.
func (e *elders) of(id engine.CampaignID) map[digest]bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.known[id]
}

// learn reads the lowest tiers, which must be closed.
func (e *elders) learn(ctx context.Context, r *Redis, id engine.CampaignID) error {
	var fields []*redis.StringSliceCmd
	_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for tier, t := range indexTiers[:elderTiers] {
			for number := range t.buckets {
				var d digest
				binary.BigEndian.PutUint32(d[:], uint32(number)<<8)
				fields = append(fields, p.HKeys(ctx, bucketKey(id, tier, d)))
			}
		}
		return nil
	})
	if err != nil {
		return fail(ctx, "read an index", err)
	}
	known := map[digest]bool{}
	for _, cmd := range fields {
		for _, field := range cmd.Val() {
			if len(field) == digestSize {
				known[digest([]byte(field))] = true
			}
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for other := range e.known {
		if len(e.known) < eldersKept {
			break
		}
		delete(e.known, other)
	}
	e.known[id] = known
	return nil
}
