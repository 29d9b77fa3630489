package engine

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// The rules a member passes before it is written to. Each gives a verdict to those it stops and returns the others.

// hush passes over whom the step cannot reach or must not reach at all.
func (e *Engine) hush(ctx context.Context, r *run, who []int) ([]int, error) {
	step, barrier := r.step(), e.barrier(r)
	reachable, addresses := who[:0], make([]string, 0, len(who))
	for _, i := range who {
		switch why := barrier(i, step); why {
		case NoReason:
			reachable, addresses = append(reachable, i), append(addresses, r.people[i].Address(step.Channel))
		case NoAddress:
			r.verdicts[i] = verdict{what: skipped}
		default:
			r.verdicts[i] = verdict{what: skipped, reason: why}
		}
	}
	if len(reachable) == 0 {
		return nil, nil
	}
	reasons, err := e.Stores.Stops.Stopped(ctx, r.provider.ID, step.Channel, addresses)
	if err != nil {
		return nil, fmt.Errorf("read the stops: %w", err)
	}
	kind := r.campaign.Kind
	if slices.Contains(reasons, Unreminded) {
		if kind, err = e.kindOf(ctx, r); err != nil {
			return nil, err
		}
	}
	allowed := reachable[:0]
	for k, i := range reachable {
		if stops(kind, reasons[k]) {
			r.verdicts[i] = verdict{what: skipped, reason: reasons[k]}
			continue
		}
		allowed = append(allowed, i)
	}
	return e.agreed(ctx, r, allowed)
}

// kindOf is the kind of the step's text, which can differ from the campaign's (see Follows).
func (e *Engine) kindOf(ctx context.Context, r *run) (Kind, error) {
	text, err := e.Texts.Open(ctx, r.template())
	if err != nil {
		return "", fmt.Errorf("open template %s: %w", r.template(), err)
	}
	if of, ok := text.(Kinded); ok {
		return of.Kind(), nil
	}
	return r.campaign.Kind, nil
}

// agreed passes over whoever must have agreed to ads and has not.
func (e *Engine) agreed(ctx context.Context, r *run, who []int) ([]int, error) {
	ch := r.step().Channel
	if !needsConsent(r.campaign.Kind, ch) || len(who) == 0 {
		return who, nil
	}
	given, err := e.Stores.Consents.Given(ctx, r.provider.ID, ch, r.accounts(who))
	if err != nil {
		return nil, fmt.Errorf("read the consents: %w", err)
	}
	return r.keep(who, given, verdict{what: skipped, reason: NoConsent}), nil
}

func (r *run) accounts(who []int) []string {
	list := make([]string, len(who))
	for k, i := range who {
		list[k] = r.people[i].Account
	}
	return list
}

// keep returns those whom passed holds for, by their place in who, and gives the verdict to the others.
func (r *run) keep(who []int, passed []bool, otherwise verdict) []int {
	kept := who[:0]
	for k, i := range who {
		if passed[k] {
			kept = append(kept, i)
			continue
		}
		r.verdicts[i] = otherwise
	}
	return kept
}

// atDay puts those off who sleep.
func (e *Engine) atDay(_ context.Context, r *run, who []int) ([]int, error) {
	quiet := quietFor(r.campaign, r.provider, r.step().Channel)
	if quiet == (Quiet{}) {
		return who, nil
	}
	now, ends := time.Now(), map[string]time.Time{}
	awake := who[:0]
	for _, i := range who {
		person := &r.people[i]
		end, known := ends[person.Timezone]
		if !known {
			end = quiet.Ends(now, person.Zone(r.provider))
			ends[person.Timezone] = end
		}
		if end.IsZero() {
			awake = append(awake, i)
			continue
		}
		r.verdicts[i] = verdict{what: held, hold: HeldQuiet, due: end}
	}
	e.Meter.Held(r.step().Channel, HeldQuiet, len(who)-len(awake))
	return awake, nil
}

// capped passes over accounts that have had as many campaigns of this kind as the provider allows. It comes last: it counts.
func (e *Engine) capped(ctx context.Context, r *run, who []int) ([]int, error) {
	most, days, err := ParseFrequency(r.provider.Setting(SettingFrequency))
	if r.campaign.Kind != KindAd || most == 0 || err != nil {
		return who, nil
	}
	now := time.Now().In((&Recipient{}).Zone(r.provider))
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	fine, err := e.Stores.Frequency.Claim(ctx, r.provider.ID, r.campaign.Kind, r.campaign.ID, r.accounts(who), day, days, most)
	if err != nil {
		return nil, fmt.Errorf("read the frequency: %w", err)
	}
	return r.keep(who, fine, verdict{what: skipped, reason: Capped}), nil
}
