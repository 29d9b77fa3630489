package engine

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Network is a messenger that houses have chats in.
type Network string

// The networks.
const (
	NetworkVK  Network = "vk"
	NetworkMAX Network = "max"
)

// Networks lists every network.
func Networks() []Network { return []Network{NetworkVK, NetworkMAX} }

// Known reports whether n is one of Networks.
func (n Network) Known() bool { return slices.Contains(Networks(), n) }

// ChatPlace is one chat, as its network knows it.
type ChatPlace struct {
	Network Network `json:"network"`
	ID      int64   `json:"id,omitempty"` // VK: the peer, above 2000000000, which another community knows by another number. MAX: chat_id, below zero for groups. Zero: not known yet
}

// String names the place in keys and identities: "vk/2000000001".
func (p ChatPlace) String() string { return string(p.Network) + "/" + strconv.FormatInt(p.ID, 10) }

// Chat is a chat that a provider posts in: of one house or of several. Until an administrator has posted its link code there, its Place has
// no ID.
type Chat struct {
	ID     string    `json:"id"` // the provider's own name for it
	Place  ChatPlace `json:"place"`
	Title  string    `json:"title,omitempty"`
	Houses []string  `json:"houses"`           // FIAS GUIDs of the houses it serves
	Code   string    `json:"code,omitempty"`   // the link code, see NewChatCode; it is used up by joining
	Joined time.Time `json:"joined,omitzero"`  // zero: the code was not posted yet
	Lost   time.Time `json:"lost,omitzero"`    // since when nothing can be posted there; zero: it works
	Why    string    `json:"why,omitempty"`    // why it was lost, in the network's words: "VK 917", "bot_removed"
	Since  time.Time `json:"since,omitzero"`   // when it was last joined, lost or found again: what is told of earlier is out of date
	Made   time.Time `json:"created,omitzero"` // when the provider named it
}

// ChatState is what can be done with a chat.
type ChatState string

// The states of a chat.
const (
	ChatWaiting ChatState = "waiting" // for its link code to be posted in it
	ChatOpen    ChatState = "open"
	ChatLost    ChatState = "lost" // see Chat.Why
)

// ChatStates lists every state.
func ChatStates() []ChatState { return []ChatState{ChatWaiting, ChatOpen, ChatLost} }

// State tells what can be done with the chat.
func (c *Chat) State() ChatState {
	switch {
	case c.Joined.IsZero():
		return ChatWaiting
	case c.Lost.IsZero():
		return ChatOpen
	}
	return ChatLost
}

// ChatKey says which chats of a provider are looked for: those that have everything that is set. The zero ChatKey means all.
type ChatKey struct {
	House string
	Code  string
	Place ChatPlace
	State ChatState
}

// Fits reports whether the chat is looked for.
func (k ChatKey) Fits(c *Chat) bool {
	return (k.House == "" || slices.Contains(c.Houses, k.House)) && (k.Code == "" || c.Code == k.Code) &&
		(k.Place == ChatPlace{} || c.Place == k.Place) && (k.State == "" || c.State() == k.State)
}

// NewChatCode makes a link code: whoever may read it (the provider's staff) gives it to an administrator of the chat, who posts it there. It
// has 60 random bits and letters that are the same in small and in capitals: "dom-abcd2345wxyz".
func NewChatCode() string {
	bits := make([]byte, 8)
	_, _ = rand.Read(bits) // never fails
	return "dom-" + strings.ToLower(base32.StdEncoding.EncodeToString(bits)[:12])
}

// Thread is what was posted in a chat, and what is about to be. It has no texts and nobody's data.
type Thread struct {
	Posts    []Post        `json:"posts,omitempty"`    // the oldest first
	Attempts []PostAttempt `json:"attempts,omitempty"` // of which it is not known yet whether they became posts
	Ads      []PostedAd    `json:"ads,omitempty"`      // those that count
}

// Post is a post made in a chat.
type Post struct {
	ID        string    `json:"id"`                  // VK: conversation_message_id. MAX: mid
	Name      string    `json:"name"`                // what was posted: the same for all houses of a campaign
	Holder    string    `json:"holder"`              // the Message's Key it was made for
	Houses    []string  `json:"houses"`              // that it is for
	Reference string    `json:"reference,omitempty"` // Campaign.Reference
	Service   string    `json:"service,omitempty"`   // what the outage is of, as the campaign's variable "service" says; empty: not known
	At        time.Time `json:"at"`
	Lasting   bool      `json:"lasting,omitempty"` // it tells of an outage that lasts, and is pinned so long
	Ends      []string  `json:"ends,omitempty"`    // IDs of the posts whose outage it put an end to, or told anew
}

// PostAttempt is the right to make a post, while it is not known whether it was made.
type PostAttempt struct {
	Name   string    `json:"name"`
	Holder string    `json:"holder"` // who makes it
	Until  time.Time `json:"until"`  // how long the right is the holder's alone
	Since  time.Time `json:"since"`  // when the first attempt began
	Texts  []string  `json:"texts"`  // hashes of the texts that may have been posted
	Houses []string  `json:"houses"` // that it is for
}

// PostedAd is an ad that counts for a chat.
type PostedAd struct {
	Name string    `json:"name"`
	Day  time.Time `json:"day"` // midnight UTC of the provider's calendar day
}

// Chats keeps the chats of houses, and what was posted in them; the rules are those of package channels/housechat.
type Chats interface {
	// AddChat writes a new chat; one with this ID already there is ErrConflict.
	AddChat(ctx context.Context, provider ProviderID, c Chat) error
	// ChangeChat reads the chat, lets change work on it and writes it if nobody else has meanwhile; otherwise it does so again. An error of
	// change is returned as it is and nothing is written. A chat that is not there is ErrNotFound. It returns the chat as it is now.
	ChangeChat(ctx context.Context, provider ProviderID, id string, change func(*Chat) error) (Chat, error)
	// RemoveChat forgets a chat; one that is not there is ErrNotFound. What was posted in it is not forgotten.
	RemoveChat(ctx context.Context, provider ProviderID, id string) error
	// FindChats lists, by ID, up to limit of the chats that a key fits, from the cursor on ("" begins); limit 0 is all of them. The returned
	// cursor is empty at the end. A page may have fewer than limit, and more may follow all the same.
	FindChats(ctx context.Context, provider ProviderID, key ChatKey, cursor string, limit int) ([]Chat, string, error)
	// CountChats counts the chats of a provider by their state.
	CountChats(ctx context.Context, provider ProviderID) (map[ChatState]int64, error)
	// Thread gives what was posted in a place; the zero Thread if nothing was.
	Thread(ctx context.Context, provider ProviderID, place ChatPlace) (Thread, error)
	// ChangeThread is to the thread of a place what ChangeChat is to a chat. A thread that nobody has changed for a year is forgotten.
	ChangeThread(ctx context.Context, provider ProviderID, place ChatPlace, change func(*Thread) error) (Thread, error)
}
