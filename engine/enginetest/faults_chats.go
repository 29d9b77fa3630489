package enginetest

import (
	"context"

	"vestnik/engine"
)

type faultyChats struct {
	*Faults
	store engine.Chats
}

func (f faultyChats) AddChat(ctx context.Context, provider engine.ProviderID, c engine.Chat) error {
	return f.try(ctx, func() error { return f.store.AddChat(ctx, provider, c) })
}

func (f faultyChats) ChangeChat(ctx context.Context, provider engine.ProviderID, id string, change func(*engine.Chat) error) (engine.Chat, error) {
	return attempt(ctx, f.Faults, func() (engine.Chat, error) { return f.store.ChangeChat(ctx, provider, id, change) })
}

func (f faultyChats) RemoveChat(ctx context.Context, provider engine.ProviderID, id string) error {
	return f.try(ctx, func() error { return f.store.RemoveChat(ctx, provider, id) })
}

func (f faultyChats) FindChats(ctx context.Context, provider engine.ProviderID, key engine.ChatKey, cursor string, limit int,
) ([]engine.Chat, string, error) {
	return attemptPage(ctx, f.Faults, func() ([]engine.Chat, string, error) { return f.store.FindChats(ctx, provider, key, cursor, limit) })
}

func (f faultyChats) CountChats(ctx context.Context, provider engine.ProviderID) (map[engine.ChatState]int64, error) {
	return attempt(ctx, f.Faults, func() (map[engine.ChatState]int64, error) { return f.store.CountChats(ctx, provider) })
}

func (f faultyChats) Thread(ctx context.Context, provider engine.ProviderID, place engine.ChatPlace) (engine.Thread, error) {
	return attempt(ctx, f.Faults, func() (engine.Thread, error) { return f.store.Thread(ctx, provider, place) })
}

func (f faultyChats) ChangeThread(ctx context.Context, provider engine.ProviderID, place engine.ChatPlace, change func(*engine.Thread) error,
) (engine.Thread, error) {
	return attempt(ctx, f.Faults, func() (engine.Thread, error) { return f.store.ChangeThread(ctx, provider, place, change) })
}
