package redisq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// inbox is the engine's Inbox: a hash a message, whose fields are packed by the vault, and an index of their ids by time. The index may name
// messages that have expired, and after a crash there may be messages it does not name, which expire.
type inbox struct{ *Redis }

// The fields of a message's hash.
const (
	fieldHead    = "h"
	fieldContent = "c"
	fieldSource  = "s"
)

func inboxKeys(provider engine.ProviderID) []string {
	index := fmt.Sprintf("v:{%s}:inbox", provider)
	return []string{index, index + ":sizes"}
}

func keptKey(provider engine.ProviderID, id string) string {
	return fmt.Sprintf("v:{%s}:inbox:m:%s", provider, id)
}

func (i inbox) Keep(ctx context.Context, provider engine.ProviderID, list []engine.Kept) error {
	args := []any{millis(time.Now().Add(-engine.InboxAge)), engine.InboxMost, engine.InboxSize, engine.InboxAge.Milliseconds()}
	_, err := i.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for n := range list {
			size, err := i.keep(ctx, p, provider, &list[n])
			if err != nil {
				return err
			}
			args = append(args, list[n].ID, millis(list[n].At), size)
		}
		return nil
	})
	if err != nil {
		return fail(ctx, "keep messages", err)
	}
	gone, err := i.run(ctx, keepScript, inboxKeys(provider), args...).StringSlice()
	if err != nil || len(gone) == 0 {
		return fail(ctx, "keep messages", err)
	}
	for n, id := range gone {
		gone[n] = keptKey(provider, id)
	}
	return fail(ctx, "forget messages", i.client.Unlink(ctx, gone...).Err())
}

// keep writes one message and tells how much it takes.
func (i inbox) keep(ctx context.Context, p redis.Pipeliner, provider engine.ProviderID, k *engine.Kept) (size int, err error) {
	key := keptKey(provider, k.ID)
	head, err := json.Marshal(k.KeptHead)
	if err != nil {
		return 0, fmt.Errorf("write a message's head: %w", err)
	}
	content, err := json.Marshal(k.Content)
	if err != nil {
		return 0, fmt.Errorf("write a message's content: %w", err)
	}
	pairs := make([]any, 0, 6)
	for _, field := range []struct {
		name string
		text []byte
	}{{fieldHead, head}, {fieldContent, content}, {fieldSource, k.Source}} {
		packed := i.vault.pack(field.text, key+field.name)
		pairs, size = append(pairs, field.name, packed), size+len(packed)
	}
	p.HSet(ctx, key, pairs...)
	p.PExpireAt(ctx, key, k.At.Add(engine.InboxAge))
	return size, nil
}

// inboxStride is how many heads are read at once, after those that fill a page if nothing is asked for.
const inboxStride = 200

func (i inbox) List(ctx context.Context, provider engine.ProviderID, ask engine.InboxQuery, cursor string, limit int,
) (page []engine.KeptHead, next string, err error) {
	ids, err := i.client.ZRevRangeWithScores(ctx, inboxKeys(provider)[0], 0, -1).Result()
	if err != nil {
		return nil, "", fail(ctx, "list messages", err)
	}
	for stride := min(limit+1, inboxStride); len(ids) > 0; stride = inboxStride {
		var wanted []string
		for len(ids) > 0 && len(wanted) < stride {
			id, _ := ids[0].Member.(string)
			if engine.AfterInboxCursor(cursor, engine.KeptHead{ID: id, At: fromMillis(int64(ids[0].Score))}) {
				wanted = append(wanted, id)
			}
			ids = ids[1:]
		}
		heads, err := i.heads(ctx, provider, wanted)
		if err != nil {
			return nil, "", err
		}
		for _, head := range heads {
			if !ask.Matches(head) {
				continue
			}
			if len(page) == limit {
				return page, engine.InboxCursor(page[limit-1]), nil
			}
			page = append(page, head)
		}
	}
	return page, "", nil
}

// heads reads what messages are about; those that have gone are left out.
func (i inbox) heads(ctx context.Context, provider engine.ProviderID, ids []string) (list []engine.KeptHead, err error) {
	asked := make([]*redis.StringCmd, len(ids))
	_, err = i.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for n, id := range ids {
			asked[n] = p.HGet(ctx, keptKey(provider, id), fieldHead)
		}
		return nil
	})
	if err != nil && !missing(err) {
		return nil, fail(ctx, "read what messages are about", err)
	}
	for n, answer := range asked {
		packed, err := answer.Bytes()
		if missing(err) {
			continue
		}
		if err != nil {
			return nil, fail(ctx, "read what messages are about", err)
		}
		var head engine.KeptHead
		if err := i.open(keptKey(provider, ids[n]), fieldHead, packed, &head); err != nil {
			return nil, err
		}
		list = append(list, head)
	}
	return list, nil
}

// errKept tells nothing of what was read, which may be personal.
var errKept = errors.New("a kept message is damaged")

// open unpacks a field and reads it.
func (i inbox) open(key, field string, packed []byte, into any) error {
	text, err := i.vault.unpack(packed, key+field)
	if err != nil {
		return fmt.Errorf("read a message: %w", err)
	}
	if json.Unmarshal(text, into) != nil {
		return errKept
	}
	return nil
}

func (i inbox) Get(ctx context.Context, provider engine.ProviderID, id string) (k engine.Kept, err error) {
	key := keptKey(provider, id)
	var message *redis.MapStringStringCmd
	_, err = i.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.ZScore(ctx, inboxKeys(provider)[0], id) // missing: it was one too many, though it may not have been forgotten yet
		message = p.HGetAll(ctx, key)
		return nil
	})
	if missing(err) {
		return k, engine.ErrNotFound
	}
	if err != nil {
		return k, fail(ctx, "read a message", err)
	}
	fields := message.Val()
	if len(fields) == 0 {
		return k, engine.ErrNotFound
	}
	if err := i.open(key, fieldHead, []byte(fields[fieldHead]), &k.KeptHead); err != nil {
		return engine.Kept{}, err
	}
	if err := i.open(key, fieldContent, []byte(fields[fieldContent]), &k.Content); err != nil {
		return engine.Kept{}, err
	}
	source, err := i.vault.unpack([]byte(fields[fieldSource]), key+fieldSource)
	if err != nil {
		return engine.Kept{}, fmt.Errorf("read a message: %w", err)
	}
	if len(source) > 0 {
		k.Source = source
	}
	return k, nil
}
