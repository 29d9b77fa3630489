package enginetest

import (
	"context"
	"slices"
	"time"

	"vestnik/engine"
)

// notes is the Notes of a Memory.
type notes struct{ *Memory }

type noteName struct {
	provider engine.ProviderID
	name     string
}

type note struct {
	text  []byte
	until time.Time
}

func (n notes) Write(ctx context.Context, provider engine.ProviderID, list map[string][]byte, age time.Duration) error {
	leave, err := n.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for name, text := range list {
		if len(text) == 0 {
			delete(n.notes, noteName{provider, name})
			continue
		}
		n.notes[noteName{provider, name}] = note{slices.Clone(text), time.Now().Add(age)}
	}
	return nil
}

func (n notes) Read(ctx context.Context, provider engine.ProviderID, names []string) ([][]byte, error) {
	leave, err := n.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	texts := make([][]byte, len(names))
	for i, name := range names {
		if known := n.notes[noteName{provider, name}]; time.Now().Before(known.until) {
			texts[i] = slices.Clone(known.text)
		}
	}
	return texts, nil
}

type faultyNotes struct {
	*Faults
	store engine.Notes
}

func (f faultyNotes) Write(ctx context.Context, provider engine.ProviderID, list map[string][]byte, age time.Duration) error {
	return f.try(ctx, func() error { return f.store.Write(ctx, provider, list, age) })
}

func (f faultyNotes) Read(ctx context.Context, provider engine.ProviderID, names []string) ([][]byte, error) {
	return attempt(ctx, f.Faults, func() ([][]byte, error) { return f.store.Read(ctx, provider, names) })
}
