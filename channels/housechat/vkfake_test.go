package housechat

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// vkFake speaks the few methods of VK that house chats need, as strictly as VK: method names, token, version, parameters, random_id.
type vkFake struct {
	t       *testing.T
	address string
	server  *httptest.Server

	mu     sync.Mutex
	chats  map[int64]*vkChat
	errors []int // answered to the next calls of messages.send, one each; 0: nothing is wrong
	cut    int   // so many answers of messages.send are lost after the message was taken
	hang   bool
	done   chan struct{}
	peer   bool // errors come by peer, not for the request
	pinErr int
}

type vkChat struct {
	posts  []vkPost
	pinned int64
	fault  int // what every messages.send is answered
}

type vkPost struct {
	id, random int64
	text       string
	answers    int64
	keyboard   string
	at         time.Time
}

const vkToken = "vk1.a.token"

func startVK(t *testing.T) *vkFake {
	f := &vkFake{t: t, chats: map[int64]*vkChat{}, done: make(chan struct{})}
	f.start("127.0.0.1:0")
	t.Cleanup(func() { close(f.done); f.server.CloseClientConnections(); f.server.Close() })
	return f
}

func (f *vkFake) start(address string) {
	listener, err := new(net.ListenConfig).Listen(f.t.Context(), "tcp", address)
	for begin := time.Now(); err != nil && time.Since(begin) < 5*time.Second; time.Sleep(10 * time.Millisecond) {
		listener, err = new(net.ListenConfig).Listen(f.t.Context(), "tcp", address)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	f.address = listener.Addr().String()
	f.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(f.serve), ErrorLog: log.New(io.Discard, "", 0)}}
	f.server.Start()
}

func (f *vkFake) url() string { return "http://" + f.address }

// open makes a chat.
func (f *vkFake) open(id int64) *vkChat {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.chats[id] == nil {
		f.chats[id] = &vkChat{}
	}
	return f.chats[id]
}

// set changes the fake under its lock.
func (f *vkFake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *vkFake) posts(id int64) []vkPost {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.chats[id] == nil {
		return nil
	}
	return slices.Clone(f.chats[id].posts)
}

func (f *vkFake) pin(id int64) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.chats[id].pinned
}

func (f *vkFake) serve(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	f.mu.Lock()
	hang := f.hang
	f.mu.Unlock()
	if hang {
		select {
		case <-r.Context().Done():
		case <-f.done:
		}
		panic(http.ErrAbortHandler)
	}
	response, code, cut := f.answer(r)
	if cut {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if code != 0 {
		_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"error_code": code, "error_msg": "Иванов Пётр не пускает", "request_params": []any{}}})
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"response": response})
}

func (f *vkFake) answer(r *http.Request) (response any, code int, cut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	form := r.PostForm
	switch {
	case r.Method != http.MethodPost || form.Get("v") != vkVersion:
		return nil, 8, false
	case r.Header.Get("Authorization") != "Bearer "+vkToken:
		return nil, 5, false
	}
	peer := form.Get("peer_id") + form.Get("peer_ids")
	id, err := strconv.ParseInt(peer, 10, 64)
	c := f.chats[id]
	if err != nil || c == nil {
		return nil, 927, false
	}
	switch r.URL.Path {
	case "/method/messages.send":
		return f.send(c, id, form)
	case "/method/messages.pin":
		n, _ := strconv.ParseInt(form.Get("conversation_message_id"), 10, 64)
		if f.pinErr != 0 {
			return nil, f.pinErr, false
		}
		if !slices.ContainsFunc(c.posts, func(p vkPost) bool { return p.id == n }) {
			return nil, 100, false
		}
		c.pinned = n
		return map[string]any{"conversation_message_id": n}, 0, false
	case "/method/messages.unpin":
		c.pinned = 0
		return 1, 0, false
	case "/method/messages.getConversationsById":
		settings := map[string]any{}
		if c.pinned != 0 {
			settings["pinned_message"] = map[string]any{"conversation_message_id": c.pinned}
		}
		return map[string]any{"count": 1, "items": []any{map[string]any{"chat_settings": settings}}}, 0, false
	case "/method/messages.getHistory":
		items := []any{}
		for _, p := range c.posts {
			items = append(items, map[string]any{"id": 0, "conversation_message_id": p.id, "random_id": p.random, "text": p.text})
		}
		return map[string]any{"count": len(items), "items": items}, 0, false
	}
	return nil, 3, false
}

func (f *vkFake) send(c *vkChat, id int64, form url.Values) (any, int, bool) {
	code := c.fault
	if len(f.errors) > 0 {
		code, f.errors = f.errors[0], f.errors[1:]
	}
	if code != 0 && !f.peer {
		return nil, code, false
	}
	if code != 0 {
		return []any{map[string]any{"peer_id": id, "error": map[string]any{"code": code, "description": "нет"}}}, 0, false
	}
	random, err := strconv.ParseInt(form.Get("random_id"), 10, 32)
	if err != nil || random <= 0 || form.Get("message") == "" || form.Get("dont_parse_links") != "1" {
		return nil, 100, false
	}
	post := vkPost{id: int64(len(c.posts) + 1), random: random, text: form.Get("message"), keyboard: form.Get("keyboard"), at: time.Now()}
	if forward := form.Get("forward"); forward != "" {
		var to struct {
			PeerID int64   `json:"peer_id"`
			IDs    []int64 `json:"conversation_message_ids"`
			Reply  bool    `json:"is_reply"`
		}
		if json.Unmarshal([]byte(forward), &to) != nil || !to.Reply || to.PeerID != id || len(to.IDs) != 1 {
			return nil, 100, false
		}
		post.answers = to.IDs[0]
	}
	cut := f.cut > 0
	if cut {
		f.cut--
	}
	if i := slices.IndexFunc(c.posts, func(p vkPost) bool { return p.random == random }); i >= 0 {
		post = c.posts[i]
	} else {
		c.posts = append(c.posts, post)
	}
	return []any{map[string]any{"peer_id": id, "message_id": 0, "conversation_message_id": post.id}}, 0, cut
}

func (f *vkFake) String() string { return fmt.Sprintf("VK at %s", f.address) }

// answers reports whether somebody listens.
func (f *vkFake) answers() bool {
	connection, err := net.DialTimeout("tcp", f.address, time.Second)
	if err == nil {
		_ = connection.Close()
	}
	return err == nil
}
