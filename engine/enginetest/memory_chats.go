package enginetest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"vestnik/engine"
)

// chats is the Chats of a Memory. Chats and threads lie there as JSON, so that nobody shares a slice with it.
type chats struct{ *Memory }

type chatName struct {
	provider engine.ProviderID
	id       string
}

type threadName struct {
	provider engine.ProviderID
	place    engine.ChatPlace
}

func (m chats) AddChat(ctx context.Context, provider engine.ProviderID, c engine.Chat) error {
	done, err := exchange(ctx, m.Memory, m.chats, chatName{provider, c.ID}, "", c)
	if err == nil && !done {
		err = fmt.Errorf("add chat %s: %w", c.ID, engine.ErrConflict)
	}
	return err
}

func (m chats) ChangeChat(ctx context.Context, provider engine.ProviderID, id string, change func(*engine.Chat) error) (engine.Chat, error) {
	return rewrite(ctx, m.Memory, m.chats, chatName{provider, id}, true, func(c *engine.Chat) error {
		defer func() { c.ID = id }()
		return change(c)
	})
}

func (m chats) RemoveChat(ctx context.Context, provider engine.ProviderID, id string) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	at := chatName{provider, id}
	if _, there := m.chats[at]; !there {
		return fmt.Errorf("remove chat %s: %w", id, engine.ErrNotFound)
	}
	delete(m.chats, at)
	return nil
}

func (m chats) FindChats(ctx context.Context, provider engine.ProviderID, key engine.ChatKey, cursor string, limit int) ([]engine.Chat, string, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, "", err
	}
	defer leave()
	var list []engine.Chat
	for at, text := range m.chats {
		if at.provider != provider || !strings.Contains(text, key.House) || !strings.Contains(text, key.Code) {
			continue // reading JSON is what takes time
		}
		var c engine.Chat
		if err := json.Unmarshal([]byte(text), &c); err != nil {
			return nil, "", err
		}
		if c.ID > cursor && key.Fits(&c) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b engine.Chat) int { return cmp.Compare(a.ID, b.ID) })
	if limit <= 0 || len(list) <= limit {
		return list, "", nil
	}
	return list[:limit], list[limit-1].ID, nil
}

func (m chats) CountChats(ctx context.Context, provider engine.ProviderID) (map[engine.ChatState]int64, error) {
	list, _, err := m.FindChats(ctx, provider, engine.ChatKey{}, "", 0)
	counts := map[engine.ChatState]int64{}
	for i := range list {
		counts[list[i].State()]++
	}
	return counts, err
}

func (m chats) Thread(ctx context.Context, provider engine.ProviderID, place engine.ChatPlace) (engine.Thread, error) {
	thread, _, err := look[threadName, engine.Thread](ctx, m.Memory, m.threads, threadName{provider, place})
	return thread, err
}

func (m chats) ChangeThread(ctx context.Context, provider engine.ProviderID, place engine.ChatPlace, change func(*engine.Thread) error,
) (engine.Thread, error) {
	return rewrite(ctx, m.Memory, m.threads, threadName{provider, place}, false, change)
}

// look reads what lies in a map under a name, as it is written too; the zero value and nothing if nothing does.
func look[K comparable, V any](ctx context.Context, m *Memory, kept map[K]string, name K) (value V, text string, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return value, "", err
	}
	defer leave()
	if text = kept[name]; text != "" {
		err = json.Unmarshal([]byte(text), &value)
	}
	return value, text, err
}

// rewrite lets change work on what lies under a name until nobody has come between; must says that something has to be there.
func rewrite[K comparable, V any](ctx context.Context, m *Memory, kept map[K]string, name K, must bool, change func(*V) error) (V, error) {
	for {
		value, before, err := look[K, V](ctx, m, kept, name)
		if err == nil && before == "" && must {
			err = fmt.Errorf("change: %w", engine.ErrNotFound)
		}
		if err != nil {
			return *new(V), err
		}
		if refusal := change(&value); refusal != nil {
			is, _, err := look[K, V](ctx, m, kept, name)
			return is, cmp.Or(refusal, err)
		}
		if done, err := exchange(ctx, m, kept, name, before, value); done || err != nil {
			return value, err
		}
	}
}

// exchange writes a value if what lies under its name is still as it was before.
func exchange[K comparable](ctx context.Context, m *Memory, kept map[K]string, name K, before string, value any) (bool, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return false, err
	}
	leave, err := m.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if kept[name] != before {
		return false, nil
	}
	kept[name] = string(text)
	return true, nil
}
