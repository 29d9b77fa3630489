package redisq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hibiken/asynq"

	"vestnik/engine"
)

// WorkerOptions says who works on what.
type WorkerOptions struct {
	Channels map[engine.ChannelName]int                     // how many wakes of each channel are worked on at once
	Handle   func(ctx context.Context, w engine.Wake) error // an error puts the wake back for 1 s, 2 s, … 30 s
	Drain    time.Duration                                  // how long Run lets running work go on at its end; 0 means 15 s
	Log      *slog.Logger                                   // nil: slog.Default()
}

// Workers take wakes when they are due and hand them to WorkerOptions.Handle: urgent ones first, each at least once.
type Workers struct {
	redis   *Redis
	options WorkerOptions
	running sync.WaitGroup // what is being handled
}

// Timing of asynq: how soon an idle worker sees a new wake, and how late a scheduled one may be.
const (
	idlePoll       = 20 * time.Millisecond
	schedulePoll   = time.Second
	longestBackoff = 30 * time.Second
)

// Workers prepares workers; Run starts them.
func (r *Redis) Workers(o WorkerOptions) *Workers {
	if o.Drain == 0 {
		o.Drain = 15 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return &Workers{redis: r, options: o}
}

// Run works until ctx ends, then takes no new wakes and waits for running work up to Drain. The context of what has not ended by then ends, its
// wake is put back, and Run waits up to two thirds of Drain more, so that what was done is written down.
func (w *Workers) Run(ctx context.Context) error {
	var servers []*asynq.Server
	for ch, concurrency := range w.options.Channels {
		for shard := range w.redis.options.QueueShards {
			each := max(1, (concurrency+w.redis.options.QueueShards-1)/w.redis.options.QueueShards)
			fetchers := min(max(1, each/handlersPerFetcher), mostFetchers)
			for range fetchers {
				servers = append(servers, w.server(ctx, ch, shard, (each+fetchers-1)/fetchers))
			}
		}
	}
	var started []*asynq.Server
	var failure error
	for _, server := range servers {
		if failure = server.Start(asynq.HandlerFunc(w.handle)); failure != nil {
			failure = fmt.Errorf("start a worker: %w", failure)
			break
		}
		started = append(started, server)
	}
	if failure == nil {
		<-ctx.Done()
	}
	var all sync.WaitGroup
	for _, server := range started {
		all.Go(server.Shutdown)
	}
	all.Wait()
	w.await(w.options.Drain * 2 / 3)
	return failure
}

// await waits for running work, but not longer than patience.
func (w *Workers) await(patience time.Duration) {
	ended := make(chan struct{})
	go func() {
		w.running.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(patience):
		w.options.Log.Warn("work that was stopped has not ended in time", "patience", patience)
	}
}

// Each server of asynq has one goroutine that fetches, one task a round trip, so a channel with much to do has several servers.
const (
	handlersPerFetcher = 8
	mostFetchers       = 4
)

// server is one fetcher of a shard of a channel: the urgent queue, which weighs more, goes strictly first.
func (w *Workers) server(ctx context.Context, ch engine.ChannelName, shard, concurrency int) *asynq.Server {
	return asynq.NewServerFromRedisClient(w.redis.client, asynq.Config{
		Concurrency:              concurrency,
		Queues:                   map[string]int{queueName(ch, true, shard): 2, queueName(ch, false, shard): 1},
		StrictPriority:           true,
		TaskCheckInterval:        idlePoll,
		DelayedTaskCheckInterval: schedulePoll,
		ShutdownTimeout:          w.options.Drain,
		RetryDelayFunc:           backoff,
		BaseContext:              func() context.Context { return context.WithoutCancel(ctx) },
		Logger:                   taskLog{w.options.Log},
		LogLevel:                 asynq.WarnLevel,
	})
}

// backoff is how long a wake waits after its n-th failure, counted from 0.
func backoff(n int, _ error, _ *asynq.Task) time.Duration {
	return min(time.Second<<min(n, 5), longestBackoff)
}

// earliest is how much too soon a wake may come, by clocks that differ, and still be waited for.
const earliest = 2 * time.Second

func (w *Workers) handle(ctx context.Context, task *asynq.Task) error {
	w.running.Add(1)
	defer w.running.Done()
	var p payload
	if err := json.Unmarshal(task.Payload(), &p); err != nil {
		w.options.Log.Error("a wake cannot be read and is dropped", "error", err)
		return nil
	}
	wake := p.wake()
	if pause := time.Until(wake.At); pause > earliest {
		return fmt.Errorf("the wake of batch %s came %v too soon", wake.Batch, pause)
	} else if pause > 0 {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	err := w.options.Handle(ctx, wake)
	if err != nil && !errors.Is(err, engine.ErrDown) {
		w.options.Log.Warn("a wake failed and is tried again", "campaign", wake.Campaign, "batch", wake.Batch, "channel", wake.Channel, "error", err)
	}
	return err
}

// taskLog hands what asynq has to say to slog.
type taskLog struct{ log *slog.Logger }

func (l taskLog) say(level slog.Level, args []any) {
	l.log.Log(context.Background(), level, "queue", "says", fmt.Sprint(args...))
}

// The levels of asynq. Fatal does not end the process: the workers of a server that is away try on.
func (l taskLog) Debug(args ...any) { l.say(slog.LevelDebug, args) }
func (l taskLog) Info(args ...any)  { l.say(slog.LevelInfo, args) }
func (l taskLog) Warn(args ...any)  { l.say(slog.LevelWarn, args) }
func (l taskLog) Error(args ...any) { l.say(slog.LevelError, args) }
func (l taskLog) Fatal(args ...any) { l.say(slog.LevelError, args) }
