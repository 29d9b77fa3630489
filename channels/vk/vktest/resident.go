package vktest

import (
	"encoding/json"
	"fmt"
	"time"
)

// Refuse makes writing to a user meet an error of VK from now on: 901 without permission, 902 privacy, 900 blacklist, 18 deleted; 0: none.
// Nobody is told of it; see Allow and Deny.
func (s *Server) Refuse(user int64, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[user] = code
}

// Allow is a user who allows the community to write.
func (s *Server) Allow(user int64) {
	s.Refuse(user, 0)
	s.tell("message_allow", map[string]any{"user_id": user, "key": ""})
}

// Deny is a user who forbids it.
func (s *Server) Deny(user int64) {
	s.Refuse(user, 901)
	s.tell("message_deny", map[string]any{"user_id": user})
}

// Read is a user who opens the dialog and so reads all there is. It gives the messages that were not read before, oldest first.
func (s *Server) Read(user int64) (unread []Message) {
	s.mu.Lock()
	for _, m := range s.dialog(user).recent {
		if !m.Read {
			m.Read = true
			unread = append(unread, *m)
		}
	}
	s.mu.Unlock()
	if len(unread) == 0 {
		return nil
	}
	last := unread[len(unread)-1]
	s.tell("message_read", map[string]any{"from_id": user, "peer_id": user, "read_message_id": last.ID, "conversation_message_id": last.InDialog})
	return unread
}

// Press is a user who presses the n-th button, from 0, of the last message. A button that opens a link gives the link, for the user to
// follow: VK tells nobody of it. Of others the community is told.
func (s *Server) Press(user int64, n int) (link string, err error) {
	s.mu.Lock()
	recent := s.dialog(user).recent
	if len(recent) == 0 || n < 0 || n >= len(recent[len(recent)-1].Buttons) {
		s.mu.Unlock()
		return "", fmt.Errorf("there is no button %d", n)
	}
	m := recent[len(recent)-1]
	b, event := m.Buttons[n], s.eventID
	s.mu.Unlock()
	if b.Link == "" {
		s.tell("message_event", map[string]any{
			"user_id": user, "peer_id": user, "event_id": fmt.Sprintf("press-%d", event), "payload": b.Data, "conversation_message_id": m.InDialog,
		})
	}
	return b.Link, nil
}

// Write is a user who writes to the community, and so allows it to answer.
func (s *Server) Write(user int64, text string) {
	s.mu.Lock()
	s.refused[user] = 0
	s.last++
	d := s.dialog(user)
	d.count++
	id, inDialog := s.last, d.count
	s.mu.Unlock()
	s.tell("message_new", map[string]any{
		"message": map[string]any{
			"id": id, "date": time.Now().Unix(), "peer_id": user, "from_id": user, "text": text, "random_id": 0, "conversation_message_id": inDialog,
			"out": 0, "version": 10000000, "important": false, "is_hidden": false, "fwd_messages": []any{}, "attachments": []any{},
		},
		"client_info": map[string]any{"button_actions": []string{"text", "open_link", "callback"}, "keyboard": true, "inline_keyboard": true, "lang_id": 0},
	})
}

// event is what VK tells of, to a door and to those who poll.
type event struct {
	Type   string          `json:"type"`
	Group  int64           `json:"group_id"`
	ID     string          `json:"event_id,omitempty"`
	V      string          `json:"v,omitempty"`
	Object json.RawMessage `json:"object,omitempty"`
	Secret string          `json:"secret,omitempty"`
}

func (s *Server) tell(kind string, object any) {
	body, err := json.Marshal(object)
	if err != nil {
		panic("vktest: " + err.Error()) // our own maps
	}
	s.mu.Lock()
	s.eventID++
	e := event{Type: kind, Group: s.options.Group, ID: fmt.Sprintf("%040x", s.eventID), V: "5.199", Object: body}
	s.mu.Unlock()
	s.poll.add(e)
	s.outbox.add(e)
}
