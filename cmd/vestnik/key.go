package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"vestnik/api"
	"vestnik/engine"
)

// keyCommand is the commands about API keys.
type keyCommand struct {
	Create keyCreate `cmd:"" help:"Создать ключ; печатает его один раз. // Create a key; prints it once."`
	Revoke keyRevoke `cmd:"" help:"Отозвать ключ. // Revoke a key."`
	Show   keyShow   `cmd:"" help:"Показать, чей это ключ. // Show whose a key is."`
}

// keyCreate makes a key.
type keyCreate struct {
	setup
	Provider string `required:"" placeholder:"ID" help:"Поставщик. // The provider."`
	Role     string `required:"" enum:"provider,operator,viewer" placeholder:"provider|operator|viewer" help:"Роль. // The role."`
	Mode     string `default:"live" enum:"live,test" placeholder:"live|test" help:"live отправляет, test делает всё, кроме последнего шага наружу. // live sends, test does everything but the last step to the outside."`
}

// Run makes it and prints it, alone.
func (k keyCreate) Run(ctx context.Context, t *terminal) error {
	return k.withRegistry(ctx, t, func(r engine.Registry, secret []byte) error {
		p, err := t.provider(ctx, r, k.Provider)
		if err != nil {
			return err
		}
		kept, key := api.NewKey(secret, p.ID, engine.Role(k.Role), engine.Mode(k.Mode))
		if err := r.PutKey(ctx, kept); err != nil {
			return err
		}
		return t.print(key)
	})
}

// keyRevoke revokes a key.
type keyRevoke struct {
	setup
	Key string `arg:"" help:"Ключ целиком или его ID: vst_live_<ID>_… // The whole key or its ID: vst_live_<ID>_…"`
}

// Run revokes it; a key that was revoked before stays so.
func (k keyRevoke) Run(ctx context.Context, t *terminal) error {
	return k.withRegistry(ctx, t, func(r engine.Registry, _ []byte) error {
		kept, err := t.key(ctx, r, k.Key)
		if err != nil || !kept.RevokedAt.IsZero() {
			return err
		}
		kept.RevokedAt = time.Now().UTC().Truncate(time.Millisecond)
		return r.PutKey(ctx, kept)
	})
}

// key reads a key by its ID, or by itself.
func (t *terminal) key(ctx context.Context, r engine.Registry, text string) (engine.Key, error) {
	id := text
	if parts := strings.SplitN(text, "_", 4); len(parts) >= 3 && parts[0] == "vst" {
		id = parts[2]
	}
	kept, err := r.Key(ctx, id)
	if errors.Is(err, engine.ErrNotFound) {
		return kept, t.fail("ключа %s нет // there is no key %s", id)
	}
	return kept, err
}

// keyShow shows what is known about a key.
type keyShow struct {
	setup
	Key string `arg:"" help:"Ключ целиком или его ID. // The whole key or its ID."`
}

// Run shows it.
func (k keyShow) Run(ctx context.Context, t *terminal) error {
	return k.withRegistry(ctx, t, func(r engine.Registry, _ []byte) error {
		kept, err := t.key(ctx, r, k.Key)
		if err != nil {
			return err
		}
		return t.table("", []string{"ID", "Поставщик // Provider", "Роль // Role", "Режим // Mode", "Создан // Created", "Отозван // Revoked"},
			[][]string{{kept.ID, string(kept.Provider), string(kept.Role), string(kept.Mode), clock(kept.CreatedAt), clock(kept.RevokedAt)}})
	})
}
