package engine

import (
	"context"
	"time"
)

// Declarations keeps payments that were received elsewhere and that ГИС ЖКХ is to be told of, so that residents see there what they owe. Each
// reference is declared once. They hold accounts, and are sealed as chunks are; those that are done are remembered as long as payments are.
type Declarations interface {
	// Declare takes payments that are to be told of, from now on; one whose reference was declared before is left as it is. It tells how many are new.
	Declare(ctx context.Context, provider ProviderID, payments []Payment, now time.Time) (fresh int, err error)
	// Due gives up to limit of those that wait and are due, the earliest first.
	Due(ctx context.Context, provider ProviderID, now time.Time, limit int) ([]Declaration, error)
	// Settle writes what became of declarations.
	Settle(ctx context.Context, provider ProviderID, list []Declaration) error
	// Count tells how many wait, were told, and failed.
	Count(ctx context.Context, provider ProviderID) (waiting, told, failed int64, err error)
	// Failed gives the last limit of those that failed, the newest first; of older ones at least a thousand are remembered.
	Failed(ctx context.Context, provider ProviderID, limit int) ([]Declaration, error)
	// Sent tells for each name (see Declaration.Name) whether a declaration with it was settled.
	Sent(ctx context.Context, provider ProviderID, names []string) ([]bool, error)
}

// Declaration is one payment that is to be told of.
type Declaration struct {
	Payment Payment          `json:"payment"`
	State   DeclarationState `json:"state"`
	Since   time.Time        `json:"since"`          // when it was declared
	Due     time.Time        `json:"due"`            // when to go on, while it waits; millisecond precision
	Work    string           `json:"work,omitempty"` // how far it is, in words of the channel's
	Polls   int              `json:"polls,omitempty"`
	Tries   int              `json:"tries,omitempty"`
	Reason  Reason           `json:"reason,omitempty"` // of the last fault
	Code    string           `json:"code,omitempty"`   // likewise
	// Name is by what the other side would tell of it: its document, day and sum. Empty: it was never sent.
	Name string `json:"name,omitempty"`
}

// DeclarationState is where a declaration stands.
type DeclarationState string

// The states of a declaration.
const (
	Undeclared DeclarationState = "waiting"
	Declared   DeclarationState = "told"
	Refuted    DeclarationState = "failed" // for good
)

// FailedDeclarations is how many failed ones are remembered.
const FailedDeclarations = 1000
