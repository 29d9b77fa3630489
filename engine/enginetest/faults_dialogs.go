package enginetest

import (
	"context"

	"vestnik/engine"
)

type faultyDialogs struct {
	*Faults
	store engine.Dialogs
}

func (f faultyDialogs) Wrote(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, list []engine.Written) ([]bool, error) {
	return attempt(ctx, f.Faults, func() ([]bool, error) { return f.store.Wrote(ctx, provider, ch, list) })
}

func (f faultyDialogs) Read(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, list []engine.ReadUpTo) ([][]engine.Written, error) {
	return attempt(ctx, f.Faults, func() ([][]engine.Written, error) { return f.store.Read(ctx, provider, ch, list) })
}

func (f faultyDialogs) Drop(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, list []engine.Written) error {
	return f.try(ctx, func() error { return f.store.Drop(ctx, provider, ch, list) })
}

func (f faultyDialogs) Last(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) ([]engine.Written, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Written, error) { return f.store.Last(ctx, provider, ch, addresses) })
}

func (f faultyDialogs) Begin(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) error {
	return f.try(ctx, func() error { return f.store.Begin(ctx, provider, ch, addresses) })
}

func (f faultyDialogs) Begun(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) ([]bool, error) {
	return attempt(ctx, f.Faults, func() ([]bool, error) { return f.store.Begun(ctx, provider, ch, addresses) })
}

func (f faultyDialogs) Heard(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, ids []string) ([]bool, error) {
	return attempt(ctx, f.Faults, func() ([]bool, error) { return f.store.Heard(ctx, provider, ch, ids) })
}

func (f faultyDialogs) Hear(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, ids []string) error {
	return f.try(ctx, func() error { return f.store.Hear(ctx, provider, ch, ids) })
}

func (f faultyDialogs) Bookmark(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName) (string, error) {
	return attempt(ctx, f.Faults, func() (string, error) { return f.store.Bookmark(ctx, provider, ch) })
}

func (f faultyDialogs) SetBookmark(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, mark string) error {
	return f.try(ctx, func() error { return f.store.SetBookmark(ctx, provider, ch, mark) })
}
