package engine

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// paced lets so many through as the breaker, the rooms and the limits allow just now, and holds the others.
func (e *Engine) paced(ctx context.Context, r *run, who []int) ([]int, error) {
	if r.campaign.Mode == Test {
		return who, nil
	}
	for _, gate := range []func(context.Context, *run, []int) ([]int, error){e.pastBreaker, e.intoRooms, e.withinLimits} {
		var err error
		if who, err = gate(ctx, r, who); err != nil || len(who) == 0 {
			return nil, err
		}
	}
	return who, nil
}

// putOff holds members until due, spread over the second after it, so that they do not all come back at once.
func (e *Engine) putOff(r *run, who []int, hold Hold, due time.Time) {
	if len(who) == 0 {
		return
	}
	due = due.Add(time.Duration(rand.Int64N(int64(time.Second)))).Truncate(100 * time.Millisecond)
	r.each(who, verdict{what: held, hold: hold, due: due})
	e.Meter.Held(r.step().Channel, hold, len(who))
}

// pastBreaker holds everybody while the channel does not work for the provider, except the few who find out whether it does again.
func (e *Engine) pastBreaker(ctx context.Context, r *run, who []int) ([]int, error) {
	ch, now := r.step().Channel, time.Now()
	b, err := e.Stores.Breakers.Breaker(ctx, r.provider.ID, ch)
	if err != nil {
		return nil, fmt.Errorf("read the breaker: %w", err)
	}
	if b.Reason == Refused && b.Open() && !now.Before(b.Until) {
		if b, err = e.reconsider(ctx, r, now); err != nil {
			return nil, err
		}
	}
	r.breaker = b
	switch {
	case !b.Open():
		return who, nil
	case now.Sub(r.batch.Since) >= e.Retry.withDefaults().Limit:
		r.each(who, verdict{what: failed, fault: &Fault{Reason: b.Reason, Code: b.Code}})
		return nil, nil
	case now.Before(b.Until):
		e.putOff(r, who, b.hold(), b.Until)
		return nil, nil
	}
	probes, err := e.enter(ctx, r, room{"probe/" + string(ch) + "/" + string(r.provider.ID), 1})
	if err != nil {
		return nil, err
	}
	n := 0
	if probes {
		n = min(probeSize, len(who))
	}
	e.putOff(r, who[n:], b.hold(), now.Add(time.Second))
	return who[:n], nil
}

// reconsider judges a stopped sender again when its time is over.
func (e *Engine) reconsider(ctx context.Context, r *run, now time.Time) (Breaker, error) {
	standing, err := e.Standing(ctx, r.provider.ID)
	if err != nil {
		return Breaker{}, err
	}
	b, err := e.Stores.Breakers.ChangeBreaker(ctx, r.provider.ID, r.step().Channel, func(b *Breaker) {
		switch {
		case b.Reason != Refused:
		case standing.Verdict == StandingStopped:
			*b = stopped(*b, now)
		default:
			*b = Breaker{Provider: b.Provider, Channel: b.Channel}
		}
	})
	if err != nil {
		return Breaker{}, fmt.Errorf("reconsider a stopped sender: %w", err)
	}
	return b, nil
}

// diagnose tells the breaker what the channel answered. Members of a batch that has opened it, or kept it open, wait with the others and
// have lost no attempt.
func (e *Engine) diagnose(ctx context.Context, r *run, who []int, results []Result) error {
	s, now := examine(results), time.Now()
	if r.campaign.Mode == Test || r.breaker.Reason == Refused || r.breaker.after(s, now) == r.breaker {
		return nil
	}
	b, err := e.Stores.Breakers.ChangeBreaker(ctx, r.provider.ID, r.step().Channel, func(b *Breaker) {
		if b.Reason != Refused {
			*b = b.after(s, now)
		}
	})
	if err != nil {
		return fmt.Errorf("change the breaker: %w", err)
	}
	if !b.Open() {
		return nil
	}
	if !r.breaker.Open() {
		e.Log.Warn("a channel does not work", "channel", r.step().Channel, "provider", r.provider.ID, "reason", b.Reason, "code", b.Code, "until", b.Until)
	}
	spared := make([]int, 0, len(who))
	for _, i := range who {
		if v := r.verdicts[i]; v.what == failed && v.fault.breaks() && now.Sub(r.batch.Since) < e.Retry.withDefaults().Limit {
			spared = append(spared, i)
		}
	}
	e.putOff(r, spared, b.hold(), b.Until)
	return nil
}

// intoRooms takes a place wherever only so many batches may be at a time.
func (e *Engine) intoRooms(ctx context.Context, r *run, who []int) ([]int, error) {
	ch := r.step().Channel
	for _, room := range roomsOf(r.provider, ch, e.Limits[ch], e.limitsOfSender(ch)) {
		entered, err := e.enter(ctx, r, room)
		if err != nil {
			return nil, err
		}
		if !entered {
			e.putOff(r, who, HeldPace, time.Now())
			return nil, nil
		}
	}
	return who, nil
}

// limitsOfSender is what the channel itself allows each sender.
func (e *Engine) limitsOfSender(ch ChannelName) Limits {
	if limited, is := e.Channels[ch].(Limited); is {
		return limited.Limits()
	}
	return Limits{}
}

// enter takes a place in a room; it is given back by leave, and kept as long as the lease.
func (e *Engine) enter(ctx context.Context, r *run, room room) (bool, error) {
	now := time.Now()
	entered, err := e.Stores.Pace.Enter(ctx, room.name, r.holder, room.most, now, now.Add(e.Lease))
	if err != nil {
		return false, fmt.Errorf("ask for a place: %w", err)
	}
	if entered {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.rooms = append(r.rooms, room)
	}
	return entered, nil
}

// leave gives all places back.
func (e *Engine) leave(ctx context.Context, r *run) {
	r.mu.Lock()
	rooms := r.rooms
	r.rooms = nil
	r.mu.Unlock()
	for _, room := range rooms {
		if err := e.Stores.Pace.Leave(ctx, room.name, r.holder); err != nil {
			e.Log.Warn("a place could not be given back; it is free when its time is over", "error", err)
		}
	}
}

// withinLimits takes what the rates and quotas have left.
func (e *Engine) withinLimits(ctx context.Context, r *run, who []int) ([]int, error) {
	return e.share(ctx, r, e.limits(r), who)
}

// share takes what limits have left for the members, and holds the others. What one limit refuses is given back to those before it.
func (e *Engine) share(ctx context.Context, r *run, limits []limit, who []int) ([]int, error) {
	for k, l := range limits {
		got, err := e.Stores.Pace.Spend(ctx, l.name, l.end, len(who), l.count)
		if err != nil {
			return nil, fmt.Errorf("ask for a share: %w", err)
		}
		if got == len(who) {
			continue
		}
		for _, before := range limits[:k] {
			if _, err := e.Stores.Pace.Spend(ctx, before.name, before.end, got-len(who), before.count); err != nil {
				return nil, fmt.Errorf("give a share back: %w", err)
			}
		}
		e.putOff(r, who[got:], l.hold, l.end)
		if who = who[:got]; got == 0 {
			return nil, nil
		}
	}
	return who, nil
}
