package redisq

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// notes is the engine's Notes: a key a note, as the vault packs it. All notes of a provider lie in one slot.
type notes struct{ *Redis }

func (n notes) key(provider engine.ProviderID, name string) string {
	digest := n.digest(kindNote, name)
	return fmt.Sprintf("v:{%s}:note:%s", provider, hex.EncodeToString(digest[:]))
}

func (n notes) Write(ctx context.Context, provider engine.ProviderID, list map[string][]byte, age time.Duration) error {
	_, err := n.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for name, text := range list {
			key := n.key(provider, name)
			if len(text) == 0 {
				p.Del(ctx, key)
				continue
			}
			p.Set(ctx, key, n.vault.pack(text, key), age)
		}
		return nil
	})
	return fail(ctx, "write notes", err)
}

func (n notes) Read(ctx context.Context, provider engine.ProviderID, names []string) ([][]byte, error) {
	texts := make([][]byte, len(names))
	if len(names) == 0 {
		return texts, nil
	}
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = n.key(provider, name)
	}
	values, err := n.client.MGet(ctx, keys...).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fail(ctx, "read notes", err)
	}
	for i, value := range values {
		packed, there := value.(string)
		if !there {
			continue
		}
		if texts[i], err = n.vault.unpack([]byte(packed), keys[i]); err != nil {
			return nil, fmt.Errorf("read a note: %w", err)
		}
	}
	return texts, nil
}
