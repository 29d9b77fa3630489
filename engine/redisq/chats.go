package redisq

import (
	"cmp"
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"vestnik/engine"
)

// chats is the engine's Chats. The chats of a provider are one hash; beside it lies an index in the order of letters: what a chat is looked for
// by, a zero byte, and the chat's ID. A thread is a key of its own, so that it expires when its chat falls silent.
type chats struct{ *Redis }

// threadAge is how long a thread is kept after its last change.
const threadAge = 366 * 24 * time.Hour

// threadField is the one field of a thread's hash.
const threadField = "thread"

func chatsKey(id engine.ProviderID) string     { return fmt.Sprintf("v:{%s}:chats", id) }
func chatIndexKey(id engine.ProviderID) string { return chatsKey(id) + ":index" }

func (c chats) threadKey(id engine.ProviderID, place engine.ChatPlace) string {
	digest := c.digest(kindChat, place.String())
	return fmt.Sprintf("v:{%s}:thread:%s", id, hex.EncodeToString(digest[:]))
}

// The entries of the index; every chat has one of everyChat.
const everyChat = "all"

func houseEntry(house string) string           { return "house/" + house }
func codeEntry(code string) string             { return "code/" + code }
func placeEntry(place engine.ChatPlace) string { return "place/" + place.String() }
func stateEntry(state engine.ChatState) string { return "state/" + string(state) }
func entryOf(term, id string) string           { return term + "\x00" + id }

// within bounds the entries of a term that come after a cursor. No ID is empty, so that an empty cursor excludes none.
func within(term, cursor string) (from, to string) {
	return "(" + entryOf(term, cursor), "(" + term + "\x01"
}

// entries is what a chat stands under in the index.
func entries(chat *engine.Chat) (list []any) {
	add := func(term string) { list = append(list, entryOf(term, chat.ID)) }
	add(everyChat)
	add(stateEntry(chat.State()))
	if chat.Code != "" {
		add(codeEntry(chat.Code))
	}
	if chat.Place.ID != 0 {
		add(placeEntry(chat.Place))
	}
	for _, house := range chat.Houses {
		add(houseEntry(house))
	}
	return list
}

// narrowest is the term of the index that fits the fewest chats a key fits.
func narrowest(key engine.ChatKey) string {
	switch {
	case key.Code != "":
		return codeEntry(key.Code)
	case key.Place.ID != 0:
		return placeEntry(key.Place)
	case key.House != "":
		return houseEntry(key.House)
	case key.State != "":
		return stateEntry(key.State)
	}
	return everyChat
}

func (c chats) AddChat(ctx context.Context, provider engine.ProviderID, chat engine.Chat) error {
	text, err := stamp(chat)
	if err != nil {
		return fmt.Errorf("write chat %s: %w", chat.ID, err)
	}
	done, err := c.swap(ctx, provider, chat.ID, nil, text, nil, entries(&chat))
	if err == nil && !done {
		err = fmt.Errorf("add chat %s: %w", chat.ID, engine.ErrConflict)
	}
	return err
}

// swap replaces a chat and its entries of the index if it is still as it was read.
func (c chats) swap(ctx context.Context, provider engine.ProviderID, id string, before, after []byte, going, coming []any) (bool, error) {
	args := append(append([]any{id, before, after, len(going)}, going...), coming...)
	done, err := c.run(ctx, chatScript, []string{chatsKey(provider), chatIndexKey(provider)}, args...).Bool()
	return done, fail(ctx, "write a chat", err)
}

// chat reads one, and how it was written.
func (c chats) chat(ctx context.Context, provider engine.ProviderID, id string) (chat engine.Chat, text []byte, err error) {
	text, err = c.client.HGet(ctx, chatsKey(provider), id).Bytes()
	err = readStamped(ctx, "read a chat", text, err, &chat)
	return chat, text, err
}

func (c chats) ChangeChat(ctx context.Context, provider engine.ProviderID, id string, change func(*engine.Chat) error) (engine.Chat, error) {
	for {
		chat, before, err := c.chat(ctx, provider, id)
		if err != nil {
			return engine.Chat{}, err
		}
		going := entries(&chat)
		if refusal := change(&chat); refusal != nil {
			var is engine.Chat
			if err := readStamped(ctx, "read a chat", before, nil, &is); err != nil {
				return engine.Chat{}, err
			}
			return is, refusal
		}
		chat.ID = id
		after, err := stamp(chat)
		if err != nil {
			return engine.Chat{}, fmt.Errorf("write chat %s: %w", id, err)
		}
		if done, err := c.swap(ctx, provider, id, before, after, going, entries(&chat)); done || err != nil {
			return chat, err
		}
	}
}

func (c chats) RemoveChat(ctx context.Context, provider engine.ProviderID, id string) error {
	for {
		chat, before, err := c.chat(ctx, provider, id)
		if err != nil {
			return err
		}
		if done, err := c.swap(ctx, provider, id, before, nil, entries(&chat), nil); done || err != nil {
			return err
		}
	}
}

func (c chats) FindChats(ctx context.Context, provider engine.ProviderID, key engine.ChatKey, cursor string, limit int) ([]engine.Chat, string, error) {
	from, to := within(narrowest(key), cursor)
	found, err := c.client.ZRangeByLex(ctx, chatIndexKey(provider), &redis.ZRangeBy{Min: from, Max: to, Count: int64(limit)}).Result()
	if err != nil || len(found) == 0 {
		return nil, "", fail(ctx, "look for chats", err)
	}
	ids := make([]string, len(found))
	for i, entry := range found {
		_, ids[i], _ = strings.Cut(entry, "\x00")
	}
	values, err := c.client.HMGet(ctx, chatsKey(provider), ids...).Result()
	if err != nil {
		return nil, "", fail(ctx, "read chats", err)
	}
	list := make([]engine.Chat, 0, len(values))
	for _, value := range values {
		text, there := value.(string)
		if !there { // removed between the two questions
			continue
		}
		var chat engine.Chat
		if err := readStamped(ctx, "read a chat", []byte(text), nil, &chat); err != nil {
			return nil, "", err
		}
		if key.Fits(&chat) {
			list = append(list, chat)
		}
	}
	if limit <= 0 || len(found) < limit {
		return list, "", nil
	}
	return list, ids[len(ids)-1], nil
}

func (c chats) CountChats(ctx context.Context, provider engine.ProviderID) (map[engine.ChatState]int64, error) {
	counts := make([]*redis.IntCmd, len(engine.ChatStates()))
	_, err := c.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, state := range engine.ChatStates() {
			from, to := within(stateEntry(state), "")
			counts[i] = p.ZLexCount(ctx, chatIndexKey(provider), from, to)
		}
		return nil
	})
	if err != nil {
		return nil, fail(ctx, "count the chats", err)
	}
	byState := map[engine.ChatState]int64{}
	for i, state := range engine.ChatStates() {
		if n := counts[i].Val(); n > 0 {
			byState[state] = n
		}
	}
	return byState, nil
}

// thread reads one, and how it was written; nothing for one that is not there.
func (c chats) thread(ctx context.Context, key string) (thread engine.Thread, text []byte, err error) {
	text, err = c.client.HGet(ctx, key, threadField).Bytes()
	if missing(err) {
		return thread, nil, nil
	}
	err = readStamped(ctx, "read the posts of a chat", text, err, &thread)
	return thread, text, err
}

func (c chats) Thread(ctx context.Context, provider engine.ProviderID, place engine.ChatPlace) (engine.Thread, error) {
	thread, _, err := c.thread(ctx, c.threadKey(provider, place))
	return thread, err
}

func (c chats) ChangeThread(ctx context.Context, provider engine.ProviderID, place engine.ChatPlace, change func(*engine.Thread) error,
) (engine.Thread, error) {
	key := c.threadKey(provider, place)
	for {
		thread, before, err := c.thread(ctx, key)
		if err != nil {
			return engine.Thread{}, err
		}
		if refusal := change(&thread); refusal != nil {
			is, _, err := c.thread(ctx, key)
			return is, cmp.Or(refusal, err)
		}
		after, err := stamp(thread)
		if err != nil {
			return engine.Thread{}, fmt.Errorf("write the posts of a chat: %w", err)
		}
		done, err := c.exchange(ctx, key, threadField, before, after, threadAge.Milliseconds())
		if err != nil {
			return engine.Thread{}, fail(ctx, "write the posts of a chat", err)
		}
		if done {
			return thread, nil
		}
	}
}
