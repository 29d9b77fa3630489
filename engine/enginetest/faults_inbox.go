package enginetest

import (
	"context"

	"vestnik/engine"
)

type faultyInbox struct {
	*Faults
	store engine.Inbox
}

func (f faultyInbox) Keep(ctx context.Context, provider engine.ProviderID, list []engine.Kept) error {
	return f.try(ctx, func() error { return f.store.Keep(ctx, provider, list) })
}

func (f faultyInbox) List(ctx context.Context, provider engine.ProviderID, ask engine.InboxQuery, cursor string, limit int) ([]engine.KeptHead, string, error) {
	return attemptPage(ctx, f.Faults, func() ([]engine.KeptHead, string, error) { return f.store.List(ctx, provider, ask, cursor, limit) })
}

func (f faultyInbox) Get(ctx context.Context, provider engine.ProviderID, id string) (engine.Kept, error) {
	return attempt(ctx, f.Faults, func() (engine.Kept, error) { return f.store.Get(ctx, provider, id) })
}
