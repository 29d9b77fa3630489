package redisq

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"

	"vestnik/engine"
)

func (r registry) PutProvider(ctx context.Context, p engine.Provider) error {
	value, err := stamp(p)
	if err != nil {
		return fmt.Errorf("write provider %s: %w", p.ID, err)
	}
	return fail(ctx, "write a provider", r.client.HSet(ctx, providersKey, string(p.ID), value).Err())
}

func (r registry) ChangeProvider(ctx context.Context, id engine.ProviderID, change func(*engine.Provider) error) (engine.Provider, error) {
	for {
		before, err := r.client.HGet(ctx, providersKey, string(id)).Bytes()
		var p engine.Provider
		if err := readStamped(ctx, "read a provider", before, err, &p); err != nil {
			return engine.Provider{}, err
		}
		if refusal := change(&p); refusal != nil {
			var is engine.Provider
			if err := readStamped(ctx, "read a provider", before, nil, &is); err != nil {
				return engine.Provider{}, err
			}
			return is, refusal
		}
		after, err := stamp(p)
		if err != nil {
			return engine.Provider{}, fmt.Errorf("write provider %s: %w", id, err)
		}
		done, err := r.exchange(ctx, providersKey, string(id), before, after, 0)
		if err != nil {
			return engine.Provider{}, fail(ctx, "change a provider", err)
		}
		if done {
			return p, nil
		}
	}
}

// exchange replaces a field of a hash if it is still what was read; nothing stands for a field that is not there. life is in ms, 0 is for ever.
func (r *Redis) exchange(ctx context.Context, key, field string, before, after []byte, life int64) (bool, error) {
	return r.run(ctx, exchangeScript, []string{key}, field, before, after, life).Bool()
}

func (r registry) Provider(ctx context.Context, id engine.ProviderID) (p engine.Provider, err error) {
	value, err := r.client.HGet(ctx, providersKey, string(id)).Bytes()
	err = readStamped(ctx, "read a provider", value, err, &p)
	return p, err
}

func (r registry) Providers(ctx context.Context) ([]engine.Provider, error) {
	values, err := r.client.HVals(ctx, providersKey).Result()
	if err != nil {
		return nil, fail(ctx, "list the providers", err)
	}
	list := make([]engine.Provider, len(values))
	for i, value := range values {
		if err := readStamped(ctx, "list the providers", []byte(value), nil, &list[i]); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(list, func(a, b engine.Provider) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

func (r registry) PutKey(ctx context.Context, k engine.Key) error {
	text, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("write key %s: %w", k.ID, err)
	}
	return fail(ctx, "write a key", r.client.HSet(ctx, keysKey, k.ID, text).Err())
}

func (r registry) Key(ctx context.Context, id string) (k engine.Key, err error) {
	text, err := r.client.HGet(ctx, keysKey, id).Bytes()
	err = read(ctx, "read a key", text, err, &k)
	return k, err
}

// read takes what a command found apart.
func read(ctx context.Context, doing string, text []byte, err error, into any) error {
	if missing(err) {
		return fmt.Errorf("%s: %w", doing, engine.ErrNotFound)
	}
	if err != nil {
		return fail(ctx, doing, err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// stampSize is the length of the token that what is exchanged begins with, in letters.
const stampSize = 8

// stamp writes a value that is exchanged as a whole: a token, so that no two writes are alike, and the value as JSON.
func stamp(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return append([]byte(rand.Text()[:stampSize]), text...), nil
}

// readStamped is read for what stamp wrote. A provider of an earlier version has no token.
func readStamped(ctx context.Context, doing string, value []byte, err error, into any) error {
	if len(value) > 0 && value[0] != '{' {
		value = value[min(stampSize, len(value)):]
	}
	return read(ctx, doing, value, err, into)
}
