package housechat

import (
	"context"
	"fmt"

	"vestnik/engine"
)

// Serves reports whether the provider has the token of a bot in one of the networks; see engine.Selective.
func (c *Channel) Serves(p engine.Provider) bool {
	for _, n := range engine.Networks() {
		if p.Setting(string(n)+".token") != "" {
			return true
		}
	}
	return false
}

// Reaches tells whose houses have a chat that takes posts; see engine.Reacher.
func (c *Channel) Reaches(ctx context.Context, p engine.Provider, people []engine.Recipient) ([]engine.Reason, error) {
	reasons, houses := make([]engine.Reason, len(people)), map[string]engine.Reason{}
	for i := range people {
		why, known := houses[people[i].House]
		if !known {
			chats, err := c.book(p).serving(ctx, people[i].House)
			if err != nil {
				return nil, fmt.Errorf("read the chats of a house: %w", err)
			}
			why = reachable(chats)
			houses[people[i].House] = why
		}
		reasons[i] = why
	}
	return reasons, nil
}

// reachable tells why nothing can be posted in any of a house's chats.
func reachable(chats []engine.Chat) engine.Reason {
	why := engine.NoAddress
	for i := range chats {
		switch chats[i].State() {
		case engine.ChatOpen:
			return engine.NoReason
		case engine.ChatLost:
			why = engine.Refused
		}
	}
	return why
}
