package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"vestnik/engine"
)

// ExerciseStores says what every implementation of engine.Stores must obey. open gives stores for one test; they may share a server with
// other tests, since everything here goes by fresh identities. Run it under the race detector.
func ExerciseStores(t *testing.T, open func(t *testing.T) engine.Stores) {
	suites := []struct {
		name  string
		tests map[string]func(*testing.T, engine.Stores)
	}{
		{"registry", registryTests},
		{"audience", audienceTests},
		{"ledger", ledgerTests},
		{"facts", factTests},
		{"stops", stopTests},
		{"consents", consentTests},
		{"limits", limitTests},
		{"chats", chatTests},
		{"inbox", inboxTests},
		{"notes", noteTests},
		{"dialogs", dialogTests},
		{"documents", documentTests},
		{"declarations", declarationTests},
	}
	for _, suite := range suites {
		t.Run(suite.name, func(t *testing.T) {
			for name, test := range suite.tests {
				t.Run(name, func(t *testing.T) { test(t, open(t)) })
			}
		})
	}
}

// moment is a fixed time of the precision that stores keep.
var moment = time.Date(2026, 11, 5, 9, 30, 0, 123_000_000, time.UTC)

func newCampaign() engine.CampaignID { return engine.CampaignID(engine.NewID()) }
func newProvider() engine.ProviderID { return engine.ProviderID(engine.NewID()) }

// must ends the test on an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		return v
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error is %v, want %v", err, want)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func equalSlices[T comparable](t *testing.T, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// together calls do n times at once and returns what each answered.
func together[T any](n int, do func(i int) (T, error)) (answers []T, errs []error) {
	answers, errs = make([]T, n), make([]error, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { answers[i], errs[i] = do(i) })
	}
	all.Wait()
	return answers, errs
}

// people makes n recipients with account numbers from on.
func people(from, n int) []engine.Recipient {
	list := make([]engine.Recipient, n)
	for i := range list {
		amount := engine.Money(100_00 + i)
		list[i] = engine.Recipient{
			Account: fmt.Sprintf("40%08d", from+i), Name: "Иванов Иван Иванович", Email: fmt.Sprintf("resident%d@example.ru", from+i),
			DocumentID: fmt.Sprintf("50АА%09d-01", from+i), Period: "2026-10", Amount: &amount, Vars: []byte(`{"debt":"0.00"}`),
		}
	}
	return list
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}
