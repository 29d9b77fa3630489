package house

import (
	"context"
	"maps"
	"sync"
	"time"

	"vestnik/channels/vk"
	"vestnik/engine"
)

// Who asks VK for events, and how often it is looked whether somebody has to. The lock outlives some rounds, so that a slow one does not change
// the leader.
const (
	pollName  = "poll"
	pollPause = 3 * time.Second
	pollLock  = 12 * time.Second
)

// poll asks for the events of providers that have no public address, in one of the installation's workers at a time.
func (h *House) poll(ctx context.Context) error {
	holder := engine.NewID()
	pollers := pollers{ask: h.ask, running: map[engine.ProviderID]polled{}}
	defer pollers.stop()
	for {
		leads, err := h.redis.TryLead(ctx, pollName, holder, pollLock)
		var list []engine.Provider
		if err == nil && leads {
			list, err = h.Stores.Registry.Providers(ctx)
		}
		switch {
		case err == nil:
			pollers.set(ctx, list) // of nobody when another worker leads
		case ctx.Err() == nil:
			h.config.Log.Warn("cannot ask VK for events", "error", err)
		}
		if !pause(ctx, pollPause) {
			break
		}
	}
	pollers.stop()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = h.redis.Resign(last, pollName, holder) // otherwise it runs out by itself
	return nil
}

// ask asks for a provider's events until ctx ends or VK does not let us in.
func (h *House) ask(ctx context.Context, p engine.Provider) {
	from, err := h.Stores.Dialogs.Bookmark(ctx, p.ID, engine.VK)
	if err == nil {
		err = vk.Poll(ctx, vk.PollConfig{
			Provider: p, From: from,
			Take: func(ctx context.Context, events []vk.Event) error { return h.hear(ctx, p, events) },
			Keep: func(ctx context.Context, ts string) error {
				return h.Stores.Dialogs.SetBookmark(ctx, p.ID, engine.VK, ts)
			},
		})
	}
	if err != nil && ctx.Err() == nil {
		h.config.Log.Warn("VK does not tell its events", "provider", p.ID, "error", err)
	}
}

// pollers are those who ask for the events of one provider each.
type pollers struct {
	ask     func(context.Context, engine.Provider)
	running map[engine.ProviderID]polled
	group   sync.WaitGroup
}

type polled struct {
	settings map[string]string
	cancel   context.CancelFunc
	done     chan struct{}
}

// askAgain is after how long it is tried again where VK did not let us in.
const askAgain = time.Minute

// set has the events asked for of those providers in the list who want it so, by their settings now, and of nobody else.
func (p *pollers) set(ctx context.Context, list []engine.Provider) {
	wanted := map[engine.ProviderID]engine.Provider{}
	for _, provider := range list {
		if vk.Polled(provider) {
			wanted[provider.ID] = provider
		}
	}
	for id, now := range p.running {
		if provider, is := wanted[id]; !is || !maps.Equal(provider.Settings, now.settings) {
			now.cancel()
			<-now.done
			delete(p.running, id)
		}
	}
	for id, provider := range wanted {
		if _, is := p.running[id]; is {
			continue
		}
		asking, cancel := context.WithCancel(ctx)
		done := make(chan struct{})
		p.running[id] = polled{settings: provider.Settings, cancel: cancel, done: done}
		p.group.Go(func() {
			defer close(done)
			for {
				p.ask(asking, provider)
				if !pause(asking, askAgain) {
					return
				}
			}
		})
	}
}

// stop ends all of them.
func (p *pollers) stop() {
	for _, now := range p.running {
		now.cancel()
	}
	p.group.Wait()
	clear(p.running)
}
