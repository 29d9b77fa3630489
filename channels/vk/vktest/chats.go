package vktest

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// ChatPost is one message in a chat that the community is in.
type ChatPost struct {
	ID       int64 // conversation_message_id
	Chat     int64 // peer, above 2000000000
	RandomID int64 // of the community's own
	Text     string
	Answers  int64 // ID of the post it answers; zero: none
	Buttons  []Button
	Photos   []string // "photo-1_7", as they were attached
	Own      bool     // the community's
	Pinned   bool
	At       time.Time
}

// chat is a chat with many people.
type chat struct {
	posts  []*ChatPost
	pinned *ChatPost
	out    bool // the community was put out
}

// OpenChat makes the n-th chat of the community, if it is not there, and gives its peer: 2000000000 and n.
func (s *Server) OpenChat(n int64) (peer int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	peer = firstChat + n
	if s.chats == nil {
		s.chats = map[int64]*chat{}
	}
	if s.chats[peer] == nil {
		s.chats[peer] = &chat{}
	}
	return peer
}

// SayInChat is somebody who writes in a chat, which is told.
func (s *Server) SayInChat(peer int64, text string) {
	s.mu.Lock()
	post := s.chats[peer].add(&ChatPost{Chat: peer, Text: text})
	s.mu.Unlock()
	s.tellChat(post, nil)
}

// PutOut puts the community out of a chat, which is told if told is true.
func (s *Server) PutOut(peer int64, told bool) { s.move(peer, true, told) }

// TakeIn takes the community into a chat, which is told.
func (s *Server) TakeIn(peer int64) { s.move(peer, false, true) }

func (s *Server) move(peer int64, out, told bool) {
	s.mu.Lock()
	c := s.chats[peer]
	c.out = out
	post := c.add(&ChatPost{Chat: peer})
	s.mu.Unlock()
	kind := map[bool]string{true: "chat_kick_user", false: "chat_invite_user"}[out]
	if told {
		s.tellChat(post, map[string]any{"type": kind, "member_id": -s.options.Group})
	}
}

// tellChat tells of a message in a chat (schema 5.199, callback_message_new).
func (s *Server) tellChat(post *ChatPost, action any) {
	message := map[string]any{
		"id": 0, "date": post.At.Unix(), "peer_id": post.Chat, "from_id": 7, "text": post.Text, "random_id": 0, "conversation_message_id": post.ID,
		"out": 0, "version": 10000000, "important": false, "is_hidden": false, "fwd_messages": []any{}, "attachments": []any{},
	}
	if action != nil {
		message["action"] = action
	}
	s.tell("message_new", map[string]any{"message": message, "client_info": map[string]any{"keyboard": true, "inline_keyboard": true, "lang_id": 0}})
}

// ChatPosts gives what stands in a chat, the oldest first.
func (s *Server) ChatPosts(peer int64) (list []ChatPost) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.chats[peer]; c != nil {
		for _, p := range c.posts {
			post := *p
			post.Pinned = p == c.pinned
			list = append(list, post)
		}
	}
	return list
}

// Chats gives the peers of all chats.
func (s *Server) Chats() (peers []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for peer := range s.chats {
		peers = append(peers, peer)
	}
	slices.Sort(peers)
	return peers
}

func (c *chat) add(p *ChatPost) *ChatPost {
	p.ID, p.At = int64(len(c.posts)+1), time.Now()
	c.posts = append(c.posts, p)
	return p
}

func (c *chat) find(id string) *ChatPost {
	for _, p := range c.posts {
		if strconv.FormatInt(p.ID, 10) == id {
			return p
		}
	}
	return nil
}

// post puts a message of the community into a chat, unless it is there; s.mu is held.
func (s *Server) post(peer int64, p sendParams, buttons []Button) (m Message, code int) {
	c := s.chats[peer]
	switch {
	case c == nil:
		return m, 927
	case c.out:
		return m, 917
	case *p.RandomID == 0:
		return m, 100
	}
	for _, before := range c.posts[max(0, len(c.posts)-sameAmong):] {
		if before.Own && before.RandomID == *p.RandomID && time.Since(before.At) < sameFor {
			return Message{InDialog: before.ID}, 0
		}
	}
	post := &ChatPost{Chat: peer, RandomID: *p.RandomID, Text: p.Message, Buttons: buttons, Own: true}
	if p.Forward != "" {
		var to struct {
			PeerID int64   `json:"peer_id"`
			IDs    []int64 `json:"conversation_message_ids"`
			Reply  bool    `json:"is_reply"`
		}
		if json.Unmarshal([]byte(p.Forward), &to) != nil || !to.Reply || to.PeerID != peer || len(to.IDs) != 1 || c.find(itoa(to.IDs[0])) == nil {
			return m, 100
		}
		post.Answers = to.IDs[0]
	}
	photos, ok := s.photosOf(p.Attachment)
	if !ok {
		return m, 100
	}
	post.Photos = photos
	return Message{InDialog: c.add(post).ID}, 0
}

// inChat is the methods about one chat: pins and history.
func (s *Server) inChat(name string, form url.Values) (any, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	peer, err := strconv.ParseInt(form.Get("peer_id")+form.Get("peer_ids"), 10, 64)
	c := s.chats[peer]
	switch {
	case err != nil:
		return nil, 100
	case c == nil:
		return nil, 927
	case c.out:
		return nil, 917
	}
	switch name {
	case "messages.pin":
		post := c.find(form.Get("conversation_message_id"))
		if post == nil {
			return nil, 100
		}
		c.pinned = post
		return map[string]any{"conversation_message_id": post.ID}, 0
	case "messages.unpin":
		c.pinned = nil
		return 1, 0
	case "messages.getConversationsById":
		settings := map[string]any{}
		if c.pinned != nil {
			settings["pinned_message"] = map[string]any{"conversation_message_id": c.pinned.ID}
		}
		return map[string]any{"count": 1, "items": []any{map[string]any{"chat_settings": settings}}}, 0
	}
	items := []any{}
	for _, p := range slices.Backward(c.posts) {
		items = append(items, map[string]any{"id": 0, "conversation_message_id": p.ID, "random_id": p.RandomID, "text": p.Text})
	}
	return map[string]any{"count": len(items), "items": items}, 0
}
