package housechat

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"vestnik/engine"
)

// The provider's settings about how MAX tells its events.
const (
	SettingMAXToken  = "max.token"
	SettingMAXEvents = "max.events" // EventsByHook, EventsByPoll; empty: EventsByHook
)

// The ways in which MAX tells events.
const (
	EventsByHook = "hook" // a subscription
	EventsByPoll = "poll" // long polling, for those who have no public address
)

// PolledMAX reports whether the events of the provider's bot in MAX are to be asked for, by PollMAX.
func PolledMAX(p engine.Provider) bool {
	return p.Setting(SettingMAXToken) != "" && p.Setting(SettingMAXEvents) == EventsByPoll
}

// PollConfig says whose events PollMAX asks for, and from where on.
type PollConfig struct {
	Provider engine.Provider
	From     string                              // what Keep was given last; empty: from what MAX has kept on
	Keep     func(context.Context, string) error // is told from where to go on; nil: nobody is
	Hook     string                              // an address that may be subscribed and is not to be any more; empty: none
	Wait     time.Duration                       // for one answer, whole seconds up to 90; 0: half of Config.Timeout
	Pause    time.Duration                       // after a failure, doubled up to a minute; 0: 1 s
}

// mostAsked is how many events of MAX come together.
const mostAsked = 100

// PollMAX asks MAX for the events of the provider's bot (dev.max.ru/docs-api, GET /updates; MAX recommends a hook where there can be one) and works
// on them as the door of NewMAXHook does. While an address is subscribed MAX tells them there alone, so Hook is taken back first. It goes on after
// failures of all kinds and returns nil when ctx ends; an error says that MAX does not let us in.
func (c *Channel) PollMAX(ctx context.Context, cfg PollConfig) error {
	bot, f := c.bot(cfg.Provider, engine.NetworkMAX)
	if f != nil {
		return fmt.Errorf("poll the events of the bot in MAX: %w", &f.Fault)
	}
	cfg.Wait, cfg.Pause = cmp.Or(cfg.Wait, c.cfg.Timeout/2), cmp.Or(cfg.Pause, time.Second)
	p := &poller{cfg: cfg, bot: bot.(*maxBot), heard: c.heard(cfg.Provider), marker: cfg.From} //nolint:forcetypeassert // what bot makes for MAX
	for wait := cfg.Pause; ; {
		f := p.round(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case f == nil:
			wait = cfg.Pause
			continue
		case f.Reason == engine.Misconfigured:
			return fmt.Errorf("poll the events of the bot in MAX: %w", &f.Fault)
		}
		if !pause(ctx, max(wait, f.RetryAfter)) {
			return nil
		}
		wait = min(2*wait, time.Minute)
	}
}

// heard is what events of the provider's bots and communities are worked on with.
func (c *Channel) heard(p engine.Provider) *HookConfig {
	return &HookConfig{Provider: p.ID, Chats: c.cfg.Chats, Log: c.cfg.Log}
}

// poller is one PollMAX.
type poller struct {
	cfg    PollConfig
	bot    *maxBot
	heard  *HookConfig
	marker string // from where on events have not been worked on
}

// round asks once.
func (p *poller) round(ctx context.Context) *failure {
	if p.cfg.Hook != "" {
		if f := p.bot.unsubscribe(ctx, p.cfg.Hook); f != nil {
			return f
		}
		p.cfg.Hook = ""
	}
	query := url.Values{"limit": {strconv.Itoa(mostAsked)}, "timeout": {strconv.Itoa(max(1, int(p.cfg.Wait/time.Second)))}}
	if p.marker != "" {
		query.Set("marker", p.marker)
	}
	var came struct {
		Updates []json.RawMessage `json:"updates"`
		Marker  *int64            `json:"marker"`
	}
	if f := p.bot.call(ctx, http.MethodGet, "/updates", query, nil, &came); f != nil {
		return f
	}
	for _, event := range came.Updates {
		if err := settled(maxEvent(ctx, p.heard, event)); err != nil {
			return registryDown(ctx, "work on an event of MAX", err)
		}
	}
	if came.Marker == nil || strconv.FormatInt(*came.Marker, 10) == p.marker {
		return nil
	}
	p.marker = strconv.FormatInt(*came.Marker, 10)
	if p.cfg.Keep == nil {
		return nil
	}
	if err := p.cfg.Keep(ctx, p.marker); err != nil {
		return registryDown(ctx, "remember where to go on", err)
	}
	return nil
}

// HearVK works on a message in a chat of the provider's VK community, as the Callback API tells it, that did not come through the door of NewVKHook.
// After an error it may be told again; what is no such message, or about chats that are not the provider's, is none.
func (c *Channel) HearVK(ctx context.Context, p engine.Provider, event []byte) error {
	var e vkEvent
	group, err := strconv.ParseInt(p.Setting("vk.group_id"), 10, 64)
	if err != nil || json.Unmarshal(event, &e) != nil || e.GroupID != group {
		return nil //nolint:nilerr // it does not get better when it is told again
	}
	cfg := c.heard(p)
	cfg.GroupID = group
	return settled(e.work(ctx, cfg))
}

// settled forgives an event that there is nothing to do about, now and later.
func settled(err error) error {
	if errors.Is(err, engine.ErrNotFound) || errors.Is(err, errEvent) {
		return nil
	}
	return err
}
