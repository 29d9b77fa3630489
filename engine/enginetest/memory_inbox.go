package enginetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	"vestnik/engine"
)

// inbox is the Inbox of a Memory.
type inbox struct{ *Memory }

func (i inbox) Keep(ctx context.Context, provider engine.ProviderID, list []engine.Kept) error {
	leave, err := i.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	all := i.fresh(provider)
	for _, k := range list {
		copied, err := clone(k)
		if err != nil {
			return err
		}
		copied.At = millis(copied.At)
		all = append(slices.DeleteFunc(all, func(old engine.Kept) bool { return old.ID == k.ID }), copied)
	}
	slices.SortFunc(all, func(a, b engine.Kept) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	all = all[:min(len(all), engine.InboxMost)]
	size, most := 0, len(all)
	for n := range all {
		if size += sizeOf(&all[n]); size > engine.InboxSize {
			most = n
			break
		}
	}
	i.inboxes[provider] = all[:most]
	return nil
}

// sizeOf is how many bytes a message takes, about.
func sizeOf(k *engine.Kept) int {
	size := len(k.Source) + len(k.Content.Text) + len(k.Content.HTML)
	for _, f := range k.Content.Files {
		size += len(f.Data)
	}
	return size
}

// fresh gives the messages that are not too old.
func (i inbox) fresh(provider engine.ProviderID) []engine.Kept {
	return slices.DeleteFunc(i.inboxes[provider], func(k engine.Kept) bool { return time.Since(k.At) >= engine.InboxAge })
}

func (i inbox) List(ctx context.Context, provider engine.ProviderID, ask engine.InboxQuery, cursor string, limit int) ([]engine.KeptHead, string, error) {
	leave, err := i.enter(ctx)
	if err != nil {
		return nil, "", err
	}
	defer leave()
	i.inboxes[provider] = i.fresh(provider)
	var page []engine.KeptHead
	for _, k := range i.inboxes[provider] {
		switch {
		case !engine.AfterInboxCursor(cursor, k.KeptHead) || !ask.Matches(k.KeptHead):
		case len(page) == limit:
			return page, engine.InboxCursor(page[limit-1]), nil
		default:
			page = append(page, k.KeptHead)
		}
	}
	return page, "", nil
}

func (i inbox) Get(ctx context.Context, provider engine.ProviderID, id string) (engine.Kept, error) {
	leave, err := i.enter(ctx)
	if err != nil {
		return engine.Kept{}, err
	}
	defer leave()
	for _, k := range i.fresh(provider) {
		if k.ID == id {
			return clone(k)
		}
	}
	return engine.Kept{}, engine.ErrNotFound
}
