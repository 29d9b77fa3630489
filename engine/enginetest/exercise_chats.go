package enginetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"vestnik/engine"
)

var chatTests = map[string]func(*testing.T, engine.Stores){
	"chats":                             testChats,
	"chats are found":                   testFindChats,
	"pages of chats":                    testChatPages,
	"changes of a chat are not lost":    testChatTogether,
	"threads":                           testThreads,
	"attempts in a thread are not lost": testThreadTogether,
}

func testChats(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	c := engine.Chat{ID: "lenina-5", Place: engine.ChatPlace{Network: engine.NetworkVK}, Title: "Дом", Houses: []string{"a", "b"}, Code: "dom-1", Made: moment}
	ok(t, s.Chats.AddChat(ctx, provider, c))
	wantError(t, s.Chats.AddChat(ctx, provider, c), engine.ErrConflict)
	refusal := errors.New("no")
	is, err := s.Chats.ChangeChat(ctx, provider, c.ID, func(c *engine.Chat) error { c.Title = "Другой"; return refusal })
	wantError(t, err, refusal)
	equal(t, "as it was", is.Title, "Дом")
	is, err = s.Chats.ChangeChat(ctx, provider, c.ID, func(c *engine.Chat) error {
		c.ID, c.Code, c.Joined, c.Place.ID = "other", "", moment, 2_000_000_001
		return nil
	})
	ok(t, err)
	equal(t, "its name stays", is.ID, c.ID)
	equal(t, "its state", is.State(), engine.ChatOpen)
	_, err = s.Chats.ChangeChat(ctx, newProvider(), c.ID, func(*engine.Chat) error { return nil })
	wantError(t, err, engine.ErrNotFound)
	wantError(t, s.Chats.RemoveChat(ctx, newProvider(), c.ID), engine.ErrNotFound)
	equal(t, "open ones", must[map[engine.ChatState]int64](t)(s.Chats.CountChats(ctx, provider))[engine.ChatOpen], 1)
	equal(t, "another provider's", len(must[map[engine.ChatState]int64](t)(s.Chats.CountChats(ctx, newProvider()))), 0)
	ok(t, s.Chats.RemoveChat(ctx, provider, c.ID))
	wantError(t, s.Chats.RemoveChat(ctx, provider, c.ID), engine.ErrNotFound)
	equal(t, "none is left", len(found(t, s, provider, engine.ChatKey{})), 0)
	ok(t, s.Chats.AddChat(ctx, provider, c))
}

// found lists the IDs of the chats a key fits.
func found(t *testing.T, s engine.Stores, provider engine.ProviderID, key engine.ChatKey) (ids []string) {
	t.Helper()
	list, next, err := s.Chats.FindChats(t.Context(), provider, key, "", 0)
	ok(t, err)
	equal(t, "the rest", next, "")
	for i := range list {
		ids = append(ids, list[i].ID)
	}
	return ids
}

func testFindChats(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	place := engine.ChatPlace{Network: engine.NetworkMAX, ID: -7}
	for _, c := range []engine.Chat{
		{ID: "b", Houses: []string{"one", "two"}, Place: place, Joined: moment},
		{ID: "a", Houses: []string{"one"}, Place: engine.ChatPlace{Network: engine.NetworkMAX}, Code: "dom-a"},
		{ID: "c", Houses: []string{"two"}, Place: engine.ChatPlace{Network: engine.NetworkVK, ID: -7}, Joined: moment, Lost: moment, Why: "VK 917"},
	} {
		ok(t, s.Chats.AddChat(ctx, provider, c))
	}
	check := func(what string, key engine.ChatKey, want ...string) {
		t.Helper()
		equalSlices(t, what, found(t, s, provider, key), want)
	}
	check("all", engine.ChatKey{}, "a", "b", "c")
	check("by house", engine.ChatKey{House: "one"}, "a", "b")
	check("by house and state", engine.ChatKey{House: "two", State: engine.ChatOpen}, "b")
	check("by code", engine.ChatKey{Code: "dom-a"}, "a")
	check("by part of a code", engine.ChatKey{Code: "dom-"})
	check("by place", engine.ChatKey{Place: place}, "b")
	check("by state", engine.ChatKey{State: engine.ChatWaiting}, "a")
	_, err := s.Chats.ChangeChat(ctx, provider, "b", func(c *engine.Chat) error {
		c.Houses, c.Lost, c.Place.ID = []string{"three"}, moment.Add(time.Hour), -8
		return nil
	})
	ok(t, err)
	check("no more by its old house", engine.ChatKey{House: "one"}, "a")
	check("no more by its old place", engine.ChatKey{Place: place})
	check("by its new house", engine.ChatKey{House: "three"}, "b")
	check("lost ones", engine.ChatKey{State: engine.ChatLost}, "b", "c")
	ok(t, s.Chats.RemoveChat(ctx, provider, "c"))
	check("a removed one", engine.ChatKey{House: "two"})
	equal(t, "another provider's", len(found(t, s, newProvider(), engine.ChatKey{House: "one"})), 0)
}

func testChatPages(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	for i := range 25 {
		ok(t, s.Chats.AddChat(ctx, provider, engine.Chat{ID: fmt.Sprintf("chat-%02d", i), Houses: []string{fmt.Sprint(i % 2)}}))
	}
	for _, key := range []engine.ChatKey{{}, {House: "1"}} {
		var ids []string
		for cursor, pages := "", 0; pages == 0 || cursor != ""; pages++ {
			list, next, err := s.Chats.FindChats(ctx, provider, key, cursor, 10)
			ok(t, err)
			equal(t, "no more than asked for", len(list) <= 10 && pages < 10, true)
			for i := range list {
				ids = append(ids, list[i].ID)
			}
			cursor = next
		}
		equalSlices(t, "all pages", ids, found(t, s, provider, key))
	}
}

func testChatTogether(t *testing.T, s engine.Stores) {
	provider := newProvider()
	ok(t, s.Chats.AddChat(t.Context(), provider, engine.Chat{ID: "c"}))
	_, errs := together(16, func(i int) (engine.Chat, error) {
		return s.Chats.ChangeChat(t.Context(), provider, "c", func(c *engine.Chat) error {
			c.Houses = append(c.Houses, fmt.Sprint(i))
			return nil
		})
	})
	ok(t, errors.Join(errs...))
	for i := range 16 {
		equalSlices(t, "found by every house", found(t, s, provider, engine.ChatKey{House: fmt.Sprint(i)}), []string{"c"})
	}
}

func testThreads(t *testing.T, s engine.Stores) {
	ctx, provider, place := t.Context(), newProvider(), engine.ChatPlace{Network: engine.NetworkVK, ID: 2_000_000_001}
	equal(t, "nothing", len(must[engine.Thread](t)(s.Chats.Thread(ctx, provider, place)).Posts), 0)
	post := engine.Post{ID: "1", Name: "c", Holder: "h", Houses: []string{"a"}, Reference: "r", Service: "Вода", At: moment, Lasting: true, Ends: []string{"0"}}
	is, err := s.Chats.ChangeThread(ctx, provider, place, func(th *engine.Thread) error { th.Posts = append(th.Posts, post); return nil })
	ok(t, err)
	equal(t, "one", len(is.Posts), 1)
	refusal := errors.New("no")
	is, err = s.Chats.ChangeThread(ctx, provider, place, func(th *engine.Thread) error { th.Posts = nil; return refusal })
	wantError(t, err, refusal)
	equal(t, "as it was", len(is.Posts), 1)
	read := must[engine.Thread](t)(s.Chats.Thread(ctx, provider, place))
	equal(t, "read", fmt.Sprint(read), fmt.Sprint(engine.Thread{Posts: []engine.Post{post}}))
	for _, other := range []engine.ChatPlace{{Network: engine.NetworkMAX, ID: place.ID}, {Network: engine.NetworkVK, ID: 1}} {
		equal(t, "another place", len(must[engine.Thread](t)(s.Chats.Thread(ctx, provider, other)).Posts), 0)
	}
	equal(t, "another provider", len(must[engine.Thread](t)(s.Chats.Thread(ctx, newProvider(), place)).Posts), 0)
}

func testThreadTogether(t *testing.T, s engine.Stores) {
	provider, place := newProvider(), engine.ChatPlace{Network: engine.NetworkMAX, ID: -1}
	_, errs := together(16, func(i int) (engine.Thread, error) {
		return s.Chats.ChangeThread(t.Context(), provider, place, func(th *engine.Thread) error {
			th.Attempts = append(th.Attempts, engine.PostAttempt{Name: fmt.Sprint(i)})
			return nil
		})
	})
	ok(t, errors.Join(errs...))
	equal(t, "attempts", len(must[engine.Thread](t)(s.Chats.Thread(t.Context(), provider, place)).Attempts), 16)
}
