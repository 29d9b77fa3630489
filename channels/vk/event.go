package vk

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/SevereCloud/vksdk/v2/events"
)

// Kind is what a resident did in the dialog with the community.
type Kind string

// The kinds.
const (
	Read  Kind = "read"  // opened the dialog: every message up to Event.MessageID is read
	Allow Kind = "allow" // allowed the community to write
	Deny  Kind = "deny"  // forbade it
	Click Kind = "click" // pressed a button of a message. Not one that opens a link: VK tells nobody of those, our tracked address does
	Stop  Kind = "stop"  // answered with a word that means "write no more"
)

// Event is something a resident did. It has no words of theirs.
type Event struct {
	Kind      Kind
	User      int64     // VK user id: personal data
	MessageID int64     // Read: up to which message, as Result.ID names them; Stop: the resident's own message; otherwise 0
	InDialog  int64     // number of the message within the dialog, by which VK names it in Read and Click; 0 where it names none
	At        time.Time // when it happened or, as most events do not say that, when it came
	EventID   string    // the same when VK tells it again
}

// told are the events of VK that we take.
var told = []events.EventType{events.EventMessageRead, events.EventMessageAllow, events.EventMessageDeny, events.EventMessageEvent, events.EventMessageNew}

// object is what we read of an event's object, whatever its type (dev.vk.com/ru/api/community-events/json-schema).
type object struct {
	UserID     int64    `json:"user_id,omitempty"`
	FromID     int64    `json:"from_id,omitempty"`
	PeerID     int64    `json:"peer_id,omitempty"`
	ReadID     int64    `json:"read_message_id,omitempty"`
	InDialogID int64    `json:"conversation_message_id,omitempty"`
	Message    *message `json:"message,omitempty"`
}

// message is what we read of a message.
type message struct {
	ID         int64  `json:"id"`
	Date       int64  `json:"date"`
	FromID     int64  `json:"from_id"`
	PeerID     int64  `json:"peer_id"`
	InDialogID int64  `json:"conversation_message_id"`
	Text       string `json:"text"`
}

// trim leaves of an event what we read and no more, so that vksdk, which knows every field in the form of an older version of the API, does
// not stumble over one that we do not need. It reports whether it is an event we take.
func trim(e *events.GroupEvent) (bool, error) {
	if !slices.Contains(told, e.Type) {
		return false, nil
	}
	var o object
	if err := json.Unmarshal(e.Object, &o); err != nil {
		return false, fmt.Errorf("read the object of a %s: it has another form", e.Type)
	}
	if e.Type == events.EventMessageNew && (o.Message == nil || !stops(o.Message.Text)) {
		return false, nil
	}
	e.Object = literal(o)
	return true, nil
}

// inChat reports whether an event is a message in a chat.
func inChat(e events.GroupEvent) bool {
	var o object
	return e.Type == events.EventMessageNew && json.Unmarshal(e.Object, &o) == nil && o.Message != nil && o.Message.PeerID >= firstChat
}

// eventOf reads a trimmed event that came at now. Events of chats and of the community's own people are not about residents.
func eventOf(e events.GroupEvent, now time.Time) (Event, bool) {
	var o object
	if err := json.Unmarshal(e.Object, &o); err != nil {
		return Event{}, false
	}
	event := Event{User: o.UserID, InDialog: o.InDialogID, At: now, EventID: e.EventID}
	switch e.Type {
	case events.EventMessageRead:
		event.Kind, event.User, event.MessageID = Read, o.FromID, o.ReadID
	case events.EventMessageAllow:
		event.Kind = Allow
	case events.EventMessageDeny:
		event.Kind = Deny
	case events.EventMessageEvent:
		event.Kind = Click
	case events.EventMessageNew:
		if o.Message == nil {
			return Event{}, false
		}
		event = Event{Kind: Stop, User: o.Message.FromID, MessageID: o.Message.ID, InDialog: o.Message.InDialogID, At: now, EventID: e.EventID}
		if date := time.Unix(o.Message.Date, 0); o.Message.Date > 0 && date.Before(now) {
			event.At = date
		}
		o.PeerID = o.Message.PeerID
	}
	return event, event.Kind != "" && event.User > 0 && event.User < firstChat && o.PeerID < firstChat
}

// stopWords are answers that mean "write no more", in small letters, without marks.
var stopWords = []string{
	"стоп", "stop", "отписаться", "отписка", "отпишите", "отпишите меня", "отписать", "отмена рассылки", "отключить рассылку", "не писать",
	"не пишите", "не пишите мне", "хватит", "хватит писать", "unsubscribe",
}

// stops reports whether the whole text is a stop word, however it is written. A word within a sentence is not: "стоп-кран потёк" is work
// for the dispatcher.
func stops(text string) bool {
	if len(text) > 100 {
		return false
	}
	words := strings.FieldsFunc(strings.ReplaceAll(strings.ToLower(text), "ё", "е"), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-'
	})
	return slices.Contains(stopWords, strings.Join(words, " "))
}
