package redisq

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"strconv"
	"time"

	"github.com/hibiken/asynq"
	"golang.org/x/sync/errgroup"

	"vestnik/engine"
)

// queue is the engine's Queue on asynq. A wake is a task whose ID is the campaign, the batch and the time, so that the same wake twice is one
// task, and a wake at another time is another: nothing that happened to the first can stop the second.
type queue struct{ *Redis }

// wakeType is the one type of task.
const wakeType = "wake"

// putters is how many wakes of one call are put at the same time; asynq has no command for many.
const putters = 32

// workLimit bounds the work on one wake.
const workLimit = 30 * time.Minute

// payload is what a task carries; asynq writes it anew every few seconds while the task is worked on, so it is small.
type payload struct {
	Campaign engine.CampaignID  `json:"c"`
	Batch    string             `json:"b"`
	Channel  engine.ChannelName `json:"ch"`
	Urgent   bool               `json:"u,omitempty"`
	At       int64              `json:"at"` // ms
}

func (p payload) wake() engine.Wake {
	return engine.Wake{Campaign: p.Campaign, Batch: p.Batch, Channel: p.Channel, Urgent: p.Urgent, At: time.UnixMilli(p.At).UTC()}
}

// campaignQueue is the queue of wakes that belong to no channel: campaigns to be advanced.
const campaignQueue = "campaign"

// queueName is the asynq queue of a channel, an urgency and a shard.
func queueName(ch engine.ChannelName, urgent bool, shard int) string {
	name := cmp.Or(string(ch), campaignQueue)
	if urgent {
		return fmt.Sprintf("%s:urgent:%d", name, shard)
	}
	return fmt.Sprintf("%s:%d", name, shard)
}

func (q queue) shard(w engine.Wake) int {
	hash := fnv.New32a()
	hash.Write([]byte(w.Campaign))
	hash.Write([]byte(w.Batch))
	return int(hash.Sum32() % uint32(q.options.QueueShards))
}

func (q queue) Put(ctx context.Context, wakes ...engine.Wake) error {
	if len(wakes) == 1 {
		return q.put(ctx, wakes[0])
	}
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(putters)
	for _, w := range wakes {
		all.Go(func() error { return q.put(ctx, w) })
	}
	return all.Wait()
}

func (q queue) put(ctx context.Context, w engine.Wake) error {
	name := queueName(w.Channel, w.Urgent, q.shard(w))
	id := string(w.Campaign) + "/" + w.Batch + "@" + strconv.FormatInt(w.At.UnixMilli(), 10)
	text, err := json.Marshal(payload{w.Campaign, w.Batch, w.Channel, w.Urgent, w.At.UnixMilli()})
	if err != nil {
		return fmt.Errorf("wake a batch: %w", err)
	}
	task := asynq.NewTask(wakeType, text)
	for {
		_, err = q.tasks.EnqueueContext(ctx, task, asynq.Queue(name), asynq.TaskID(id), asynq.ProcessAt(notBefore(w.At)),
			asynq.MaxRetry(math.MaxInt32), asynq.Timeout(workLimit))
		if !errors.Is(err, asynq.ErrTaskIDConflict) {
			return failTask(ctx, err)
		}
		if id, err = q.conflict(name, id); id == "" || err != nil {
			return failTask(ctx, err)
		}
	}
}

// conflict decides what to do about a task that has this ID already, and gives the ID to try next; empty when there is nothing to do. A task
// that waits for its worker is the wake itself. One that is worked on may be past the point where it would see the reason for this wake, or its
// worker may be dead: the wake gets a task of its own, once. One that is archived or completed is only in the way.
func (q queue) conflict(name, id string) (string, error) {
	info, err := q.inspector.GetTaskInfo(name, id)
	if errors.Is(err, asynq.ErrTaskNotFound) || errors.Is(err, asynq.ErrQueueNotFound) {
		return id, nil // it has just ended
	}
	if err != nil {
		return "", err
	}
	switch info.State {
	case asynq.TaskStateActive:
		return id + "+", nil
	case asynq.TaskStateArchived, asynq.TaskStateCompleted:
		if err := q.inspector.DeleteTask(name, id); err != nil && !errors.Is(err, asynq.ErrTaskNotFound) {
			return "", err
		}
		return id, nil
	}
	return "", nil
}

// notBefore is when asynq is told to wake: a time that has come is now; of others it keeps whole seconds only and would be early, so they are
// rounded up.
func notBefore(t time.Time) time.Time {
	whole := t.Truncate(time.Second)
	if whole.Before(t) && t.After(time.Now()) {
		return whole.Add(time.Second)
	}
	return t
}

// failTask is fail for asynq, which tells causes as text only: what is not the caller's context is Redis being away.
func failTask(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("wake a batch: %w", ctx.Err())
	}
	return fmt.Errorf("wake a batch: %w: %w", engine.ErrDown, err)
}
