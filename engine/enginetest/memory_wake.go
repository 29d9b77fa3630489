package enginetest

import (
	"context"
	"maps"
	"slices"
	"time"

	"vestnik/engine"
)

func (l ledger) Rouse(ctx context.Context, id engine.CampaignID, now, until time.Time, most int) ([]engine.Batch, error) {
	leave, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	of := l.of(id)
	for name, end := range of.awake {
		if !end.After(millis(now)) {
			of.doze(name)
		}
	}
	var roused []engine.Batch
	for _, b := range of.waiting(id) {
		if len(of.awake) >= most || b.Due.After(millis(now)) {
			break
		}
		of.awake[b.ID()] = millis(until)
		roused = append(roused, b)
	}
	return roused, nil
}

// doze ends what Rouse and Take began.
func (of *ledgerOf) doze(batch string) {
	delete(of.awake, batch)
	delete(of.holders, batch)
}

func (l ledger) Recall(ctx context.Context, id engine.CampaignID, now time.Time) error {
	leave, err := l.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	of := l.of(id)
	for _, b := range of.waiting(id) {
		if b.Phase != engine.Confirming && b.Due.After(millis(now)) {
			b.Campaign, b.Due = "", millis(now)
			of.batches[b.ID()] = b
		}
	}
	return nil
}

func (l ledger) Batches(ctx context.Context, id engine.CampaignID, limit int) ([]engine.Batch, error) {
	leave, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	of := l.of(id)
	list := append(of.list(id, true), of.waiting(id)...)
	return list[:min(limit, len(list))], nil
}

// waiting lists the batches that are not awake, by the time they are due.
func (of *ledgerOf) waiting(id engine.CampaignID) []engine.Batch { return of.list(id, false) }

func (of *ledgerOf) list(id engine.CampaignID, awake bool) []engine.Batch {
	var list []engine.Batch
	for _, name := range slices.Sorted(maps.Keys(of.batches)) {
		if _, is := of.awake[name]; is == awake {
			b := of.batches[name]
			b.Campaign = id
			list = append(list, b)
		}
	}
	slices.SortStableFunc(list, func(a, b engine.Batch) int { return a.Due.Compare(b.Due) })
	return list
}

func (l ledger) Outstanding(ctx context.Context, id engine.CampaignID) (int, error) {
	leave, err := l.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	return len(l.of(id).batches), nil
}
