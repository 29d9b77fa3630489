package engine

import "context"

// Answer is what a request was answered, kept so that the same request sent again gets the same answer.
type Answer struct {
	Status      int    `json:"status"`
	ContentType string `json:"content_type"`
	Body        []byte `json:"body"`
}

// Asked says what is known about an idempotency key.
type Asked int

// What Answers.Begin answers.
const (
	AskedFirst   Asked = iota // never: do it, then Keep or Drop
	AskedRunning              // the first request with this key is still being answered
	AskedBefore               // answered: give the same Answer
	AskedOther                // the key came with another body
)

// Answers keeps answers by provider and idempotency key for 24 hours. A request that was begun and neither kept nor dropped, because its
// process died, is forgotten after a minute.
type Answers interface {
	// Begin asks for the key and, if it is new, marks it as running. body is a hash of what was asked.
	Begin(ctx context.Context, provider ProviderID, key string, body [32]byte) (Asked, Answer, error)
	// Keep remembers the answer.
	Keep(ctx context.Context, provider ProviderID, key string, body [32]byte, a Answer) error
	// Drop forgets the key, so that the request may be tried again.
	Drop(ctx context.Context, provider ProviderID, key string) error
}
