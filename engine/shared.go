package engine

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// One message to a shared address is for all who have it. Who claims the address writes to it; what the channel says holds for the others.

// sharedPause is how long a recipient waits for another one's message to an address they share.
const sharedPause = 5 * time.Second

// alone leaves one recipient for each shared address. The others are covered when its message was taken; until that is known they wait, if
// they are in another batch, or do as it does, if they are in this one.
func (e *Engine) alone(ctx context.Context, r *run, who []int) ([]int, error) {
	if !e.shares(r) {
		return who, nil
	}
	claims, err := e.claim(ctx, r, who)
	if err != nil {
		return nil, err
	}
	r.claimed = map[string]int{}
	mine, soon := make([]int, 0, len(who)), time.Now().Add(sharedPause).Truncate(100*time.Millisecond)
	for k, i := range who {
		switch claims[k] {
		case Mine:
			r.claimed[r.address(i)] = i
			mine = append(mine, i)
		case Covered:
			r.verdicts[i] = verdict{what: taken, covered: true}
		case Busy:
			r.verdicts[i] = verdict{what: held, hold: HeldShared, due: soon}
		}
	}
	return mine, nil
}

// address is where the step writes to a member, and to its neighbours.
func (r *run) address(i int) string { return r.people[i].House }

func (e *Engine) claim(ctx context.Context, r *run, who []int) ([]Claim, error) {
	addresses, ordinals := make([]string, len(who)), make(Ordinals, len(who))
	for k, i := range who {
		addresses[k], ordinals[k] = r.address(i), OrdinalOf(r.batch.Chunk, i)
	}
	claims, err := e.Stores.Claims.Claim(ctx, r.campaign.ID, r.place(), addresses, ordinals)
	if err != nil {
		return nil, fmt.Errorf("claim shared addresses: %w", err)
	}
	return claims, nil
}

func (e *Engine) unclaim(ctx context.Context, r *run, addresses []string, taken bool) error {
	if len(addresses) == 0 {
		return nil
	}
	if err := e.Stores.Claims.Close(ctx, r.campaign.ID, r.place(), addresses, taken); err != nil {
		return fmt.Errorf("settle shared addresses: %w", err)
	}
	return nil
}

// cover settles what this batch has claimed: an address that was not written to after all is free for whoever comes next. Neighbours of the
// same batch fare as the one that was to write; if it may not or cannot be written to itself, one of them is tried next.
func (e *Engine) cover(ctx context.Context, r *run) error {
	var covered, free []string
	for address, i := range r.claimed {
		switch r.verdicts[i].what {
		case taken:
			covered = append(covered, address)
		case handed: // its answer is still to come
		default:
			free = append(free, address)
		}
	}
	if err := e.unclaim(ctx, r, covered, true); err != nil {
		return err
	}
	if err := e.unclaim(ctx, r, free, false); err != nil {
		return err
	}
	for i := range r.batch.Members.All() {
		if r.verdicts[i].hold != HeldShared {
			continue
		}
		owner, ours := r.claimed[r.address(i)]
		if !ours {
			continue
		}
		switch v := r.verdicts[owner]; {
		case v.what == taken:
			r.verdicts[i] = verdict{what: taken, received: v.received, covered: true}
		case v.what == skipped && v.fault == nil, v.what == failed && v.fault.Reason == BadMessage:
			r.verdicts[i] = verdict{}
		default:
			r.verdicts[i] = v
		}
	}
	return nil
}

// heard settles the shared addresses of messages whose channel has answered later. Members of a batch have one answer, whoever of them was
// written to; the others are covered by it.
func (e *Engine) heard(ctx context.Context, r *run, who []int) error {
	if !e.shares(r) {
		return nil
	}
	claims, err := e.claim(ctx, r, who)
	if err != nil {
		return err
	}
	var covered, free []string
	for k, i := range who {
		switch v := &r.verdicts[i]; v.what {
		case taken:
			v.covered = claims[k] != Mine
			covered = append(covered, r.address(i))
		case failed, skipped, held:
			free = append(free, r.address(i))
		}
	}
	if err := e.unclaim(ctx, r, covered, true); err != nil {
		return err
	}
	return e.unclaim(ctx, r, free, false)
}

// forgo gives back the addresses that members had claimed when a crash interrupted the batch, and will not write to any more.
func (e *Engine) forgo(ctx context.Context, r *run, left []int) error {
	if !e.shares(r) || r.batch.Phase != Sending || len(left) == 0 {
		return nil
	}
	if err := e.readPeople(ctx, r); err != nil {
		return err
	}
	left = slices.DeleteFunc(left, func(i int) bool { return r.address(i) == "" })
	claims, err := e.claim(ctx, r, left)
	if err != nil {
		return err
	}
	var free []string
	for k, i := range left {
		if claims[k] == Mine {
			free = append(free, r.address(i))
		}
	}
	return e.unclaim(ctx, r, free, false)
}
