package redisq

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// footprintPage is how many keys are measured in one round trip.
const footprintPage = 500

// Footprint measures how much memory Redis needs for a campaign, in bytes by kind of key: campaign, size, chunk, names, dir, counts, batches, due,
// awake, leases, claims, states, mark. Kinds that there are no keys of are left out. Its wakes in the queues, at most a window of them, and what is
// kept by provider are not counted. It visits every element of every key, so it is for measuring and not for use under load.
func (r *Redis) Footprint(ctx context.Context, id engine.CampaignID) (map[string]int64, error) {
	keys, err := r.footprintKeys(ctx, id)
	if err != nil {
		return nil, err
	}
	sums := map[string]int64{}
	for kind, list := range keys {
		for page := 0; page < len(list); page += footprintPage {
			n, err := r.measure(ctx, list[page:min(page+footprintPage, len(list))])
			if err != nil {
				return nil, err
			}
			if n > 0 {
				sums[kind] += n
			}
		}
	}
	return sums, nil
}

// footprintKeys gives the keys a campaign may have, by kind.
func (r *Redis) footprintKeys(ctx context.Context, id engine.CampaignID) (map[string][]string, error) {
	e, err := r.extent(ctx, id)
	if err != nil {
		return nil, err
	}
	lanes, err := r.client.HGet(ctx, countsKey(id), "lanes").Int()
	if err != nil && !missing(err) {
		return nil, fail(ctx, "read how many lanes there are", err)
	}
	keys := map[string][]string{
		"campaign": {campaignKey(id)}, "size": {sizeKey(id)}, "counts": {countsKey(id)}, "batches": {batchesKey(id)}, "due": {dueKey(id)},
		"awake": {awakeKey(id)}, "leases": {leasesKey(id)}, "claims": {claimsKey(id)},
	}
	for chunk := range e.Chunks {
		keys["chunk"] = append(keys["chunk"], chunkKey(id, chunk))
		keys["names"] = append(keys["names"], namesKey(id, chunk))
	}
	for piece := range e.Pieces {
		keys["dir"] = append(keys["dir"], pieceKey(id, e.Directed, piece))
	}
	for lane := range lanes {
		keys["states"] = append(keys["states"], fmt.Sprint(statesPrefix(id), lane))
	}
	for _, f := range engine.AllFacts() {
		for _, ch := range append(engine.ChannelNames(), engine.NoChannel) {
			keys["mark"] = append(keys["mark"], markKey(id, ch, f))
		}
	}
	return keys, nil
}

// measure sums up the memory of keys; those that are not there need none.
func (r *Redis) measure(ctx context.Context, keys []string) (sum int64, err error) {
	sizes := make([]*redis.IntCmd, len(keys))
	_, err = r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, key := range keys {
			sizes[i] = p.MemoryUsage(ctx, key, 0)
		}
		return nil
	})
	if err != nil && !missing(err) {
		return 0, fail(ctx, "measure keys", err)
	}
	for _, size := range sizes {
		if err := size.Err(); err != nil && !missing(err) {
			return 0, fail(ctx, "measure keys", err)
		}
		sum += size.Val()
	}
	return sum, nil
}
