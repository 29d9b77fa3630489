package house

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"vestnik/api"
	"vestnik/channels/housechat"
	"vestnik/channels/vk"
	"vestnik/engine"
)

// heeder is a channel that remembers who may be written to.
type heeder interface {
	Heed(p engine.Provider, events []vk.Event)
}

// hear gives what VK tells of a provider's community to the engine.
func (h *House) hear(ctx context.Context, p engine.Provider, events []vk.Event) error {
	if channel, remembers := h.channels[engine.VK].(heeder); remembers {
		channel.Heed(p, events)
	}
	signals := make([]engine.Signal, len(events))
	for i, e := range events {
		signals[i] = engine.Signal{Kind: engine.SignalKind(e.Kind), Address: strconv.FormatInt(e.User, 10), UpTo: e.MessageID, At: e.At, ID: e.EventID}
	}
	err := h.Engine.Hear(ctx, p.ID, engine.VK, signals...)
	if err != nil {
		h.config.Log.Warn("what VK told could not be kept", "provider", p.ID, "events", len(events), "error", err)
	}
	return err
}

// settingsLife is how long a hook goes by the settings it has read.
const settingsLife = 3 * time.Second

// hooks are the doors for what a channel's provider of transport tells, one for each of our providers.
type hooks struct {
	registry engine.Registry
	open     func(engine.Provider) (http.Handler, error) // makes the door of a provider; an error: it has none

	mu    sync.Mutex
	known map[engine.ProviderID]hook
}

type hook struct {
	http.Handler
	settings [len(hookSettings)]string // it was made from
	until    time.Time                 // when it is time to look again
}

// hookSettings are the settings that a hook is made from.
var hookSettings = [...]string{vk.SettingGroup, vk.SettingToken, vk.SettingSecret, vk.SettingConfirmation, vk.SettingURL, housechat.SettingMAXToken}

func newHooks(registry engine.Registry, open func(engine.Provider) (http.Handler, error)) *hooks {
	return &hooks{registry: registry, open: open, known: map[engine.ProviderID]hook{}}
}

// ServeHTTP hands the request to the provider's hook.
func (d *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, err := d.find(r.Context(), engine.ProviderID(r.PathValue(api.HookProvider)))
	switch {
	case err == nil:
		found.ServeHTTP(w, r)
	case errors.Is(err, engine.ErrDown):
		w.Header().Set("Retry-After", "60")
		http.Error(w, "Service Unavailable", http.StatusServiceUnavailable)
	default:
		http.NotFound(w, r)
	}
}

// find gives the provider's hook, the same one as long as its settings are.
func (d *hooks) find(ctx context.Context, id engine.ProviderID) (http.Handler, error) {
	now := time.Now()
	d.mu.Lock()
	before, is := d.known[id]
	d.mu.Unlock()
	if is && now.Before(before.until) {
		return before, nil
	}
	p, err := d.registry.Provider(ctx, id)
	if err != nil {
		return nil, err
	}
	next := hook{Handler: before.Handler, until: now.Add(settingsLife)}
	for i, key := range hookSettings {
		next.settings[i] = p.Setting(key)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if known, is := d.known[id]; is && known.settings == next.settings {
		next.Handler = known.Handler
	} else if next.Handler, err = d.open(p); err != nil {
		delete(d.known, id)
		return nil, err
	}
	d.known[id] = next
	return next, nil
}

// vkHooks are the hooks of VK.
func (h *House) vkHooks() http.Handler {
	return newHooks(h.Stores.Registry, func(p engine.Provider) (http.Handler, error) {
		dialogs, err := vk.HookOf(p, func(ctx context.Context, events []vk.Event) error { return h.hear(ctx, p, events) })
		if err != nil {
			return nil, err
		}
		return h.withChats(p, dialogs), nil
	})
}
