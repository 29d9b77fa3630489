package enginetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vestnik/engine"
)

// declarations is the Declarations of a Memory.
type declarations struct{ *Memory }

// declarationsOf is what is to be declared for one provider.
type declarationsOf struct {
	all    map[string]engine.Declaration // by reference
	failed []string                      // references, the newest first
	sent   map[string]bool               // names
}

// of gives those of a provider; d.mu is held.
func (d declarations) of(p engine.ProviderID) *declarationsOf {
	if d.declared[p] == nil {
		d.declared[p] = &declarationsOf{all: map[string]engine.Declaration{}, sent: map[string]bool{}}
	}
	return d.declared[p]
}

func (d declarations) Declare(ctx context.Context, p engine.ProviderID, payments []engine.Payment, now time.Time) (fresh int, err error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	for _, payment := range payments {
		if _, known := d.of(p).all[payment.Reference]; !known {
			d.of(p).all[payment.Reference] = engine.Declaration{Payment: payment, State: engine.Undeclared, Since: now.UTC(), Due: now.UTC()}
			fresh++
		}
	}
	return fresh, nil
}

func (d declarations) Due(ctx context.Context, p engine.ProviderID, now time.Time, limit int) ([]engine.Declaration, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []engine.Declaration
	for _, one := range d.of(p).all {
		if one.State == engine.Undeclared && !one.Due.After(now) {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b engine.Declaration) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Payment.Reference, b.Payment.Reference))
	})
	return list[:min(limit, len(list))], nil
}

func (d declarations) Settle(ctx context.Context, p engine.ProviderID, list []engine.Declaration) error {
	leave, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for _, one := range list {
		was := d.of(p).all[one.Payment.Reference].State
		if d.of(p).all[one.Payment.Reference] = one; one.Name != "" {
			d.of(p).sent[one.Name] = true
		}
		if one.State == engine.Refuted && was != engine.Refuted {
			d.of(p).failed = slices.Insert(d.of(p).failed, 0, one.Payment.Reference)
		}
	}
	return nil
}

func (d declarations) Count(ctx context.Context, p engine.ProviderID) (waiting, told, failed int64, err error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return 0, 0, 0, err
	}
	defer leave()
	for _, one := range d.of(p).all {
		switch one.State {
		case engine.Undeclared:
			waiting++
		case engine.Declared:
			told++
		case engine.Refuted:
			failed++
		}
	}
	return waiting, told, failed, nil
}

func (d declarations) Failed(ctx context.Context, p engine.ProviderID, limit int) ([]engine.Declaration, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []engine.Declaration
	for _, reference := range d.of(p).failed[:min(limit, len(d.of(p).failed))] {
		list = append(list, d.of(p).all[reference])
	}
	return list, nil
}

func (d declarations) Sent(ctx context.Context, p engine.ProviderID, names []string) ([]bool, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	sent := make([]bool, len(names))
	for i, name := range names {
		sent[i] = d.of(p).sent[name]
	}
	return sent, nil
}

type faultyDeclarations struct {
	*Faults
	store engine.Declarations
}

func (f faultyDeclarations) Declare(ctx context.Context, p engine.ProviderID, payments []engine.Payment, now time.Time) (int, error) {
	return attempt(ctx, f.Faults, func() (int, error) { return f.store.Declare(ctx, p, payments, now) })
}

func (f faultyDeclarations) Due(ctx context.Context, p engine.ProviderID, now time.Time, limit int) ([]engine.Declaration, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Declaration, error) { return f.store.Due(ctx, p, now, limit) })
}

func (f faultyDeclarations) Settle(ctx context.Context, p engine.ProviderID, list []engine.Declaration) error {
	return f.try(ctx, func() error { return f.store.Settle(ctx, p, list) })
}

func (f faultyDeclarations) Count(ctx context.Context, p engine.ProviderID) (waiting, told, failed int64, err error) {
	err = f.try(ctx, func() (err error) {
		waiting, told, failed, err = f.store.Count(ctx, p)
		return err
	})
	return waiting, told, failed, err
}

func (f faultyDeclarations) Failed(ctx context.Context, p engine.ProviderID, limit int) ([]engine.Declaration, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Declaration, error) { return f.store.Failed(ctx, p, limit) })
}

func (f faultyDeclarations) Sent(ctx context.Context, p engine.ProviderID, names []string) ([]bool, error) {
	return attempt(ctx, f.Faults, func() ([]bool, error) { return f.store.Sent(ctx, p, names) })
}
