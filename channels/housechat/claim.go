package housechat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vestnik/engine"
)

// mostPosts is how many posts that do not last are remembered of a chat, and adsAge how long an ad is.
const (
	mostPosts = 100
	adsAge    = 400 * 24 * time.Hour
)

// claim asks for the right to make a post.
type claim struct {
	name   string    // what is to be posted: the same for all houses of a campaign
	holder string    // who asks: the engine.Message's Key
	house  string    // for whom
	text   string    // hash of the text, by which an attempt is recognized later
	now    time.Time //
	until  time.Time // how long the right is the holder's alone
	ad     bool      // count it as an ad, in the calendar day of day
	day    time.Time
	days   int // with most: so many ads in so many days, the day alone is 1; most 0 is without bounds
	most   int
}

// right is what a claim comes to.
type right int

// The rights.
const (
	mine   right = iota // the holder makes the post
	busy                // another holder is about to make it
	done                // it was made
	capped              // the chat has had as many ads as it may
)

// claimed answers a claim.
type claimed struct {
	right right
	since time.Time   // of mine: when an earlier attempt began of which nobody knows whether it came through; zero: there is none
	texts []string    // of mine: the hashes of the texts that earlier attempts may have posted
	until time.Time   // of busy: when the right of the other ends
	post  engine.Post // of done
}

// claim asks for the right to make a post in a place. It is given to one holder for each name; a holder may ask again. Where the post was made,
// or is being made, the house is added to those it is for. An ad counts when its first holder gets the right.
func (b book) claim(ctx context.Context, place engine.ChatPlace, c claim) (answer claimed, err error) {
	_, err = b.chats.ChangeThread(ctx, b.provider, place, func(t *engine.Thread) error {
		answer = c.grant(t)
		if answer.right == capped {
			return errSame
		}
		return nil
	})
	if errors.Is(err, errSame) {
		err = nil
	}
	return answer, err
}

// grant decides about a claim.
func (c *claim) grant(t *engine.Thread) claimed {
	if i := slices.IndexFunc(t.Posts, func(p engine.Post) bool { return p.Name == c.name }); i >= 0 {
		t.Posts[i].Houses = including(t.Posts[i].Houses, c.house)
		return claimed{right: done, post: t.Posts[i]}
	}
	i := slices.IndexFunc(t.Attempts, func(a engine.PostAttempt) bool { return a.Name == c.name })
	if i < 0 {
		if !c.count(t) {
			return claimed{right: capped}
		}
		t.Attempts = append(t.Attempts, engine.PostAttempt{
			Name: c.name, Holder: c.holder, Until: c.until, Since: c.now, Texts: []string{c.text}, Houses: []string{c.house},
		})
		return claimed{right: mine}
	}
	a := &t.Attempts[i]
	a.Houses = including(a.Houses, c.house)
	if a.Holder != c.holder && c.now.Before(a.Until) {
		return claimed{right: busy, until: a.Until}
	}
	earlier := claimed{right: mine, since: a.Since, texts: slices.Clone(a.Texts)}
	a.Holder, a.Until, a.Texts = c.holder, c.until, including(a.Texts, c.text)
	return earlier
}

// including gives the list with a word in it.
func including(list []string, word string) []string {
	if slices.Contains(list, word) {
		return list
	}
	return append(list, word)
}

// count counts an ad, unless the chat has had enough.
func (c *claim) count(t *engine.Thread) bool {
	if !c.ad || c.most == 0 {
		return true
	}
	t.Ads = slices.DeleteFunc(t.Ads, func(ad engine.PostedAd) bool { return ad.Day.Before(c.day.Add(-adsAge)) })
	first, n := c.day.AddDate(0, 0, 1-c.days), 0
	for _, ad := range t.Ads {
		if !ad.Day.Before(first) && !ad.Day.After(c.day) {
			n++
		}
	}
	if n >= c.most {
		return false
	}
	t.Ads = append(t.Ads, engine.PostedAd{Name: c.name, Day: c.day})
	return true
}

// drop gives the right back: nothing was posted, and an ad does not count.
func (b book) drop(ctx context.Context, place engine.ChatPlace, name, holder string) error {
	_, err := b.chats.ChangeThread(ctx, b.provider, place, func(t *engine.Thread) error {
		before := len(t.Attempts)
		t.Attempts = slices.DeleteFunc(t.Attempts, func(a engine.PostAttempt) bool { return a.Name == name && a.Holder == holder })
		if len(t.Attempts) == before {
			return errSame
		}
		t.Ads = slices.DeleteFunc(t.Ads, func(ad engine.PostedAd) bool { return ad.Name == name })
		return nil
	})
	if errors.Is(err, errSame) {
		return nil
	}
	return err
}

// keep remembers the post that was made under the claim of post.Name; its Houses are those of the claim.
func (b book) keep(ctx context.Context, place engine.ChatPlace, post engine.Post) error {
	_, err := b.chats.ChangeThread(ctx, b.provider, place, func(t *engine.Thread) error {
		i := slices.IndexFunc(t.Attempts, func(a engine.PostAttempt) bool { return a.Name == post.Name })
		switch {
		case i >= 0:
		case slices.ContainsFunc(t.Posts, func(p engine.Post) bool { return p.Name == post.Name }):
			return errSame
		default:
			return fmt.Errorf("keep a post that nobody claimed: %w", engine.ErrGone)
		}
		post.Houses = t.Attempts[i].Houses
		t.Attempts = slices.Delete(t.Attempts, i, i+1)
		t.Posts = append(t.Posts, post)
		for old := 0; len(t.Posts) > mostPosts && old >= 0; {
			if old = slices.IndexFunc(t.Posts, func(p engine.Post) bool { return !p.Lasting }); old >= 0 {
				t.Posts = slices.Delete(t.Posts, old, old+1)
			}
		}
		return nil
	})
	if errors.Is(err, errSame) {
		return nil
	}
	return err
}

// posts gives the posts remembered, the newest first: all that last, and some hundred others.
func (b book) posts(ctx context.Context, place engine.ChatPlace) ([]engine.Post, error) {
	t, err := b.chats.Thread(ctx, b.provider, place)
	slices.Reverse(t.Posts)
	return t.Posts, err
}

// end notes that the outages the posts tell of do not last any more.
func (b book) end(ctx context.Context, place engine.ChatPlace, ids []string) error {
	_, err := b.chats.ChangeThread(ctx, b.provider, place, func(t *engine.Thread) error {
		for i := range t.Posts {
			if slices.Contains(ids, t.Posts[i].ID) {
				t.Posts[i].Lasting = false
			}
		}
		return nil
	})
	return err
}
