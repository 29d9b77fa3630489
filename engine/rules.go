package engine

import (
	"context"
	"fmt"
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
	allowed := reachable[:0]
	for k, i := range reachable {
		if stops(r.campaign.Kind, reasons[k]) {
			r.verdicts[i] = verdict{what: skipped, reason: reasons[k]}
			continue
		}
		allowed = append(allowed, i)
	}
	return e.agreed(ctx, r, allowed)
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

// sharedPause is how long a recipient waits for another one's message to an address they share.
const sharedPause = 5 * time.Second

// alone leaves one recipient for each shared address. The others are covered when its message was taken; until that is known they wait, if
// they are in another batch, or do as it does, if they are in this one.
func (e *Engine) alone(ctx context.Context, r *run, who []int) ([]int, error) {
	ch := r.step().Channel
	if !shared(ch) {
		return who, nil
	}
	addresses, ordinals := make([]string, len(who)), make(Ordinals, len(who))
	for k, i := range who {
		addresses[k], ordinals[k] = r.people[i].Address(ch), OrdinalOf(r.batch.Chunk, i)
	}
	claims, err := e.Stores.Claims.Claim(ctx, r.campaign.ID, r.place(), addresses, ordinals)
	if err != nil {
		return nil, fmt.Errorf("claim shared addresses: %w", err)
	}
	r.claimed = map[string]int{}
	mine, soon := make([]int, 0, len(who)), time.Now().Add(sharedPause).Truncate(100*time.Millisecond)
	for k, i := range who {
		switch claims[k] {
		case Mine:
			r.claimed[addresses[k]] = i
			mine = append(mine, i)
		case Covered:
			r.verdicts[i] = verdict{what: taken, covered: true}
		case Busy:
			r.verdicts[i] = verdict{what: held, hold: HeldShared, due: soon}
		}
	}
	return mine, nil
}

// cover settles the claims of the recipients that were written to: what the channel said of their message holds for their neighbours.
func (e *Engine) cover(ctx context.Context, r *run, who []int) error {
	if len(r.claimed) == 0 {
		return nil
	}
	ch := r.step().Channel
	fate := map[bool][]string{}
	for _, i := range who {
		if v := r.verdicts[i]; v.what == taken || v.what == failed && !v.fault.Reason.Temporary() {
			fate[v.what == taken] = append(fate[v.what == taken], r.people[i].Address(ch))
		}
	}
	for took, addresses := range fate {
		if err := e.Stores.Claims.Close(ctx, r.campaign.ID, r.place(), addresses, took); err != nil {
			return fmt.Errorf("settle shared addresses: %w", err)
		}
	}
	for i := range r.batch.Members.All() {
		owner, ours := r.claimed[r.people[i].Address(ch)]
		if r.verdicts[i].hold != HeldShared || !ours {
			continue
		}
		if r.verdicts[i] = r.verdicts[owner]; r.verdicts[i].what == taken {
			r.verdicts[i].covered = true
		}
	}
	return nil
}
