package housechat

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"vestnik/engine"
)

// codeLike is what engine.NewChatCode makes.
var codeLike = regexp.MustCompile(`(?i)\bdom-[a-z2-7]{12}\b`)

// codesIn finds what looks like link codes in a message; three at most, so that nobody tries many at once.
func codesIn(text string) []string {
	found := codeLike.FindAllString(text, 3)
	for i, code := range found {
		found[i] = strings.ToLower(code)
	}
	return found
}

// book is the chats of one provider.
type book struct {
	chats    engine.Chats
	provider engine.ProviderID
}

// serving gives the chats that serve a house, whatever state they are in.
func (b book) serving(ctx context.Context, house string) ([]engine.Chat, error) {
	list, _, err := b.chats.FindChats(ctx, b.provider, engine.ChatKey{House: house}, "", 0)
	return list, err
}

// join binds the chat whose link code was posted in a place, and uses the code up: ErrNotFound when no chat of that network has it. Another chat
// the provider has in that place is forgotten: the new one says which houses it serves.
func (b book) join(ctx context.Context, code string, place engine.ChatPlace, at time.Time) error {
	list, _, err := b.chats.FindChats(ctx, b.provider, engine.ChatKey{Code: code}, "", 1)
	if err != nil {
		return err
	}
	if code == "" || len(list) == 0 || list[0].Place.Network != place.Network {
		return fmt.Errorf("join a chat by its code: %w", engine.ErrNotFound)
	}
	joined, err := b.chats.ChangeChat(ctx, b.provider, list[0].ID, func(c *engine.Chat) error {
		if c.Code != code { // somebody else came first
			return engine.ErrNotFound
		}
		c.Place, c.Code, c.Joined, c.Lost, c.Why, c.Since = place, "", at, time.Time{}, "", at
		return nil
	})
	if err != nil {
		return err
	}
	others, _, err := b.chats.FindChats(ctx, b.provider, engine.ChatKey{Place: place}, "", 0)
	for _, other := range others {
		if other.ID == joined.ID {
			continue
		}
		if gone := b.chats.RemoveChat(ctx, b.provider, other.ID); gone != nil && !errors.Is(gone, engine.ErrNotFound) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// lose notes why nothing can be posted in the place any more, or with an empty why that it can again. The first reason stays, and what happened
// before the chat's Since does not count any more. It tells whether anything has changed; ErrNotFound when there is no chat.
func (b book) lose(ctx context.Context, place engine.ChatPlace, why string, at time.Time) (changed bool, err error) {
	list, _, err := b.chats.FindChats(ctx, b.provider, engine.ChatKey{Place: place}, "", 0)
	if err == nil && len(list) == 0 {
		err = engine.ErrNotFound
	}
	if err != nil {
		return false, fmt.Errorf("lose a chat: %w", err)
	}
	for _, chat := range list {
		if _, err := b.chats.ChangeChat(ctx, b.provider, chat.ID, func(c *engine.Chat) error {
			late, same := at.Before(c.Since), c.Lost.IsZero() == (why == "")
			if late || same {
				return errSame
			}
			if c.Lost, c.Why, c.Since = at, why, at; why == "" {
				c.Lost = time.Time{}
			}
			return nil
		}); err == nil {
			changed = true
		} else if !errors.Is(err, errSame) && !errors.Is(err, engine.ErrNotFound) {
			return changed, err
		}
	}
	return changed, nil
}

// errSame stops a change that would change nothing.
var errSame = errors.New("nothing changes")
