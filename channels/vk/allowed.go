package vk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"vestnik/engine"
)

// Allowed tells whom of the users the provider's community may write to: messages.isMessagesFromGroupAllowed, 25 users a request, what was
// answered some minutes ago not asked again. A user about whom VK gave no answer is missing. An error wraps an *engine.Fault; what
// was learned before it is returned with it.
func (c *Channel) Allowed(ctx context.Context, provider engine.Provider, users []int64) (map[int64]bool, error) {
	community, err := c.community(provider)
	if err != nil {
		return nil, &engine.Fault{Reason: engine.Misconfigured, Whole: true, Err: err}
	}
	known := make(map[int64]bool, len(users))
	var calls []call
	asked := map[int64]bool{}
	for i, user := range users {
		if allowed, is := c.memory.get(community.place, user); is {
			known[user] = allowed
			continue
		}
		if user > 0 && user < firstChat && !asked[user] {
			asked[user] = true
			calls = append(calls, call{of: i, text: method("messages.isMessagesFromGroupAllowed", allowedParams{community.group, user})})
		}
	}
	for _, p := range pack(calls) {
		items, fault := community.execute(ctx, p)
		if fault != nil {
			return known, fmt.Errorf("ask VK who may be written to: %w", fault)
		}
		for k, call := range p {
			if allowed, err := items[k].allowed(); err == nil {
				known[users[call.of]] = allowed
				community.remember(users[call.of], allowed)
			}
		}
	}
	return known, nil
}

type allowedParams struct {
	GroupID int64 `json:"group_id"`
	UserID  int64 `json:"user_id"`
}

// allowed reads the item as an answer of messages.isMessagesFromGroupAllowed. That a user is not there says nothing about what they allow: the
// answer to a message says it better.
func (i item) allowed() (bool, error) {
	if i.fault != nil {
		if i.fault.Reason.Temporary() || i.fault.Reason == engine.BadAddress {
			return false, i.fault
		}
		return false, nil
	}
	var answer struct {
		IsAllowed *int `json:"is_allowed"`
	}
	if err := json.Unmarshal(i.value, &answer); err != nil || answer.IsAllowed == nil {
		return false, errors.New("the answer of VK cannot be read")
	}
	return *answer.IsAllowed == 1, nil
}

// Heed corrects what Allowed remembers by events of the provider's community.
func (c *Channel) Heed(provider engine.Provider, events []Event) {
	place, _, err := settingsOf(provider)
	if err != nil {
		return
	}
	for _, e := range events {
		switch e.Kind {
		case Allow, Deny:
			c.memory.put(place, e.User, e.Kind == Allow)
		}
	}
}

// mostRemembered bounds the memory: with some 100 bytes each, some megabytes.
const mostRemembered = 100_000

// memory is what is known of users for a while.
type memory struct {
	keep time.Duration

	mu    sync.Mutex
	known map[person]opinion
}

// person is a user as one community sees them.
type person struct {
	place
	user int64
}

type opinion struct {
	allowed bool
	until   time.Time
}

func newMemory(keep time.Duration) *memory {
	return &memory{keep: keep, known: map[person]opinion{}}
}

func (m *memory) get(at place, user int64) (allowed, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	o, is := m.known[person{at, user}]
	return o.allowed, is && time.Now().Before(o.until)
}

// put remembers an answer. When the memory is full it forgets a tenth, whichever comes first: they are asked again.
func (m *memory) put(at place, user int64, allowed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.known) >= mostRemembered {
		left := mostRemembered / 10
		for key := range m.known {
			if left--; left < 0 {
				break
			}
			delete(m.known, key)
		}
	}
	m.known[person{at, user}] = opinion{allowed, time.Now().Add(m.keep)}
}
