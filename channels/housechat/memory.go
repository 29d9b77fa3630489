package housechat

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"vestnik/engine"
)

// Memory is a Registry that forgets everything with its process: for tests and the demo. The zero value is empty and ready.
type Memory struct {
	mu     sync.Mutex
	chats  map[engine.ProviderID][]Chat
	claims map[string]*right // by provider, place and name
	posts  map[string][]Post // by provider and place, the oldest first
	ads    map[string][]shown
}

// right is a claim that was granted.
type right struct {
	claim  Claim // the one that holds
	since  time.Time
	text   string
	houses []string
	post   *Post
}

// shown is an ad in a chat.
type shown struct {
	name string
	day  time.Time
}

// mostPosts is how many posts that do not last are remembered of a chat.
const mostPosts = 100

// Put adds a chat, or writes it whole if the provider has one with its place, or its code, already.
func (m *Memory) Put(provider engine.ProviderID, chat Chat) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.put(provider, chat)
}

func (m *Memory) put(provider engine.ProviderID, chat Chat) {
	if m.chats == nil {
		m.chats = map[engine.ProviderID][]Chat{}
	}
	chat.Houses = slices.Clone(chat.Houses)
	for i, known := range m.chats[provider] {
		if chat.Place.ID != 0 && known.Place == chat.Place || chat.Code != "" && known.Code == chat.Code {
			m.chats[provider][i] = chat
			return
		}
	}
	m.chats[provider] = append(m.chats[provider], chat)
}

// All lists the chats of a provider.
func (m *Memory) All(provider engine.ProviderID) []Chat {
	m.mu.Lock()
	defer m.mu.Unlock()
	return clones(m.chats[provider])
}

// Remove forgets a chat; false when there is none in that place.
func (m *Memory) Remove(provider engine.ProviderID, place Place) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.chats[provider])
	m.chats[provider] = slices.DeleteFunc(m.chats[provider], func(c Chat) bool { return c.Place == place })
	return len(m.chats[provider]) < before
}

func clones(list []Chat) []Chat {
	list = slices.Clone(list)
	for i := range list {
		list[i].Houses = slices.Clone(list[i].Houses)
	}
	return list
}

// Chats implements Registry.
func (m *Memory) Chats(_ context.Context, provider engine.ProviderID, house string) ([]Chat, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var serving []Chat
	for _, c := range m.chats[provider] {
		if slices.Contains(c.Houses, house) {
			serving = append(serving, c)
		}
	}
	return clones(serving), nil
}

// Join implements Registry.
func (m *Memory) Join(_ context.Context, provider engine.ProviderID, code string, place Place, title string, at time.Time) (Chat, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.chats[provider]
	i := slices.IndexFunc(list, func(c Chat) bool { return code != "" && c.Code == code && c.Place.Network == place.Network })
	if i < 0 {
		return Chat{}, fmt.Errorf("join a chat by its code: %w", engine.ErrNotFound)
	}
	joined := list[i]
	joined.Place, joined.Title, joined.Code, joined.Joined, joined.Lost, joined.Why, joined.Since = place, title, "", at, time.Time{}, "", at
	m.chats[provider] = slices.Delete(list, i, i+1)
	m.put(provider, joined)
	return clones([]Chat{joined})[0], nil
}

// Lose implements Registry.
func (m *Memory) Lose(_ context.Context, provider engine.ProviderID, place Place, why string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.chats[provider]
	i := slices.IndexFunc(list, func(c Chat) bool { return c.Place == place })
	switch {
	case i < 0:
		return fmt.Errorf("lose a chat: %w", engine.ErrNotFound)
	case at.Before(list[i].Since):
	case why == "":
		list[i].Lost, list[i].Why, list[i].Since = time.Time{}, "", at
	case list[i].Lost.IsZero():
		list[i].Lost, list[i].Why, list[i].Since = at, why, at
	}
	return nil
}

func keyOf(provider engine.ProviderID, place Place, name string) string {
	return fmt.Sprintf("%s/%s/%d/%s", provider, place.Network, place.ID, name)
}

// Claim implements Registry.
func (m *Memory) Claim(_ context.Context, provider engine.ProviderID, place Place, claim Claim) (Claimed, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := keyOf(provider, place, claim.Name)
	held := m.claims[key]
	if held == nil {
		if !m.show(keyOf(provider, place, ""), claim) {
			return Claimed{Right: Capped}, nil
		}
		if m.claims == nil {
			m.claims = map[string]*right{}
		}
		m.claims[key] = &right{claim: claim, since: claim.Now, text: claim.Text, houses: []string{claim.House}}
		return Claimed{Right: Mine}, nil
	}
	if !slices.Contains(held.houses, claim.House) {
		held.houses = append(held.houses, claim.House)
		if held.post != nil {
			m.enlarge(keyOf(provider, place, ""), held.post.ID, claim.House)
		}
	}
	switch {
	case held.post != nil:
		return Claimed{Right: Done, Post: *held.post}, nil
	case held.claim.Holder != claim.Holder && claim.Now.Before(held.claim.Until):
		return Claimed{Right: Busy, Until: held.claim.Until}, nil
	}
	earlier := Claimed{Right: Mine, Since: held.since, Text: held.text}
	held.claim = claim
	return earlier, nil
}

// enlarge adds a house to those a post is for.
func (m *Memory) enlarge(chat, id, house string) {
	for i := range m.posts[chat] {
		if m.posts[chat][i].ID == id {
			m.posts[chat][i].Houses = append(slices.Clone(m.posts[chat][i].Houses), house)
		}
	}
}

// show counts an ad, unless the chat has had enough.
func (m *Memory) show(chat string, claim Claim) bool {
	if !claim.Ad || claim.Most == 0 {
		return true
	}
	if m.ads == nil {
		m.ads = map[string][]shown{}
	}
	first, n := claim.Day.AddDate(0, 0, 1-claim.Days), 0
	for _, ad := range m.ads[chat] {
		if !ad.day.Before(first) && !ad.day.After(claim.Day) {
			n++
		}
	}
	if n >= claim.Most {
		return false
	}
	m.ads[chat] = append(m.ads[chat], shown{claim.Name, claim.Day})
	return true
}

// Drop implements Registry.
func (m *Memory) Drop(_ context.Context, provider engine.ProviderID, place Place, name, holder string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	key, chat := keyOf(provider, place, name), keyOf(provider, place, "")
	if held := m.claims[key]; held != nil && held.post == nil && held.claim.Holder == holder {
		delete(m.claims, key)
		if held.claim.Ad && m.ads != nil {
			m.ads[chat] = slices.DeleteFunc(m.ads[chat], func(ad shown) bool { return ad.name == name })
		}
	}
	return nil
}

// Keep implements Registry.
func (m *Memory) Keep(_ context.Context, provider engine.ProviderID, place Place, post Post) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	key, chat := keyOf(provider, place, post.Name), keyOf(provider, place, "")
	held := m.claims[key]
	if held == nil {
		return fmt.Errorf("keep a post that nobody claimed: %w", engine.ErrGone)
	}
	if held.post != nil {
		return nil
	}
	post.Houses = slices.Clone(held.houses)
	held.post = &post
	if m.posts == nil {
		m.posts = map[string][]Post{}
	}
	m.posts[chat] = append(m.posts[chat], post)
	for len(m.posts[chat]) > mostPosts {
		i := slices.IndexFunc(m.posts[chat], func(p Post) bool { return !p.Lasting })
		if i < 0 {
			break
		}
		m.posts[chat] = slices.Delete(m.posts[chat], i, i+1)
	}
	return nil
}

// Posts implements Registry.
func (m *Memory) Posts(_ context.Context, provider engine.ProviderID, place Place) ([]Post, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Clone(m.posts[keyOf(provider, place, "")])
	slices.Reverse(list)
	return list, nil
}

// End implements Registry.
func (m *Memory) End(_ context.Context, provider engine.ProviderID, place Place, ids []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.posts[keyOf(provider, place, "")]
	for i := range list {
		if slices.Contains(ids, list[i].ID) {
			list[i].Lasting = false
		}
	}
	return nil
}
