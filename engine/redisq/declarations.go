package redisq

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// declarations is the engine's Declarations: a key a declaration, as the vault packs it, named by the digest of its reference; sorted sets of when those
// that wait are due, and of when others failed; and a key by the digest of what each was sent as.
type declarations struct{ *Redis }

func declareKey(provider engine.ProviderID) string { return fmt.Sprintf("v:{%s}:declare", provider) }

func (d declarations) declared(reference string) string {
	digest := d.digest(kindDeclaration, reference)
	return hex.EncodeToString(digest[:])
}

func (d declarations) sentAs(name string) string {
	digest := d.digest(kindDeclaration, "\x00"+name)
	return hex.EncodeToString(digest[:])
}

func (d declarations) pack(provider engine.ProviderID, one engine.Declaration) (digest string, packed []byte, err error) {
	digest = d.declared(one.Payment.Reference)
	text, err := json.Marshal(one)
	if err != nil {
		return "", nil, fmt.Errorf("write a declaration: %w", err)
	}
	return digest, d.vault.pack(text, declareKey(provider)+":"+digest), nil
}

// declarePage is how many declarations are written in one step; each is whole for itself.
const declarePage = 500

func (d declarations) Declare(ctx context.Context, provider engine.ProviderID, payments []engine.Payment, now time.Time) (fresh int, err error) {
	for page := range slices.Chunk(payments, declarePage) {
		args := []any{declareKey(provider) + ":", d.options.Retention.Milliseconds(), millis(now)}
		for _, p := range page {
			digest, packed, err := d.pack(provider, engine.Declaration{Payment: p, State: engine.Undeclared, Since: now.UTC(), Due: now.UTC()})
			if err != nil {
				return fresh, err
			}
			args = append(args, digest, packed)
		}
		n, err := d.run(ctx, declareScript, []string{declareKey(provider)}, args...).Int()
		if err != nil {
			return fresh, fail(ctx, "take declarations", err)
		}
		fresh += n
	}
	return fresh, nil
}

func (d declarations) Due(ctx context.Context, provider engine.ProviderID, now time.Time, limit int) ([]engine.Declaration, error) {
	digests, err := d.client.ZRangeByScore(ctx, declareKey(provider), &redis.ZRangeBy{Min: "-inf", Max: strconv.FormatInt(millis(now), 10), Count: int64(limit)}).Result()
	if err != nil {
		return nil, fail(ctx, "list what is to be declared", err)
	}
	return d.read(ctx, provider, digests)
}

func (d declarations) read(ctx context.Context, provider engine.ProviderID, digests []string) ([]engine.Declaration, error) {
	if len(digests) == 0 {
		return nil, nil
	}
	keys := make([]string, len(digests))
	for i, digest := range digests {
		keys[i] = declareKey(provider) + ":" + digest
	}
	values, err := d.client.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, fail(ctx, "read declarations", err)
	}
	var list []engine.Declaration
	for i, value := range values {
		packed, there := value.(string)
		if !there {
			continue // it has expired
		}
		text, err := d.vault.unpack([]byte(packed), keys[i])
		if err != nil {
			return nil, fmt.Errorf("read a declaration: %w", err)
		}
		var one engine.Declaration
		if err := json.Unmarshal(text, &one); err != nil {
			return nil, fmt.Errorf("read a declaration: %w", err)
		}
		list = append(list, one)
	}
	return list, nil
}

func (d declarations) Settle(ctx context.Context, provider engine.ProviderID, list []engine.Declaration) error {
	key := declareKey(provider)
	for page := range slices.Chunk(list, declarePage) {
		args := []any{key + ":", d.options.Retention.Milliseconds(), millis(time.Now()), engine.FailedDeclarations}
		for _, one := range page {
			digest, packed, err := d.pack(provider, one)
			if err != nil {
				return err
			}
			name := ""
			if one.Name != "" {
				name = d.sentAs(one.Name)
			}
			args = append(args, digest, packed, string(one.State), millis(one.Due), name)
		}
		if err := d.run(ctx, declaredScript, []string{key, key + ":failed", key + ":counts"}, args...).Err(); err != nil {
			return fail(ctx, "write declarations", err)
		}
	}
	return nil
}

func (d declarations) Count(ctx context.Context, provider engine.ProviderID) (waiting, told, failed int64, err error) {
	key := declareKey(provider)
	var due *redis.IntCmd
	var counts *redis.SliceCmd
	_, err = d.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		due, counts = p.ZCard(ctx, key), p.HMGet(ctx, key+":counts", string(engine.Declared), string(engine.Refuted))
		return nil
	})
	if err != nil {
		return 0, 0, 0, fail(ctx, "count declarations", err)
	}
	var of [2]int64
	for i, value := range counts.Val() {
		text, _ := value.(string)
		of[i], _ = strconv.ParseInt(text, 10, 64) // none yet
	}
	return due.Val(), of[0], of[1], nil
}

func (d declarations) Failed(ctx context.Context, provider engine.ProviderID, limit int) ([]engine.Declaration, error) {
	digests, err := d.client.ZRevRange(ctx, declareKey(provider)+":failed", 0, int64(limit)-1).Result()
	if err != nil {
		return nil, fail(ctx, "list declarations that failed", err)
	}
	return d.read(ctx, provider, digests)
}

func (d declarations) Sent(ctx context.Context, provider engine.ProviderID, names []string) ([]bool, error) {
	if len(names) == 0 {
		return nil, nil
	}
	keys := make([]string, len(names))
	for i, name := range names {
		keys[i] = declareKey(provider) + ":" + d.sentAs(name)
	}
	values, err := d.client.MGet(ctx, keys...).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fail(ctx, "look up declarations", err)
	}
	sent := make([]bool, len(names))
	for i, value := range values {
		sent[i] = value != nil
	}
	return sent, nil
}
