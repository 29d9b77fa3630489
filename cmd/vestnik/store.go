package main

import (
	"context"
	"errors"

	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

// withRegistry does something with the registry of providers and keys. Redis must be there; whether it may forget is the business of serve
// and check.
func (s setup) withRegistry(ctx context.Context, t *terminal, do func(r engine.Registry, secret []byte) error) (err error) {
	c, err := s.load(t)
	if err != nil {
		return err
	}
	redis, stores, err := house.OpenRedis(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, redis.Close()) }()
	return do(stores.Registry, c.Secret)
}

// provider reads a provider that was named on the command line.
func (t *terminal) provider(ctx context.Context, r engine.Registry, id string) (engine.Provider, error) {
	p, err := r.Provider(ctx, engine.ProviderID(id))
	if errors.Is(err, engine.ErrNotFound) {
		return p, t.fail("поставщика %s нет // there is no provider %s", id)
	}
	return p, err
}
