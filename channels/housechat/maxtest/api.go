package maxtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// oops is an error as MAX answers it.
type oops struct {
	status        int
	code, message string
}

// Error tells the status and the code.
func (o oops) Error() string { return fmt.Sprintf("%d %s", o.status, o.code) }

var (
	badToken  = oops{http.StatusUnauthorized, "verify.token", "Invalid access_token"}
	noMethod  = oops{http.StatusMethodNotAllowed, "method.not.allowed", "no such method"}
	noPath    = oops{http.StatusNotFound, "not.found", "no such path"}
	noChat    = oops{http.StatusNotFound, "chat.not.found", "no such chat"}
	putOut    = oops{http.StatusForbidden, "chat.denied", "Key: error.chat.denied, args: [1]."}
	notAdmin  = oops{http.StatusForbidden, "chat.denied", "the bot is not an administrator"}
	tooMany   = oops{http.StatusTooManyRequests, "too.many.requests", "slow down"}
	noMessage = oops{http.StatusNotFound, "message.not.found", "no such message"}
)

func payload(format string, args ...any) oops {
	return oops{http.StatusBadRequest, "proto.payload", fmt.Sprintf(format, args...)}
}

func (s *Server) refuse(w http.ResponseWriter, problem oops) {
	s.mu.Lock()
	s.refused[problem.code]++
	s.mu.Unlock()
	write(w, problem.status, map[string]string{"code": problem.code, "message": problem.message})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

var (
	success = map[string]any{"success": true}
	pinPath = regexp.MustCompile(`^/chats/(-?[0-9]+)/pin$`)
)

// answer does what a request asks for.
func (s *Server) answer(r *http.Request, body []byte) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	query := r.URL.Query()
	switch {
	case r.Header.Get("Authorization") != s.options.Token, query.Has("access_token"):
		return nil, badToken
	case !s.spent.allow(s.options.PerSecond):
		return nil, tooMany
	case len(body) > 0 && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		return nil, oops{http.StatusUnsupportedMediaType, "proto.payload", "JSON only"}
	}
	if found := pinPath.FindStringSubmatch(r.URL.Path); found != nil {
		return s.pins(r.Method, found[1], body)
	}
	switch r.URL.Path {
	case "/messages":
		switch r.Method {
		case http.MethodPost:
			return s.send(query, body)
		case http.MethodGet:
			return s.list(query)
		}
		return nil, noMethod
	case "/me":
		if r.Method != http.MethodGet {
			return nil, noMethod
		}
		return map[string]any{"user_id": 1, "first_name": "Дом", "is_bot": true}, nil
	case "/uploads":
		return s.place(r.Method, query)
	case "/updates":
		return s.poll(r, query)
	case "/subscriptions":
		return s.subscriptions(r.Method, query, body)
	}
	return nil, noPath
}

// only checks that a query has no other fields.
func only(query url.Values, names ...string) error {
	for name := range query {
		if !slices.Contains(names, name) {
			return payload("unknown parameter %s", name)
		}
	}
	return nil
}

// decode reads a body that has no other fields than into.
func decode(body []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil || d.More() {
		return payload("body: %v", err)
	}
	return nil
}

// newMessage is NewMessageBody of the schema. Its three first fields are required, if only as null.
type newMessage struct {
	Text        *string          `json:"text"`
	Attachments *json.RawMessage `json:"attachments"`
	Link        *link            `json:"link"`
	Notify      *bool            `json:"notify"`
	Format      *string          `json:"format"`
}

type link struct {
	Type string `json:"type"`
	MID  string `json:"mid"`
}

type attachment struct {
	Type    string `json:"type"`
	Payload struct {
		Buttons [][]Button       `json:"buttons"`
		Photos  map[string]token `json:"photos"`
	} `json:"payload"`
}

type token struct {
	Token string `json:"token"`
}

func (s *Server) send(query url.Values, body []byte) (any, error) {
	if err := only(query, "chat_id", "disable_link_preview"); err != nil {
		return nil, err
	}
	c, err := s.open(query.Get("chat_id"))
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(body, &fields)
	for _, name := range []string{"text", "attachments", "link"} {
		if _, there := fields[name]; !there {
			return nil, payload("%s is missing", name)
		}
	}
	var m newMessage
	if err := decode(body, &m); err != nil {
		return nil, err
	}
	post := Post{Chat: c.id, Bot: true}
	if m.Text == nil || *m.Text == "" || utf8.RuneCountInString(*m.Text) > 4000 {
		return nil, payload("text: 1 to 4000 characters")
	}
	if post.Text = *m.Text; m.Link != nil {
		if m.Link.Type != "reply" || c.find(m.Link.MID) == nil {
			return nil, payload("link: no such message")
		}
		post.Answers = m.Link.MID
	}
	if err := s.attach(&post, fields["attachments"]); err != nil {
		return nil, err
	}
	if !c.spent.allow(s.options.PerChat) {
		return nil, tooMany
	}
	return map[string]any{"message": s.add(c, post).wire()}, nil
}

// attach reads the attachments that are understood: a keyboard of links, and photos.
func (s *Server) attach(post *Post, raw json.RawMessage) error {
	var list []attachment
	if err := decode(raw, &list); err != nil {
		return err
	}
	for _, a := range list {
		var err error
		if a.Type == "image" {
			err = s.show(post, a.Payload.Photos)
		} else {
			err = press(post, a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// press gives a post its buttons.
func press(post *Post, a attachment) error {
	if a.Type != "inline_keyboard" || len(a.Payload.Buttons) == 0 || len(a.Payload.Buttons) > 30 {
		return payload("attachments")
	}
	for _, row := range a.Payload.Buttons {
		if len(row) == 0 || len(row) > 3 {
			return payload("1 to 3 links in a row")
		}
		for _, b := range row {
			if b.Type != "link" || b.Text == "" || utf8.RuneCountInString(b.Text) > 128 || b.URL == "" || len(b.URL) > 2048 {
				return payload("button")
			}
			post.Buttons = append(post.Buttons, b)
		}
	}
	return nil
}

func (s *Server) list(query url.Values) (any, error) {
	if err := only(query, "chat_id", "count", "from", "to"); err != nil {
		return nil, err
	}
	c, err := s.open(query.Get("chat_id"))
	if err != nil {
		return nil, err
	}
	if !c.admin {
		return nil, notAdmin
	}
	count := 50
	if asked := query.Get("count"); asked != "" {
		if count, err = strconv.Atoi(asked); err != nil || count < 1 || count > 100 {
			return nil, payload("count: 1 to 100")
		}
	}
	messages := []any{}
	for i := len(c.posts) - 1; i >= 0 && len(messages) < count; i-- {
		messages = append(messages, c.posts[i].wire())
	}
	return map[string]any{"messages": messages}, nil
}

func (s *Server) pins(method, id string, body []byte) (any, error) {
	c, err := s.open(id)
	switch {
	case err != nil:
		return nil, err
	case !c.admin:
		return nil, notAdmin
	}
	switch method {
	case http.MethodGet:
		if c.pinned == nil {
			return map[string]any{"message": nil}, nil
		}
		return map[string]any{"message": c.pinned.wire()}, nil
	case http.MethodPut:
		var ask struct {
			MessageID string `json:"message_id"`
			Notify    *bool  `json:"notify"`
		}
		if err := decode(body, &ask); err != nil {
			return nil, err
		}
		post := c.find(ask.MessageID)
		if post == nil {
			return nil, noMessage
		}
		c.pinned, c.pins = post, c.pins+1
	case http.MethodDelete:
		c.pinned = nil
	default:
		return nil, noMethod
	}
	return success, nil
}

// wire is a message as the schema writes it.
func (p *Post) wire() map[string]any {
	return map[string]any{
		"recipient": map[string]any{"chat_id": p.Chat, "chat_type": "chat"},
		"timestamp": p.At.UnixMilli(),
		"body":      map[string]any{"mid": p.MID, "seq": p.At.UnixMicro(), "text": p.Text},
		"sender":    map[string]any{"user_id": 1, "first_name": "…", "is_bot": p.Bot, "last_activity_time": time.Now().UnixMilli()},
	}
}
