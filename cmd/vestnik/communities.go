package main

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"vestnik/channels/vk"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

// about reports whether a provider is to be checked.
func (c checkCommand) about(p engine.Provider) bool {
	return c.Provider == "" || c.Provider == string(p.ID)
}

// checkCommunities asks VK whether the tokens of providers open their communities, and tells whose want attention. That is no failure of the
// installation: communities are the providers' own.
func (c checkCommand) checkCommunities(ctx context.Context, t *terminal, set config.Config) []finding {
	if set.Redis.URL == config.Embedded {
		return nil
	}
	redis, stores, err := house.OpenRedis(ctx, set)
	if err != nil {
		return nil // checkRedis has told
	}
	defer func() { _ = redis.Close() }()
	channel, err := vk.New(vk.Config{Requests: set.VK.Requests})
	if err != nil {
		return []finding{{what: "VK", err: err}}
	}
	defer func() { _ = channel.Close() }()
	all, err := stores.Registry.Providers(ctx)
	if err != nil {
		return nil
	}
	writers := slices.DeleteFunc(all, func(p engine.Provider) bool { return !c.about(p) || !channel.Serves(p) })
	if len(writers) == 0 {
		return nil
	}
	told, turns, working := make([]error, len(writers)), make(chan struct{}, domainsAtOnce), sync.WaitGroup{}
	for i, p := range writers {
		working.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			told[i] = channel.Check(ctx, p)
		})
	}
	working.Wait()
	list := []finding{{what: t.Say("Сообщества VK", "VK communities"), note: strconv.Itoa(len(writers))}}
	for i, p := range writers {
		if told[i] != nil {
			list = append(list, finding{what: p.Name + ", VK", warn: true, note: told[i].Error()})
		}
	}
	return list
}
