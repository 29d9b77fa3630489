package vktest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of messages.send (dev.vk.com/ru/method/messages.send), and for how long it knows a random_id again: for an hour, among the last
// hundred messages of a dialog.
const (
	mostText  = 4096
	mostPeers = 100
	firstChat = 2_000_000_000
	sameFor   = time.Hour
	sameAmong = 100
)

// Message is one message of the community to a user.
type Message struct {
	ID       int64 // within the community
	InDialog int64 // within the dialog
	User     int64
	RandomID int64
	Text     string
	Buttons  []Button
	Enclosed []Document
	At       time.Time
	Read     bool
}

// dialog is what passed between the community and one user.
type dialog struct {
	recent []*Message // the newest sameAmong
	count  int64      // messages of both sides
}

type sendParams struct {
	PeerIDs  json.RawMessage `json:"peer_ids"` // a number, or numbers in a string
	RandomID *int64          `json:"random_id"`
	Message  string          `json:"message"`
	NoLinks  int             `json:"dont_parse_links"`
	NoNames  int             `json:"disable_mentions"`
	Keyboard string          `json:"keyboard"`

	Attachment string `json:"attachment"` // documents to a user, photos in a chat
	Forward    string `json:"forward"`    // in chats only
}

// peerResult is what is told about one of peer_ids; error has the fields of VK's schema.
type peerResult struct {
	PeerID    int64      `json:"peer_id"`
	MessageID int64      `json:"message_id,omitempty"`
	InDialog  int64      `json:"conversation_message_id,omitempty"`
	Error     *peerError `json:"error,omitempty"`
}

type peerError struct {
	Code        int    `json:"code"`
	Description string `json:"description"`
}

// send is messages.send.
func (s *Server) send(params json.RawMessage) (any, int) {
	var p sendParams
	if err := strictly(params, &p); err != nil {
		return nil, broken(err)
	}
	peers := peersOf(p.PeerIDs)
	switch {
	case len(peers) == 0, len(peers) > mostPeers, p.RandomID == nil, *p.RandomID != int64(int32(*p.RandomID)), p.Message == "": //nolint:gosec // it is the check
		return nil, 100
	case utf8.RuneCountInString(p.Message) > mostText:
		return nil, 914
	}
	buttons, ok := buttonsOf(p.Keyboard)
	if !ok {
		return nil, 911
	}
	results := make([]peerResult, len(peers))
	for i, peer := range peers {
		results[i] = s.deliver(peer, p, buttons)
	}
	return results, 0
}

// deliver puts a message into a dialog, unless the user does not want it or it is there already.
func (s *Server) deliver(peer int64, p sendParams, buttons []Button) peerResult {
	m, code := s.keep(peer, p, buttons)
	if code != 0 {
		return peerResult{PeerID: peer, Error: &peerError{code, wordsOf(code)}}
	}
	return peerResult{PeerID: peer, MessageID: m.ID, InDialog: m.InDialog}
}

func (s *Server) keep(peer int64, p sendParams, buttons []Button) (m Message, code int) {
	now, fresh := time.Now(), false
	defer func() {
		if fresh && s.options.OnMessage != nil {
			s.options.OnMessage(m)
		}
	}()
	s.mu.Lock()
	defer s.mu.Unlock()
	if peer > firstChat {
		return s.post(peer, p, buttons)
	}
	if code := s.refusal(peer); code != 0 {
		return m, code
	}
	enclosed, ok := s.enclosed(peer, p.Attachment)
	if !ok {
		return m, 100
	}
	d := s.dialog(peer)
	if *p.RandomID != 0 {
		for _, before := range slices.Backward(d.recent) {
			if before.RandomID == *p.RandomID && now.Sub(before.At) < sameFor {
				return *before, 0
			}
		}
	}
	fresh = true
	s.count++
	s.last++
	d.count++
	kept := &Message{ID: s.last, InDialog: d.count, User: peer, RandomID: *p.RandomID, Text: p.Message, Buttons: buttons, Enclosed: enclosed, At: now}
	if d.recent = append(d.recent, kept); len(d.recent) > sameAmong {
		d.recent = slices.Delete(d.recent, 0, 1)
	}
	if s.kept = append(s.kept, kept); len(s.kept) >= 2*s.options.Keep {
		s.kept = slices.Clone(s.kept[len(s.kept)-s.options.Keep:])
	}
	return *kept, 0
}

// dialog gives the dialog with a user; s.mu is held.
func (s *Server) dialog(user int64) *dialog {
	d, is := s.dialogs[user]
	if !is {
		d = &dialog{}
		s.dialogs[user] = d
	}
	return d
}

// refusal is the error that writing to a user meets; s.mu is held.
func (s *Server) refusal(user int64) int {
	if user <= 0 || user >= firstChat {
		return 100
	}
	if code, is := s.refused[user]; is || s.options.Refuse == nil {
		return code
	}
	return s.options.Refuse(user)
}

// allowed is messages.isMessagesFromGroupAllowed.
func (s *Server) allowed(params json.RawMessage) (any, int) {
	var p struct {
		GroupID int64 `json:"group_id"`
		UserID  int64 `json:"user_id"`
	}
	switch err := strictly(params, &p); {
	case err != nil:
		return nil, broken(err)
	case p.GroupID != s.options.Group:
		return nil, 125
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := map[string]int{"is_allowed": 0}
	switch code := s.refusal(p.UserID); code {
	case 0:
		answer["is_allowed"] = 1
	case 18, 100, 113:
		return nil, code
	}
	return answer, 0
}

// Messages are the newest messages that were taken, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest := s.kept[max(0, len(s.kept)-s.options.Keep):]
	list := make([]Message, len(newest))
	for i, m := range newest {
		list[i] = *m
	}
	return list
}

// Newest is the newest message to a user; false when there is none.
func (s *Server) Newest(user int64) (Message, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	recent := s.dialog(user).recent
	if len(recent) == 0 {
		return Message{}, false
	}
	return *recent[len(recent)-1], true
}

// Count is how many messages were taken.
func (s *Server) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

func strictly(params json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(params))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

func peersOf(list json.RawMessage) (peers []int64) {
	for text := range strings.SplitSeq(strings.Trim(string(list), `"`), ",") {
		peer, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil
		}
		peers = append(peers, peer)
	}
	return peers
}
