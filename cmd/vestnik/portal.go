package main

import (
	"context"
	"errors"
	"strings"

	"vestnik/channels/gosuslugi"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

// withPortal opens the channel to Gosuslugi and the registry of providers.
func withPortal(ctx context.Context, set config.Config, do func(*gosuslugi.Channel, engine.Registry) error) (err error) {
	redis, stores, err := house.OpenRedis(ctx, set)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, redis.Close()) }()
	portal, err := gosuslugi.New(*house.Gosuslugi(set.Gosuslugi, stores))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, portal.Close()) }()
	return do(portal, stores.Registry)
}

// checkPortal looks at the access of all providers to ГИС ЖКХ, without asking the stand, and tells whose wants attention. That is no failure of
// the installation: settings and certificates are the providers' own.
func checkPortal(ctx context.Context, t *terminal, set config.Config) (list []finding) {
	if set.Redis.URL == config.Embedded {
		return nil
	}
	n := 0
	err := withPortal(ctx, set, func(portal *gosuslugi.Channel, r engine.Registry) error {
		all, err := r.Providers(ctx)
		for _, p := range all {
			if !portal.Serves(p) {
				continue
			}
			n++
			var wanting []string
			for _, f := range portal.Glance(p) {
				if f.Bad || f.Warn {
					wanting = append(wanting, t.Cut(f.What)+": "+t.Cut(f.Note))
				}
			}
			if wanting != nil {
				list = append(list, finding{what: p.Name, warn: true, note: strings.Join(wanting, "; ") + "; vestnik check --provider " + string(p.ID)})
			}
		}
		return err
	})
	switch {
	case err != nil:
		return nil // checkRedis has told
	case n > 0 && len(list) == 0:
		list = []finding{{what: "Доступ поставщиков к ГИС ЖКХ // Providers' access to ГИС ЖКХ", note: t.number(int64(n))}}
	}
	return list
}

// showPortal tries one provider's access to ГИС ЖКХ. There is nothing to tell of one that has none.
func (c checkCommand) showPortal(ctx context.Context, t *terminal, set config.Config) (list []finding, err error) {
	err = withPortal(ctx, set, func(portal *gosuslugi.Channel, r engine.Registry) error {
		p, err := t.provider(ctx, r, c.Provider)
		if err != nil || !portal.Serves(p) {
			return err
		}
		for _, f := range portal.Check(ctx, p) {
			one := finding{what: f.What, note: t.Cut(f.Note), warn: f.Warn}
			if f.Bad {
				one.err = errors.New(one.note)
			}
			list = append(list, one)
		}
		return nil
	})
	return list, err
}
