package house

import (
	"cmp"
	"context"
	"time"

	"vestnik/cmd/vestnik/config"
	"vestnik/engine"
	"vestnik/engine/redisq"
)

// How many batches of a channel are worked on at once when the settings do not say, and how many wakes of what never sends: campaigns that
// advance, and steps over channels that are off, which are passed over.
const (
	usualConcurrency   = 16
	passingConcurrency = 1
)

// limits are the bounds of whole channels.
func limits(w config.Worker) map[engine.ChannelName]engine.Limits {
	list := map[engine.ChannelName]engine.Limits{}
	for _, ch := range engine.ChannelNames() {
		list[ch] = engine.Limits{PerSecond: w.Rate[string(ch)], Concurrent: w.AtOnce[string(ch)]}
	}
	return list
}

// work is the role of the workers: wakes that are due go to the engine.
func (h *House) work(ctx context.Context) error {
	concurrency := map[engine.ChannelName]int{engine.NoChannel: passingConcurrency + 1}
	for _, name := range engine.ChannelNames() {
		concurrency[name] = passingConcurrency
		if h.channels[name] != nil {
			concurrency[name] = cmp.Or(h.config.Worker.Concurrency[string(name)], usualConcurrency)
		}
	}
	return h.redis.Workers(redisq.WorkerOptions{
		Channels: concurrency, Handle: h.Engine.Handle, Drain: h.config.ShutdownAfter * 3 / 10, Log: h.config.Log,
	}).Run(ctx)
}

// Who reconciles, and how often. The lock outlives three rounds, so that a slow one does not change the leader.
const (
	reconcileName  = "reconcile"
	reconcilePause = 2 * time.Second
	reconcileLock  = 8 * time.Second
)

// reconcile has the engine mend what crashes have left, in one of the installation's workers at a time.
func (h *House) reconcile(ctx context.Context) error {
	holder := engine.NewID()
	for {
		leads, err := h.redis.TryLead(ctx, reconcileName, holder, reconcileLock)
		if err == nil && leads {
			err = h.Engine.Reconcile(ctx)
		}
		if err != nil && ctx.Err() == nil {
			h.config.Log.Warn("cannot reconcile", "error", err)
		}
		if !pause(ctx, reconcilePause) {
			break
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = h.redis.Resign(last, reconcileName, holder) // otherwise it runs out by itself
	return nil
}
