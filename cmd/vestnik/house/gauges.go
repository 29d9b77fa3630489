package house

import (
	"context"
	"fmt"

	"vestnik/api"
	"vestnik/engine/redisq"
)

// gauge has the queues and the journal measured whenever metrics are read.
func (h *House) gauge() error {
	redis := h.redis
	err := h.Metrics.Add(
		api.Gauge{Name: "vestnik_queue_depth", Help: "Batches that are due and wait for a worker.", Label: "channel",
			Read: func(ctx context.Context) (map[string]float64, error) {
				return depths(ctx, redis, func(d redisq.Depth) int64 { return d.Pending })
			}},
		api.Gauge{Name: "vestnik_queue_scheduled", Help: "Batches that are not due yet or are tried again later.", Label: "channel",
			Read: func(ctx context.Context) (map[string]float64, error) {
				return depths(ctx, redis, func(d redisq.Depth) int64 { return d.Scheduled + d.Retry })
			}},
		api.Gauge{Name: "vestnik_journal_records", Help: "Records of the journal that are not in the history yet.",
			Read: func(ctx context.Context) (map[string]float64, error) {
				d, err := redis.Depths(ctx)
				return map[string]float64{"": float64(d.Journal)}, err
			}},
	)
	if err != nil {
		return fmt.Errorf("measure the house: %w", err)
	}
	return nil
}

// depths sums a measure of the queues by channel.
func depths(ctx context.Context, redis *redisq.Redis, of func(redisq.Depth) int64) (map[string]float64, error) {
	d, err := redis.Depths(ctx)
	if err != nil {
		return nil, err
	}
	sums := map[string]float64{}
	for _, queue := range d.Queues {
		sums[string(queue.Channel)] += float64(of(queue))
	}
	return sums, nil
}
