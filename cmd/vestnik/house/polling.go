package house

import (
	"context"
	"encoding/json"
	"maps"
	"sync"
	"time"

	"vestnik/channels/housechat"
	"vestnik/channels/vk"
	"vestnik/engine"
)

// Who asks VK and MAX for events, and how often it is looked whether somebody has to. The lock outlives some rounds, so that a slow one does not
// change the leader.
const (
	pollName  = "poll"
	pollPause = 3 * time.Second
	pollLock  = 12 * time.Second
)

// poll asks for the events of providers that have no public address, in one of the installation's workers at a time.
func (h *House) poll(ctx context.Context) error {
	holder := engine.NewID()
	networks := []*pollers{
		{wanted: vk.Polled, ask: h.askVK, running: map[engine.ProviderID]polled{}}, {wanted: housechat.PolledMAX, ask: h.askMAX, running: map[engine.ProviderID]polled{}},
	}
	stop := func() {
		for _, pollers := range networks {
			pollers.stop()
		}
	}
	defer stop()
	for {
		leads, err := h.redis.TryLead(ctx, pollName, holder, pollLock)
		var list []engine.Provider
		if err == nil && leads {
			list, err = h.Stores.Registry.Providers(ctx)
		}
		if err != nil && ctx.Err() == nil {
			h.config.Log.Warn("cannot look whose events are to be asked for", "error", err)
		}
		for _, pollers := range networks {
			if err == nil {
				pollers.set(ctx, list) // of nobody when another worker leads
			}
		}
		if !pause(ctx, pollPause) {
			break
		}
	}
	stop()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = h.redis.Resign(last, pollName, holder) // otherwise it runs out by itself
	return nil
}

// chatHearer is a channel that takes what VK tells of chats, and asks MAX for it.
type chatHearer interface {
	HearVK(ctx context.Context, p engine.Provider, event []byte) error
	PollMAX(ctx context.Context, cfg housechat.PollConfig) error
}

// askVK asks for the events of a provider's community until ctx ends or VK does not let us in.
func (h *House) askVK(ctx context.Context, p engine.Provider) {
	from, err := h.Stores.Dialogs.Bookmark(ctx, p.ID, engine.VK)
	if err == nil {
		cfg := vk.PollConfig{
			Provider: p, From: from, Keep: h.bookmark(p, engine.VK),
			Take: func(ctx context.Context, events []vk.Event) error { return h.hear(ctx, p, events) },
		}
		if chats, able := h.channels[engine.HouseChat].(chatHearer); able {
			cfg.Chats = func(ctx context.Context, event json.RawMessage) error { return chats.HearVK(ctx, p, event) }
		}
		err = vk.Poll(ctx, cfg)
	}
	if err != nil && ctx.Err() == nil {
		h.config.Log.Warn("VK does not tell its events", "provider", p.ID, "error", err)
	}
}

// askMAX does for the provider's bot in MAX what askVK does for its community.
func (h *House) askMAX(ctx context.Context, p engine.Provider) {
	chats, able := h.channels[engine.HouseChat].(chatHearer)
	if !able {
		return
	}
	from, err := h.Stores.Dialogs.Bookmark(ctx, p.ID, engine.HouseChat)
	if err == nil {
		err = chats.PollMAX(ctx, housechat.PollConfig{Provider: p, From: from, Keep: h.bookmark(p, engine.HouseChat), Hook: h.maxDoor(p)})
	}
	if err != nil && ctx.Err() == nil {
		h.config.Log.Warn("MAX does not tell its events", "provider", p.ID, "error", err)
	}
}

// bookmark remembers from where on a provider's events are to be asked for.
func (h *House) bookmark(p engine.Provider, ch engine.ChannelName) func(context.Context, string) error {
	return func(ctx context.Context, mark string) error { return h.Stores.Dialogs.SetBookmark(ctx, p.ID, ch, mark) }
}

// pollers are those who ask one network for the events of one provider each.
type pollers struct {
	wanted  func(engine.Provider) bool
	ask     func(context.Context, engine.Provider)
	running map[engine.ProviderID]polled
	group   sync.WaitGroup
}

type polled struct {
	settings map[string]string
	cancel   context.CancelFunc
	done     chan struct{}
}

// askAgain is after how long it is tried again where the network did not let us in.
const askAgain = time.Minute

// set has the events asked for of those providers in the list who want it so, by their settings now, and of nobody else.
func (p *pollers) set(ctx context.Context, list []engine.Provider) {
	wanted := map[engine.ProviderID]engine.Provider{}
	for _, provider := range list {
		if p.wanted(provider) {
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
