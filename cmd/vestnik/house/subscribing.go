package house

import (
	"context"
	"time"

	"vestnik/channels/housechat"
	"vestnik/engine"
)

// Who asks MAX to tell its events, and how often. MAX forgets an address that answered nothing for eight hours, so it is asked again in time.
const (
	subscribeName  = "subscribe"
	subscribePause = 2 * time.Second
	subscribeLock  = 40 * time.Second // outlives a slow round
	subscribeAgain = time.Hour
	subscribeMost  = 10 * time.Minute // the longest pause after a failure
)

// subscriber is a channel that asks MAX for events.
type subscriber interface {
	SubscribeMAX(ctx context.Context, p engine.Provider, address, secret string) error
}

// subscription is when one provider's bot is to be subscribed next.
type subscription struct {
	token, api string // it was made with
	next       time.Time
	failures   int
}

// subscribe keeps the bots of all providers in MAX subscribed to our doors, in one of the installation's workers at a time.
func (h *House) subscribe(ctx context.Context) error {
	channel, able := h.channels[engine.HouseChat].(subscriber)
	if !able {
		return nil
	}
	holder, known := engine.NewID(), map[engine.ProviderID]subscription{}
	for {
		leads, err := h.redis.TryLead(ctx, subscribeName, holder, subscribeLock)
		if err == nil && leads {
			err = h.subscribeAll(ctx, channel, known)
		}
		if err != nil && ctx.Err() == nil {
			h.config.Log.Warn("cannot look for the bots of MAX", "error", err)
		}
		if !pause(ctx, subscribePause) {
			break
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = h.redis.Resign(last, subscribeName, holder) // otherwise it runs out by itself
	return nil
}

// subscribeAll subscribes every bot whose time it is.
func (h *House) subscribeAll(ctx context.Context, channel subscriber, known map[engine.ProviderID]subscription) error {
	providers, err := h.Stores.Registry.Providers(ctx)
	if err != nil {
		return err
	}
	patient, cancel := context.WithTimeout(ctx, subscribeLock/2)
	defer cancel()
	for _, p := range providers {
		is, now := known[p.ID], time.Now()
		token, api := p.Setting(housechat.SettingMAXToken), p.Setting("max.api_url")
		if token == "" || housechat.PolledMAX(p) {
			delete(known, p.ID)
			continue
		}
		if is.token == token && is.api == api && now.Before(is.next) {
			continue
		}
		wait := subscribeAgain
		if err := channel.SubscribeMAX(patient, p, h.maxDoor(p), h.maxSecret(p)); err != nil {
			is.failures++
			wait = min(subscribeMost, subscribePause<<min(is.failures, 10))
			h.config.Log.Warn("MAX does not want to tell its events", "provider", p.ID, "error", err)
		} else {
			is.failures = 0
		}
		known[p.ID] = subscription{token: token, api: api, next: now.Add(wait), failures: is.failures}
	}
	return nil
}
