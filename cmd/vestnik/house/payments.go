package house

import (
	"context"
	"fmt"
	"sync"
	"time"

	"vestnik/api"
	"vestnik/channels/gosuslugi"
	"vestnik/engine"
)

// Who exchanges payments with ГИС ЖКХ, and how often it is looked whether there is something to do. The lock outlives some rounds.
const (
	paymentsName  = "payments"
	paymentsPause = 2 * time.Second
	paymentsLock  = 30 * time.Second
)

// exchange brings payments from ГИС ЖКХ and tells it of others, in one of the installation's workers at a time. Each provider has its turn beside the others: a stand that
// hangs keeps nobody else waiting.
func (h *House) exchange(ctx context.Context) error {
	stand, is := h.channels[engine.Gosuslugi].(*gosuslugi.Channel)
	if !is {
		return nil
	}
	holder := engine.NewID()
	turns := turns{busy: map[engine.ProviderID]bool{}}
	for {
		leads, err := h.redis.TryLead(ctx, paymentsName, holder, paymentsLock)
		var list []engine.Provider
		if err == nil && leads {
			list, err = h.Stores.Registry.Providers(ctx)
		}
		if err != nil && ctx.Err() == nil {
			h.config.Log.Warn("cannot exchange payments with ГИС ЖКХ", "error", err)
		}
		for _, p := range list {
			if stand.Collects(p) {
				turns.take(p.ID, func() { h.collect(ctx, stand, p) })
			}
			if stand.Serves(p) {
				turns.take(p.ID+"/declared", func() { h.declare(ctx, stand, p) })
			}
		}
		if !pause(ctx, paymentsPause) {
			break
		}
	}
	turns.group.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = h.redis.Resign(last, paymentsName, holder) // otherwise it runs out by itself
	return nil
}

// turns are providers that something is being done for, each by one goroutine at most.
type turns struct {
	mu    sync.Mutex
	busy  map[engine.ProviderID]bool
	group sync.WaitGroup
}

// take does something for a provider unless it is being done.
func (t *turns) take(p engine.ProviderID, do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy[p] {
		return
	}
	t.busy[p] = true
	t.group.Go(func() {
		do()
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.busy, p)
	})
}

// collect takes a provider's payments as long as there is something to do at once.
func (h *House) collect(ctx context.Context, stand *gosuslugi.Channel, p engine.Provider) {
	for ctx.Err() == nil {
		took, next, err := stand.Collect(ctx, p, h.books())
		h.count(p, took)
		if err != nil && ctx.Err() == nil {
			h.config.Log.Warn("payments of ГИС ЖКХ cannot be taken", "provider", p.ID, "error", err)
		}
		if soon := time.Until(next); err != nil || soon > paymentsPause || !pause(ctx, soon) {
			return
		}
	}
}

// declare tells ГИС ЖКХ of a provider's payments that are to be told.
func (h *House) declare(ctx context.Context, stand *gosuslugi.Channel, p engine.Provider) {
	told, err := stand.Declare(ctx, p, gosuslugi.Desk{Store: h.Stores.Declarations, Placed: h.Engine.Placed})
	h.Metrics.Exchanged("declared", told.Declared)
	h.Metrics.Exchanged("failed", told.Failed)
	if told != (gosuslugi.Told{}) {
		h.config.Log.Info("ГИС ЖКХ was told of payments", "provider", p.ID, "declared", told.Declared, "failed", told.Failed)
	}
	if err != nil && ctx.Err() == nil {
		h.config.Log.Warn("ГИС ЖКХ cannot be told of payments", "provider", p.ID, "error", err)
	}
}

// Collected tells how far the payments of a provider were collected from ГИС ЖКХ.
func (h *House) Collected(ctx context.Context, p engine.ProviderID) (gosuslugi.Collection, error) {
	stand, is := h.channels[engine.Gosuslugi].(*gosuslugi.Channel)
	if !is {
		return gosuslugi.Collection{}, nil
	}
	return stand.Collected(ctx, p)
}

// collected is what the API shows of it.
func (h *House) collected(ctx context.Context, id engine.ProviderID) (api.Collected, error) {
	p, err := h.Stores.Registry.Provider(ctx, id)
	if err != nil {
		return api.Collected{}, fmt.Errorf("read provider %s: %w", id, err)
	}
	at, err := h.Collected(ctx, id)
	t := at.Takings
	shown := api.Collected{
		On: p.Setting(gosuslugi.SettingPayments) == "on", Until: at.Until, Fault: at.Fault,
		Matched: t.Matched, Unmatched: t.Unmatched, Annulled: t.Annulled, Own: t.Own, Unread: t.Unread,
	}
	if !at.Next.IsZero() {
		shown.Next = &at.Next
	}
	return shown, err
}

// books are the engine's.
func (h *House) books() gosuslugi.Books {
	return gosuslugi.Books{
		Pay: func(ctx context.Context, p engine.ProviderID, list []engine.Payment) (engine.PaymentReport, error) {
			return h.Engine.Pay(ctx, p, engine.Live, list)
		},
		Annul: func(ctx context.Context, p engine.ProviderID, list []engine.Payment) (int, error) {
			return h.Engine.Annul(ctx, p, engine.Live, list)
		},
		Sent: h.Stores.Declarations.Sent,
	}
}

// count tells what came, in metrics and, where there is something to tell, in the log.
func (h *House) count(p engine.Provider, t gosuslugi.Takings) {
	for what, n := range map[string]int{"matched": t.Matched, "unmatched": t.Unmatched, "known": t.Known, "annulled": t.Annulled, "own": t.Own, "unread": t.Unread} {
		h.Metrics.Exchanged(what, n)
	}
	if t.Matched+t.Unmatched+t.Annulled+t.Unread > 0 {
		h.config.Log.Info("payments came from ГИС ЖКХ", "provider", p.ID, "matched", t.Matched, "unmatched", t.Unmatched, "annulled", t.Annulled, "unread", t.Unread)
	}
}
