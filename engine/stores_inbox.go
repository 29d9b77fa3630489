package engine

import (
	"context"
	"strings"
	"time"
)

// Bounds of an inbox: what is over them is forgotten, oldest first.
const (
	InboxAge  = 7 * 24 * time.Hour
	InboxMost = 5000     // messages of one provider
	InboxSize = 64 << 20 // bytes that one provider's messages take in the store, packed as it packs them
)

// Inbox keeps messages as they were sent, so that people can look at them: those of test campaigns, and all when the installation says so
// (Config.KeepLive). It is a window and not a record: bounded and expiring, and what cannot be kept holds nothing up. It is personal
// data, kept as the Audience is.
type Inbox interface {
	// Keep puts messages in. One with an ID that is there already takes its place.
	Keep(ctx context.Context, provider ProviderID, list []Kept) error
	// List gives what the provider's messages are about, newest first, at most limit from the cursor on ("" begins). The returned cursor is
	// empty at the end. A cursor that no list has given is read as "".
	List(ctx context.Context, provider ProviderID, ask InboxQuery, cursor string, limit int) ([]KeptHead, string, error)
	// Get gives one message whole; ErrNotFound when the provider has none with this ID, or not any more.
	Get(ctx context.Context, provider ProviderID, id string) (Kept, error)
}

// Kept is one message in an Inbox.
type Kept struct {
	KeptHead
	Content Content // what the resident reads; empty when there is a Source, which says it all
	Source  []byte  // the message as it went over the wire, from channels that are Sourced; nil: none
}

// KeptHead is what a message is about.
type KeptHead struct {
	ID       string      `json:"id"` // the Key of its Message
	At       time.Time   `json:"at"` // when the channel had taken it; of a test, when it would have been handed over. Millisecond precision
	Campaign CampaignID  `json:"campaign"`
	Name     string      `json:"name"` // of the campaign
	Mode     Mode        `json:"mode"`
	Kind     Kind        `json:"kind"`
	Channel  ChannelName `json:"channel"`
	To       string      `json:"to"`               // the address: of e-mail, a VK user's number, a house's FIAS GUID; of other channels the account
	Person   string      `json:"person,omitempty"` // ФИО; empty where a message is for all of a house
	Account  string      `json:"account,omitempty"`
	Subject  string      `json:"subject"` // or the beginning of the text, where the channel has no subject
	Files    int         `json:"files,omitempty"`
	Size     int         `json:"size"` // bytes of the source, or of the text and the files
}

// InboxQuery chooses messages. The zero value chooses all.
type InboxQuery struct {
	Channel  ChannelName
	Kind     Kind
	Mode     Mode
	Campaign CampaignID
	Find     string // what the address, the name or the account has in it, in any case
}

// Matches reports whether the query chooses the message.
func (q InboxQuery) Matches(h KeptHead) bool {
	switch {
	case q.Channel != NoChannel && q.Channel != h.Channel, q.Kind != "" && q.Kind != h.Kind, q.Mode != "" && q.Mode != h.Mode,
		q.Campaign != "" && q.Campaign != h.Campaign:
		return false
	case q.Find == "":
		return true
	}
	for _, text := range []string{h.To, h.Person, h.Account} {
		if strings.Contains(strings.ToLower(text), strings.ToLower(q.Find)) {
			return true
		}
	}
	return false
}

// InboxCursor names a place in a list: what comes after this message.
func InboxCursor(h KeptHead) string { return h.At.UTC().Format(inboxTime) + "." + h.ID }

// inboxTime is a time to the millisecond that is sorted as text, too.
const inboxTime = "20060102T150405.000"

// AfterInboxCursor reports whether a message comes after the place a cursor names, in a list that has the newest first and, of those of one
// millisecond, the greatest ID. Every message comes after a cursor that is none.
func AfterInboxCursor(cursor string, h KeptHead) bool {
	if len(cursor) <= len(inboxTime) || cursor[len(inboxTime)] != '.' {
		return true
	}
	if _, err := time.Parse(inboxTime, cursor[:len(inboxTime)]); err != nil {
		return true
	}
	return InboxCursor(h) < cursor
}
