package enginetest

import (
	"context"
	"fmt"
	"time"

	"vestnik/engine"
)

// ledger is the Ledger of a Memory.
type ledger struct{ *Memory }

type ledgerOf struct {
	lanes   int // 0: not opened
	ordered int64
	fed     int
	batches map[string]engine.Batch
	awake   map[string]time.Time // until when those are that were roused or taken
	holders map[string]string    // of those that were taken
	states  map[seat][engine.StateSize]byte
	counts  map[engine.Outcome]int64
}

// seat is a recipient in a lane.
type seat struct {
	lane    int
	ordinal engine.Ordinal
}

func (l ledger) of(id engine.CampaignID) *ledgerOf {
	if l.ledgers[id] == nil {
		l.ledgers[id] = &ledgerOf{
			batches: map[string]engine.Batch{}, awake: map[string]time.Time{}, holders: map[string]string{},
			states: map[seat][engine.StateSize]byte{}, counts: map[engine.Outcome]int64{},
		}
	}
	return l.ledgers[id]
}

func (l ledger) Open(ctx context.Context, id engine.CampaignID, ordered int64, lanes int) error {
	leave, err := l.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if lanes < 1 {
		return fmt.Errorf("open the ledger of campaign %s: %d lanes", id, lanes)
	}
	if of := l.of(id); of.lanes == 0 {
		of.lanes, of.ordered, of.counts[engine.InFlight] = lanes, ordered, ordered
	}
	return nil
}

func (l ledger) Feed(ctx context.Context, id engine.CampaignID, from, to int, batches []engine.Batch) error {
	leave, err := l.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	of := l.of(id)
	if of.lanes == 0 {
		return fmt.Errorf("feed campaign %s: its ledger is not open: %w", id, engine.ErrNotFound)
	}
	if of.fed != from {
		return fmt.Errorf("feed campaign %s from chunk %d: %w", id, from, engine.ErrConflict)
	}
	if err := of.free(batches, ""); err != nil {
		return err
	}
	of.add(batches)
	of.fed = to
	return nil
}

// free refuses batches that are there already: the members of one of the two would be lost.
func (of *ledgerOf) free(batches []engine.Batch, except string) error {
	seen := map[string]bool{}
	for i := range batches {
		id := batches[i].ID()
		if _, there := of.batches[id]; seen[id] || there && id != except {
			return fmt.Errorf("batch %s is in the ledger already", id)
		}
		seen[id] = true
	}
	return nil
}

func (of *ledgerOf) add(batches []engine.Batch) {
	for _, b := range batches {
		b.Campaign, b.Due, b.Since = "", millis(b.Due), millis(b.Since)
		of.batches[b.ID()] = b
	}
}

func (l ledger) Fed(ctx context.Context, id engine.CampaignID) (int, error) {
	leave, err := l.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	return l.of(id).fed, nil
}

func (l ledger) Take(ctx context.Context, id engine.CampaignID, batch, holder string, now, until time.Time) (engine.Batch, error) {
	leave, err := l.enter(ctx)
	if err != nil {
		return engine.Batch{}, err
	}
	defer leave()
	of := l.of(id)
	b, there := of.batches[batch]
	if !there {
		return engine.Batch{}, fmt.Errorf("take batch %s: %w", batch, engine.ErrGone)
	}
	if held := of.holders[batch]; held != "" && held != holder && of.awake[batch].After(millis(now)) {
		return engine.Batch{}, &engine.LeasedError{Until: of.awake[batch]}
	}
	of.holders[batch], of.awake[batch] = holder, millis(until)
	b.Campaign = id
	return b, nil
}

func (l ledger) Hold(ctx context.Context, id engine.CampaignID, batch, holder string, until time.Time) error {
	leave, err := l.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	of := l.of(id)
	if of.holders[batch] != holder {
		return fmt.Errorf("hold batch %s: %w", batch, engine.ErrGone)
	}
	of.awake[batch] = millis(until)
	return nil
}

func (l ledger) Settle(ctx context.Context, id engine.CampaignID, batch, holder string, s engine.Settlement) (engine.Balance, error) {
	leave, err := l.enter(ctx)
	if err != nil {
		return engine.Balance{}, err
	}
	defer leave()
	of := l.of(id)
	if of.holders[batch] != holder {
		return engine.Balance{}, fmt.Errorf("settle batch %s: %w", batch, engine.ErrGone)
	}
	if err := of.check(s, batch); err != nil {
		return engine.Balance{}, err
	}
	delete(of.batches, batch)
	of.doze(batch)
	return of.write(s), nil
}

func (l ledger) Return(ctx context.Context, id engine.CampaignID, s engine.Settlement) (engine.Balance, error) {
	leave, err := l.enter(ctx)
	if err != nil {
		return engine.Balance{}, err
	}
	defer leave()
	of := l.of(id)
	if err := of.check(s, ""); err != nil {
		return engine.Balance{}, err
	}
	return of.write(s), nil
}

// check refuses a settlement that must not be written.
func (of *ledgerOf) check(s engine.Settlement, except string) error {
	if s.Lane < 0 || s.Lane >= of.lanes {
		return fmt.Errorf("settle in lane %d of %d: %w", s.Lane, of.lanes, engine.ErrNotFound)
	}
	for _, change := range s.States {
		if of.states[seat{s.Lane, engine.OrdinalOf(s.Chunk, change.Index)}] != pack(change.Was) {
			return fmt.Errorf("state %d of chunk %d: %w", change.Index, s.Chunk, engine.ErrConflict)
		}
	}
	return of.free(s.Next, except)
}

// write carries a settlement out.
func (of *ledgerOf) write(s engine.Settlement) engine.Balance {
	for _, change := range s.States {
		ordinal := engine.OrdinalOf(s.Chunk, change.Index)
		of.counts[of.outcome(ordinal)]--
		of.states[seat{s.Lane, ordinal}] = pack(change.State)
		of.counts[of.outcome(ordinal)]++
	}
	of.add(s.Next)
	return of.balance()
}

// outcome is the smallest of the recipient's lanes.
func (of *ledgerOf) outcome(o engine.Ordinal) engine.Outcome {
	smallest := of.states[seat{0, o}]
	for lane := 1; lane < of.lanes; lane++ {
		if other := of.states[seat{lane, o}]; other[0] < smallest[0] {
			smallest = other
		}
	}
	return engine.UnpackState(smallest[:]).Outcome
}

func pack(s engine.State) [engine.StateSize]byte { return [engine.StateSize]byte(s.Pack(nil)) }

func (of *ledgerOf) balance() engine.Balance {
	return engine.Balance{
		Ordered: of.ordered, Delivered: of.counts[engine.Delivered], Undelivered: of.counts[engine.Undelivered],
		Suppressed: of.counts[engine.Suppressed], Expired: of.counts[engine.Expired], Cancelled: of.counts[engine.Cancelled],
		InFlight: of.counts[engine.InFlight],
	}
}

func (l ledger) States(ctx context.Context, id engine.CampaignID, lane int, from engine.Ordinal, n int) ([]engine.State, error) {
	leave, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	list := make([]engine.State, n)
	for i := range list {
		packed := l.of(id).states[seat{lane, from + engine.Ordinal(i)}]
		list[i] = engine.UnpackState(packed[:])
	}
	return list, nil
}

func (l ledger) Balance(ctx context.Context, id engine.CampaignID) (engine.Balance, error) {
	leave, err := l.enter(ctx)
	if err != nil {
		return engine.Balance{}, err
	}
	defer leave()
	return l.of(id).balance(), nil
}
