package maxtest

import (
	"fmt"
	"strconv"
	"time"
)

// Button is a link below a post.
type Button struct {
	Type string `json:"type"`
	Text string `json:"text"`
	URL  string `json:"url"`
}

// Post is a message in a chat.
type Post struct {
	MID     string
	Chat    int64
	Text    string
	Answers string // MID of the post it answers; empty: none
	Buttons []Button
	Photos  []string // tokens
	Pinned  bool
	Bot     bool // it is the bot's
	At      time.Time
}

// chat is a group.
type chat struct {
	id     int64
	posts  []*Post
	pinned *Post
	pins   int // how often something was pinned
	admin  bool
	out    bool // the bot was put out
	spent  window
}

func (c *chat) find(mid string) *Post {
	for _, p := range c.posts {
		if p.MID == mid {
			return p
		}
	}
	return nil
}

// open finds a chat the bot is in.
func (s *Server) open(id string) (*chat, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, payload("chat_id")
	}
	switch c := s.chats[number]; {
	case c == nil:
		return nil, noChat
	case c.out:
		return nil, putOut
	default:
		return c, nil
	}
}

func (s *Server) add(c *chat, post Post) *Post {
	s.lastMID++
	post.MID, post.Chat, post.At = fmt.Sprintf("mid.%016x", s.lastMID), c.id, time.Now()
	c.posts = append(c.posts, &post)
	return &post
}

// Open makes a group with the bot as an administrator, if it is not there.
func (s *Server) Open(id int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chats[id] == nil {
		s.chats[id] = &chat{id: id, admin: true}
	}
}

// Admin says whether the bot is an administrator of the group: otherwise it may post and neither read nor pin.
func (s *Server) Admin(id int64, admin bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chats[id].admin = admin
}

// PutOut puts the bot out of a group, which is told to its webhooks if told is true.
func (s *Server) PutOut(id int64, told bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chats[id].out = true
	if told {
		s.tell("bot_removed", map[string]any{"chat_id": id, "user_id": 2, "is_channel": false, "user": map[string]any{"user_id": 2, "is_bot": false}})
	}
}

// TakeIn takes the bot into a group again, or for the first time.
func (s *Server) TakeIn(id int64) {
	s.Open(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chats[id].out = false
	s.tell("bot_added", map[string]any{"chat_id": id, "user_id": 2, "is_channel": false, "user": map[string]any{"user_id": 2, "is_bot": false}})
}

// Say lets a resident write in a group, or pin (as somebody else's pin) what they write.
func (s *Server) Say(id int64, text string, pin bool) (mid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[id]
	post := s.add(c, Post{Text: text})
	if pin {
		c.pinned = post
	}
	s.tell("message_created", map[string]any{"message": post.wire()})
	return post.MID
}

// Posts gives what the bot posted in a group, the oldest first.
func (s *Server) Posts(id int64) (posts []Post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[id]
	if c == nil {
		return nil
	}
	for _, p := range c.posts {
		if p.Bot {
			post := *p
			post.Pinned = c.pinned == p
			posts = append(posts, post)
		}
	}
	return posts
}

// Groups lists the groups, in no order.
func (s *Server) Groups() (ids []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.chats {
		ids = append(ids, id)
	}
	return ids
}

// Pins tells what is pinned in a group (empty: nothing), and how often something was pinned there through the API.
func (s *Server) Pins(id int64) (mid string, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.chats[id]
	if c.pinned != nil {
		mid = c.pinned.MID
	}
	return mid, c.pins
}
