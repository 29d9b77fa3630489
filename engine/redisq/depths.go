package redisq

import (
	"context"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// Depth is how much lies in the queues of one channel and urgency.
type Depth struct {
	Channel   engine.ChannelName
	Urgent    bool
	Pending   int64 // due, waiting for a worker
	Active    int64 // being worked on, or its worker has died within the last minutes
	Scheduled int64 // not due yet
	Retry     int64 // failed, waiting to be tried again
}

// Depths is what metrics show of Redis.
type Depths struct {
	Queues  []Depth
	Journal int64 // records that are not in the history yet
}

// Depths measures the queues and the journal.
func (r *Redis) Depths(ctx context.Context) (Depths, error) {
	var d Depths
	sums := map[*redis.IntCmd]func(*Depth) *int64{}
	owner := map[*redis.IntCmd]int{}
	_, err := r.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, ch := range engine.ChannelNames() {
			for _, urgent := range []bool{true, false} {
				d.Queues = append(d.Queues, Depth{Channel: ch, Urgent: urgent})
				for shard := range r.options.QueueShards {
					key := "asynq:{" + queueName(ch, urgent, shard) + "}:"
					for cmd, sum := range map[*redis.IntCmd]func(*Depth) *int64{
						p.LLen(ctx, key+"pending"):    func(d *Depth) *int64 { return &d.Pending },
						p.LLen(ctx, key+"active"):     func(d *Depth) *int64 { return &d.Active },
						p.ZCard(ctx, key+"scheduled"): func(d *Depth) *int64 { return &d.Scheduled },
						p.ZCard(ctx, key+"retry"):     func(d *Depth) *int64 { return &d.Retry },
					} {
						sums[cmd], owner[cmd] = sum, len(d.Queues)-1
					}
				}
			}
		}
		return nil
	})
	if err != nil {
		return Depths{}, fail(ctx, "measure the queues", err)
	}
	for cmd, sum := range sums {
		*sum(&d.Queues[owner[cmd]]) += cmd.Val()
	}
	d.Journal, err = r.journalLag(ctx)
	return d, err
}
