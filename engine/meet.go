package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// meet ends the lanes whose goal a fact has met: those of recipients whose message a channel took and who wait, or are on the way to a later
// step. Who has not been written to yet is left to its batch, which looks at the marks before it sends.
func (e *Engine) meet(ctx context.Context, c Campaign, f Fact, ordinals Ordinals) error {
	for l, lane := range c.Route.Lanes {
		if !awaited(c.Kind, lane, f) {
			continue
		}
		for rest := ordinals; len(rest) > 0; {
			chunk, n := rest[0].Chunk(), 1
			for n < len(rest) && rest[n].Chunk() == chunk {
				n++
			}
			var who Members
			for _, o := range rest[:n] {
				who.Add(o.Index())
			}
			rest = rest[n:]
			moved, balance, err := e.endLane(ctx, c, chunk, l, func(i int, s State) bool {
				return who.Has(i) && int(s.Step) < len(lane) && slices.Contains(goals(c.Kind, lane, int(s.Step), phaseOf(s, lane)), f)
			})
			if err != nil {
				return err
			}
			if moved && balance.InFlight == 0 {
				if err := e.finish(ctx, c.ID); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// awaited reports whether the fact is a goal anywhere in the lane before its last step.
func awaited(kind Kind, lane Lane, f Fact) bool {
	for step := range lane[:len(lane)-1] {
		if slices.Contains(goals(kind, lane, step, Waiting), f) {
			return true
		}
	}
	return false
}

// phaseOf tells whether a recipient whose message was taken waits for that step's goal or is on the way to the next.
func phaseOf(s State, lane Lane) Phase {
	if s.Channel == lane[s.Step].Channel {
		return Waiting
	}
	return Sending
}

// endLane ends a lane, delivered, for those members of a chunk whose message was taken and who are chosen. It tells whether there were any,
// and the balance after that.
func (e *Engine) endLane(ctx context.Context, c Campaign, chunk, lane int, choose func(int, State) bool) (moved bool, balance Balance, err error) {
	for {
		states, err := e.Stores.Ledger.States(ctx, c.ID, lane, OrdinalOf(chunk, 0), ChunkSize)
		if err != nil {
			return false, balance, fmt.Errorf("read the states: %w", err)
		}
		s := Settlement{Chunk: chunk, Lane: lane}
		for i, was := range states {
			if was.Outcome == InFlight && was.Taken() && choose(i, was) {
				now := was
				now.Outcome = Delivered
				s.States = append(s.States, Change{Index: i, Was: was, State: now})
			}
		}
		if len(s.States) == 0 {
			return false, balance, nil
		}
		balance, err = e.Stores.Ledger.Return(ctx, c.ID, s)
		if errors.Is(err, ErrConflict) {
			continue
		}
		if err != nil {
			return false, balance, fmt.Errorf("end the lanes of those who met the goal: %w", err)
		}
		return true, balance, nil
	}
}
