package housechat

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"regexp"
	"strings"
	"time"

	"vestnik/engine"
)

// Network is a messenger that houses have chats in.
type Network string

// The networks.
const (
	VK  Network = "vk"
	MAX Network = "max"
)

// Place is one chat, as its network knows it.
type Place struct {
	Network Network
	ID      int64 // VK: the peer, 2000000000 and more, which another community knows by another number. MAX: chat_id, below zero for groups
}

// Chat is a chat that a provider posts in. Until an administrator has posted its link code there, its Place has no ID.
type Chat struct {
	Place  Place
	Title  string
	Houses []string  // FIAS GUIDs of the houses it serves
	Code   string    // the link code, see NewCode; it is used up by joining
	Joined time.Time // zero: the code was not posted yet
	Lost   time.Time // since when nothing can be posted there; zero: it works
	Why    string    // why it was lost, in the network's words: "VK 917", "bot_removed"
	Since  time.Time // when it was last joined, lost or found again: what is told of earlier is out of date
}

// Open reports whether posts can be made in the chat.
func (c Chat) Open() bool { return !c.Joined.IsZero() && c.Lost.IsZero() }

// Post is a post made in a chat.
type Post struct {
	ID        string // VK: conversation_message_id. MAX: mid
	Name      string // of the Claim it was made under
	Holder    string // likewise
	Houses    []string
	Reference string // engine.Campaign.Reference
	Service   string // what the outage is of, as the campaign's variable "service" says; empty: not known
	At        time.Time
	Lasting   bool     // it tells of an outage that lasts, and is pinned so long
	Ends      []string // IDs of the posts whose outage it put an end to, or told anew
}

// Claim asks for the right to make a post.
type Claim struct {
	Name   string    // what is to be posted: the same for all houses of a campaign
	Holder string    // who asks: the engine.Message's Key
	House  string    // for whom
	Text   string    // hash of the text, by which an attempt is recognized later
	Now    time.Time //
	Until  time.Time // how long the right is the holder's alone
	Ad     bool      // count it as an ad, in the calendar day of Day
	Day    time.Time
	Days   int // with Most: so many ads in so many days, the day alone is 1; Most 0 is without bounds
	Most   int
}

// Right is what a Claim comes to.
type Right int

// The rights.
const (
	Mine   Right = iota // the holder makes the post
	Busy                // another holder is about to make it
	Done                // it was made
	Capped              // the chat has had as many ads as it may
)

// Claimed answers a Claim.
type Claimed struct {
	Right Right
	Since time.Time // of Mine: when an earlier attempt began of which nobody knows whether it came through; zero: there is none
	Text  string    // of Mine with Since: the Claim.Text of that attempt
	Until time.Time // of Busy: when the right of the other ends
	Post  Post      // of Done
}

// Registry keeps the chats and what was posted in them, for all workers. Every method that cannot reach its store returns an error that
// wraps engine.ErrDown, and every write has happened whole or not at all. A chat that is not there is engine.ErrNotFound.
type Registry interface {
	// Chats gives the chats of the provider that serve the house, whatever state they are in.
	Chats(ctx context.Context, provider engine.ProviderID, house string) ([]Chat, error)
	// Join binds the chat whose link code was posted in a place, and uses the code up: ErrNotFound when no chat of the provider has it. A
	// chat the provider has in that place already gets the new one's houses instead.
	Join(ctx context.Context, provider engine.ProviderID, code string, place Place, title string, at time.Time) (Chat, error)
	// Lose notes why nothing can be posted in the place any more, or with an empty why that it can again. The first reason stays,
	// and what happened before the chat's Since does not count any more.
	Lose(ctx context.Context, provider engine.ProviderID, place Place, why string, at time.Time) error

	// Claim asks for the right to make a post. It is given to one holder for each Name; a holder may ask again. Where the post was made, or
	// is being made, the house is added to those it is for. An ad counts when its first holder gets the right.
	Claim(ctx context.Context, provider engine.ProviderID, place Place, claim Claim) (Claimed, error)
	// Drop gives the right back: nothing was posted, and an ad does not count.
	Drop(ctx context.Context, provider engine.ProviderID, place Place, name, holder string) error
	// Keep remembers the post that was made under the claim of post.Name; its Houses are those of the claim.
	Keep(ctx context.Context, provider engine.ProviderID, place Place, post Post) error
	// Posts gives the posts remembered, the newest first: all that last, and some hundred others.
	Posts(ctx context.Context, provider engine.ProviderID, place Place) ([]Post, error)
	// End notes that the outages the posts tell of do not last any more.
	End(ctx context.Context, provider engine.ProviderID, place Place, ids []string) error
}

// NewCode makes a link code: whoever may read it (the provider's staff) gives it to an administrator of the chat, who posts it there. It
// has 60 random bits and letters that are the same in small and in capitals.
func NewCode() string {
	bits := make([]byte, 8)
	_, _ = rand.Read(bits) // never fails
	return "dom-" + strings.ToLower(base32.StdEncoding.EncodeToString(bits)[:12])
}

var codeLike = regexp.MustCompile(`(?i)\bdom-[a-z2-7]{12}\b`)

// codesIn finds what looks like link codes in a message; three at most, so that nobody tries many at once.
func codesIn(text string) []string {
	found := codeLike.FindAllString(text, 3)
	for i, code := range found {
		found[i] = strings.ToLower(code)
	}
	return found
}
