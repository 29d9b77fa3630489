package engine

import (
	"context"
	"time"
)

// Notes keeps what all workers of a channel have to know about a provider, each note for as long as it is written for: registries of ГИС ЖКХ, the
// accounts of a house there, documents of which nobody knows whether they were taken. A note may hold account numbers, and is sealed as chunks
// are; its name says nothing about anybody.
type Notes interface {
	// Write writes notes by name; an empty text takes a note away.
	Write(ctx context.Context, provider ProviderID, notes map[string][]byte, age time.Duration) error
	// Read gives the texts of notes, in order; nil where there is none.
	Read(ctx context.Context, provider ProviderID, names []string) ([][]byte, error)
}
