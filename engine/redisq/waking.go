package redisq

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"vestnik/engine"
)

// The batches of a ledger. Each is in the sorted set of when it is due as long as it travels, also while it is awake: so one that was forgotten
// is due when it was before as soon as it is not awake any more, and what is asked for most costs a look at a few members. Whoever is awake,
// until when, is a second sorted set; a lease is its holder's name for one that is awake.

// appendBatches appends ID, JSON and due time of each batch.
func appendBatches(args []any, batches []engine.Batch) ([]any, error) {
	seen := make(map[string]bool, len(batches))
	for _, b := range batches {
		b.Due, b.Since = b.Due.UTC().Truncate(time.Millisecond), b.Since.UTC().Truncate(time.Millisecond)
		id := b.ID()
		if seen[id] {
			return nil, errTaken
		}
		seen[id] = true
		text, err := json.Marshal(b)
		if err != nil {
			return nil, err
		}
		args = append(args, id, text, millis(b.Due))
	}
	return args, nil
}

func (l ledger) Take(ctx context.Context, id engine.CampaignID, batch, holder string, now, until time.Time) (engine.Batch, error) {
	answer, err := l.run(ctx, takeScript, []string{batchesKey(id), dueKey(id), awakeKey(id), leasesKey(id)},
		batch, holder, millis(now), millis(until), l.life()).Slice()
	if err != nil {
		return engine.Batch{}, fail(ctx, "take a batch", err)
	}
	switch answer[0].(int64) {
	case 0:
		return engine.Batch{}, fmt.Errorf("take batch %s: %w", batch, engine.ErrGone)
	case 2:
		ends, err := parseMillis(answer[1])
		if err != nil {
			return engine.Batch{}, err
		}
		return engine.Batch{}, &engine.LeasedError{Until: ends}
	}
	return readBatch(id, answer[2], answer[1])
}

func (l ledger) Hold(ctx context.Context, id engine.CampaignID, batch, holder string, until time.Time) error {
	held, err := l.run(ctx, holdScript, []string{awakeKey(id), leasesKey(id)}, batch, holder, millis(until)).Bool()
	if err != nil {
		return fail(ctx, "hold a batch", err)
	}
	if !held {
		return fmt.Errorf("hold batch %s: %w", batch, engine.ErrGone)
	}
	return nil
}

func (l ledger) Rouse(ctx context.Context, id engine.CampaignID, now, until time.Time, most int) ([]engine.Batch, error) {
	answer, err := l.run(ctx, rouseScript, []string{batchesKey(id), dueKey(id), awakeKey(id), leasesKey(id)},
		millis(now), millis(until), most, l.life()).Slice()
	if err != nil {
		return nil, fail(ctx, "rouse batches", err)
	}
	return readBatches(id, answer)
}

func (l ledger) Recall(ctx context.Context, id engine.CampaignID, now time.Time) error {
	return fail(ctx, "recall batches", l.run(ctx, recallScript, []string{dueKey(id), awakeKey(id)}, millis(now)).Err())
}

func (l ledger) Batches(ctx context.Context, id engine.CampaignID, limit int) ([]engine.Batch, error) {
	answer, err := l.run(ctx, batchesScript, []string{batchesKey(id), dueKey(id), awakeKey(id)}, limit).Slice()
	if err != nil {
		return nil, fail(ctx, "list batches", err)
	}
	return readBatches(id, answer)
}

func (l ledger) Outstanding(ctx context.Context, id engine.CampaignID) (int, error) {
	n, err := l.client.HLen(ctx, batchesKey(id)).Result()
	return int(n), fail(ctx, "count batches", err)
}

// readBatches reads pairs of due time and batch.
func readBatches(id engine.CampaignID, answer []any) ([]engine.Batch, error) {
	list := make([]engine.Batch, 0, len(answer)/2)
	for i := 0; i+1 < len(answer); i += 2 {
		b, err := readBatch(id, answer[i], answer[i+1])
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	return list, nil
}

func readBatch(id engine.CampaignID, due, text any) (b engine.Batch, err error) {
	written, is := text.(string)
	if !is {
		return b, fmt.Errorf("a batch of campaign %s is due that is not there", id)
	}
	if err := json.Unmarshal([]byte(written), &b); err != nil {
		return b, fmt.Errorf("read a batch of campaign %s: %w", id, err)
	}
	b.Campaign = id
	b.Due, err = parseMillis(due)
	return b, err
}

// parseMillis reads a score that is a time.
func parseMillis(score any) (time.Time, error) {
	text, _ := score.(string)
	ms, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("read a time: %w", err)
	}
	return time.UnixMilli(int64(ms)).UTC(), nil
}
