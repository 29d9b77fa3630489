package gosuslugi

import (
	"context"
	"sync"
	"time"

	"vestnik/engine"
)

// Notes keeps what all workers have to know about a provider, each for as long as it is written for: registries, accounts of houses,
// documents of which nobody knows whether they were placed. A note holds personal data (account numbers); names do not. A store that cannot
// be reached is an error that wraps engine.ErrDown.
type Notes interface {
	// WriteNotes writes notes; an empty text takes the note away.
	WriteNotes(ctx context.Context, provider engine.ProviderID, notes map[string][]byte, age time.Duration) error
	// ReadNotes gives the texts of notes, in order; nil where there is none.
	ReadNotes(ctx context.Context, provider engine.ProviderID, names []string) ([][]byte, error)
}

// Memory is Notes that are forgotten with the process: for tests and single processes. The zero value is empty and ready.
type Memory struct {
	mu    sync.Mutex
	notes map[string]note
}

type note struct {
	text  []byte
	until time.Time
}

// WriteNotes implements Notes.
func (m *Memory) WriteNotes(_ context.Context, provider engine.ProviderID, notes map[string][]byte, age time.Duration) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.notes == nil {
		m.notes = map[string]note{}
	}
	for name, text := range notes {
		if len(text) == 0 {
			delete(m.notes, string(provider)+"/"+name)
			continue
		}
		m.notes[string(provider)+"/"+name] = note{text, time.Now().Add(age)}
	}
	return nil
}

// ReadNotes implements Notes.
func (m *Memory) ReadNotes(_ context.Context, provider engine.ProviderID, names []string) ([][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	texts := make([][]byte, len(names))
	for i, name := range names {
		if n, there := m.notes[string(provider)+"/"+name]; there && time.Now().Before(n.until) {
			texts[i] = n.text
		}
	}
	return texts, nil
}
