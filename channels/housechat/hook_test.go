package housechat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/channels/housechat/maxtest"
	"vestnik/engine"
)

const secret = "s3cret-of-the-door"

func ask(t testing.TB, door http.Handler, method, body string, header map[string]string) (int, string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, "/hooks/x", strings.NewReader(body))
	for name, value := range header {
		request.Header.Set(name, value)
	}
	answer := httptest.NewRecorder()
	door.ServeHTTP(answer, request)
	return answer.Code, answer.Body.String()
}

// TestMAXHook goes through a bot's life in a chat over the simulator's webhooks: taken in, joined by its code, put out, taken in again.
func TestMAXHook(t *testing.T) {
	w := newWorld(t)
	w.max = startMAX(t, maxtest.Options{PerSecond: -1, PerChat: -1, Again: 10 * time.Millisecond})
	door, err := NewMAXHook(HookConfig{Provider: provider, Chats: w.chats, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	var failures int
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mu.Lock()
		failures++
		broken := failures <= 2
		mu.Unlock()
		if broken { // the first deliveries fail, and MAX repeats them
			http.Error(rw, "down", http.StatusBadGateway)
			return
		}
		door.ServeHTTP(rw, r)
	}))
	defer server.Close()
	p := w.outage("c1", "outage-planned", "").Provider
	if err := w.channel.SubscribeMAX(t.Context(), p, server.URL, secret); err != nil {
		t.Fatal(err)
	}
	code := engine.NewChatCode()
	w.chats.put(engine.Chat{Place: placeOf(engine.NetworkMAX, 0), Houses: []string{houseA}, Code: code})
	const group = -777
	place := placeOf(engine.NetworkMAX, group)
	until := func(what string, fits func(engine.Chat) bool) {
		t.Helper()
		for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			for _, c := range w.chats.all() {
				if c.Place == place && fits(c) {
					return
				}
			}
			if time.Since(begin) > 20*time.Second {
				t.Fatalf("%s: the chats are %+v", what, w.chats.all())
			}
		}
	}
	w.max.TakeIn(group)
	w.max.Say(group, "Добрый вечер! Код чата: "+strings.ToUpper(code)+".", false)
	until("joined", func(c engine.Chat) bool { return isOpen(c) && c.Code == "" && len(c.Houses) == 1 })
	took(t, w.send(w.outage("c1", "outage-planned", ""), to("c1", 1, houseA, "Нет воды"))[0])
	w.max.PutOut(group, true)
	until("put out", func(c engine.Chat) bool { return c.Why == "bot_removed" })
	failed(t, w.send(w.outage("c2", "outage-planned", ""), to("c2", 1, houseA, "Нет воды"))[0], engine.Refused, "lost")
	w.max.TakeIn(group)
	until("taken in again", isOpen)
	took(t, w.send(w.outage("c2", "outage-planned", ""), to("c2", 1, houseA, "Нет воды"))[0])
	if err := w.channel.UnsubscribeMAX(t.Context(), p, server.URL); err != nil {
		t.Fatal(err)
	}
	if err := w.channel.SubscribeMAX(t.Context(), p, "http://vestnik.example/hook", secret); err == nil {
		t.Error("MAX takes events without https")
	}
}

// TestMAXHookRefuses: wrong secrets, methods and bodies; replays and disorder change nothing.
func TestMAXHookRefuses(t *testing.T) {
	chats := newRegistry(t)
	door, err := NewMAXHook(HookConfig{Provider: provider, Chats: chats, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	place := placeOf(engine.NetworkMAX, -5)
	chats.put(engine.Chat{Place: place, Joined: time.Now().Add(-time.Hour), Since: time.Now().Add(-time.Hour)})
	right := map[string]string{"X-Max-Bot-Api-Secret": secret}
	event := func(kind string, ago time.Duration) string {
		return fmt.Sprintf(`{"update_type":%q,"timestamp":%d,"chat_id":-5}`, kind, time.Now().Add(-ago).UnixMilli())
	}
	for _, test := range []struct {
		name, method, body string
		header             map[string]string
		status             int
		open               bool
	}{
		{"no secret", "POST", event("bot_removed", 0), nil, 403, true},
		{"wrong secret", "POST", event("bot_removed", 0), map[string]string{"X-Max-Bot-Api-Secret": secret + "x"}, 403, true},
		{"GET", "GET", "", right, 405, true},
		{"not JSON", "POST", "<xml>", right, 400, true},
		{"too long", "POST", strings.Repeat("[", mostUpdate+1), right, 413, true},
		{"something else", "POST", `{"update_type":"message_edited","timestamp":1}`, right, 200, true},
		{"another's chat", "POST", `{"update_type":"bot_removed","timestamp":1,"chat_id":-6}`, right, 200, true},
		{"what happened before the chat was joined", "POST", event("bot_removed", 2*time.Hour), right, 200, true},
		{"put out", "POST", event("bot_removed", 30*time.Minute), right, 200, false},
		{"a late bot_added", "POST", event("bot_added", 40*time.Minute), right, 200, false},
		{"a replay", "POST", event("bot_removed", 30*time.Minute), right, 200, false},
		{"taken in", "POST", event("bot_added", 20*time.Minute), right, 200, true},
		{"a replay of putting out", "POST", event("bot_removed", 30*time.Minute), right, 200, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if status, _ := ask(t, door, test.method, test.body, test.header); status != test.status {
				t.Errorf("answered %d, want %d", status, test.status)
			}
			if open := isOpen(chats.all()[0]); open != test.open {
				t.Errorf("the chat is open: %t", open)
			}
		})
	}
	if _, err := NewMAXHook(HookConfig{Provider: provider, Chats: chats, Secret: "no"}); err == nil {
		t.Error("a short secret passed")
	}
}

// TestCodes: a code works once, in its own network, for its own provider, in a group and not from a bot.
func TestCodes(t *testing.T) {
	chats, code := newRegistry(t), engine.NewChatCode()
	chats.put(engine.Chat{Place: placeOf(engine.NetworkMAX, 0), Houses: []string{houseA}, Code: code})
	said := func(who engine.ProviderID, chat int, kind string, bot bool) {
		door, err := NewMAXHook(HookConfig{Provider: who, Chats: chats, Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		body := fmt.Sprintf(`{"update_type":"message_created","timestamp":%d,"message":{"recipient":{"chat_id":%d,"chat_type":%q},"body":{"text":"код %s"},"sender":{"is_bot":%t}}}`,
			time.Now().UnixMilli(), chat, kind, code, bot)
		if status, _ := ask(t, door, "POST", body, map[string]string{"X-Max-Bot-Api-Secret": secret}); status != 200 {
			t.Errorf("answered %d", status)
		}
	}
	said("uk2", -1, "chat", false)
	said(provider, 2, "dialog", false)
	said(provider, -3, "chat", true)
	if isOpen(chats.all()[0]) {
		t.Fatal("a code worked that should not")
	}
	said(provider, -4, "chat", false)
	said(provider, -5, "chat", false)
	if all := chats.all(); len(all) != 1 || all[0].Place.ID != -4 || !isOpen(all[0]) {
		t.Errorf("the chats are %+v", all)
	}
	for text, want := range map[string]int{"": 0, "dom-abcdefghijk": 0, "x " + code + ", " + strings.ToUpper(code) + " y": 2, code + "x": 0, "кодdom-": 0, strings.Repeat(code+" ", 9): 3} {
		if got := len(codesIn(text)); got != want {
			t.Errorf("%q has %d codes, want %d", text, got, want)
		}
	}
}

// TestVKHook does the same with VK's events.
func TestVKHook(t *testing.T) {
	chats, code := newRegistry(t), engine.NewChatCode()
	chats.put(engine.Chat{Place: placeOf(engine.NetworkVK, 0), Houses: []string{houseA}, Code: code})
	door, err := NewVKHook(HookConfig{Provider: provider, Chats: chats, Secret: secret, GroupID: 42, Confirmation: "c0nf1rm"})
	if err != nil {
		t.Fatal(err)
	}
	event := func(kind, secret string, group int, message any) string {
		encoded, _ := json.Marshal(map[string]any{"type": kind, "group_id": group, "event_id": "e", "v": vkVersion, "secret": secret, "object": map[string]any{"message": message}})
		return string(encoded)
	}
	said := func(text string, peer int64) string {
		return event("message_new", secret, 42, map[string]any{"peer_id": peer, "from_id": 7, "text": text, "date": time.Now().Unix()})
	}
	action := func(kind string, member int) string {
		return event("message_new", secret, 42, map[string]any{"peer_id": vkChats + 3, "from_id": 7, "action": map[string]any{"type": kind, "member_id": member}})
	}
	for _, test := range []struct {
		name, body string
		status     int
		answer     string
		open       bool
	}{
		{"confirmation", event("confirmation", secret, 42, nil), 200, "c0nf1rm", false},
		{"wrong secret", event("confirmation", "x", 42, nil), 403, "wrong secret\n", false},
		{"another community", event("confirmation", secret, 43, nil), 403, "wrong secret\n", false},
		{"not JSON", "x", 400, "this is no event\n", false},
		{"in a dialog", said(code, 7), 200, "ok", false},
		{"joined", said("вот: "+code, vkChats+3), 200, "ok", true},
		{"somebody else put out", action("chat_kick_user", 7), 200, "ok", true},
		{"put out", action("chat_kick_user", -42), 200, "ok", false},
		{"taken in", action("chat_invite_user", -42), 200, "ok", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if status, answer := ask(t, door, "POST", test.body, nil); status != test.status || answer != test.answer {
				t.Errorf("answered %d %q", status, answer)
			}
			if c := chats.all()[0]; isOpen(c) != test.open {
				t.Errorf("the chat is %+v", c)
			}
		})
	}
}

// TestHookWhileDown: with the registry down the networks are asked to repeat.
func TestHookWhileDown(t *testing.T) {
	door, err := NewMAXHook(HookConfig{Provider: provider, Chats: &brokenRegistry{registry: newRegistry(t), part: "find"}, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := ask(t, door, "POST", `{"update_type":"bot_removed","chat_id":-5}`, map[string]string{"X-Max-Bot-Api-Secret": secret}); status != 503 {
		t.Errorf("answered %d", status)
	}
}

// TestManyEvents: ten thousand events at once are all worked on.
func TestManyEvents(t *testing.T) {
	chats := newRegistry(t)
	const n = 10_000
	door, err := NewMAXHook(HookConfig{Provider: provider, Chats: chats, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	chats.put(engine.Chat{Place: placeOf(engine.NetworkMAX, -5), Joined: time.Now().Add(-time.Hour)})
	var posting sync.WaitGroup
	for range 64 {
		posting.Go(func() {
			for range n / 64 {
				body := fmt.Sprintf(`{"update_type":"bot_removed","timestamp":%d,"chat_id":-5}`, time.Now().UnixMilli())
				if status, _ := ask(t, door, "POST", body, map[string]string{"X-Max-Bot-Api-Secret": secret}); status != 200 {
					t.Errorf("answered %d", status)
				}
			}
		})
	}
	posting.Wait()
	if isOpen(chats.all()[0]) {
		t.Error("the chat is open")
	}
}

// FuzzHooks: no body makes a door panic or answer what it must not.
func FuzzHooks(f *testing.F) {
	f.Add([]byte(`{"update_type":"message_created","message":{"recipient":{"chat_id":-1},"body":{"text":"dom-abcdefghijkl"}}}`))
	f.Add([]byte(`{"type":"message_new","group_id":42,"secret":"s3cret-of-the-door","object":{"message":{"peer_id":2000000001,"action":{"type":"x"}}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		cfg := HookConfig{Provider: provider, Chats: newRegistry(t), Secret: secret, GroupID: 42, Confirmation: "c"}
		max, _ := NewMAXHook(cfg)
		vk, _ := NewVKHook(cfg)
		for _, door := range []http.Handler{max, vk} {
			request := httptest.NewRequestWithContext(t.Context(), "POST", "/", bytes.NewReader(body))
			request.Header.Set("X-Max-Bot-Api-Secret", secret)
			answer := httptest.NewRecorder()
			if door.ServeHTTP(answer, request); answer.Code >= 500 {
				t.Errorf("answered %d", answer.Code)
			}
		}
	})
}

// TestSharedVKHook: one door of a community for its dialogs and its chats.
func TestSharedVKHook(t *testing.T) {
	chats, code := newRegistry(t), engine.NewChatCode()
	chats.put(engine.Chat{Place: placeOf(engine.NetworkVK, 0), Houses: []string{houseA}, Code: code})
	var others []string
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		others = append(others, string(body))
		_, _ = io.WriteString(w, "theirs")
	})
	door, err := NewVKHook(HookConfig{Provider: provider, Chats: chats, Secret: secret, GroupID: 42, Next: next})
	if err != nil {
		t.Fatal(err)
	}
	said := func(peer int64, secret string) string {
		return fmt.Sprintf(`{"type":"message_new","group_id":42,"secret":%q,"object":{"message":{"peer_id":%d,"from_id":7,"text":%q}}}`, secret, peer, code)
	}
	for _, body := range []string{`{"type":"confirmation","group_id":42}`, said(7, secret), "junk"} {
		if status, answer := ask(t, door, "POST", body, nil); status != 200 || answer != "theirs" || others[len(others)-1] != body {
			t.Errorf("%s: answered %d %q", body, status, answer)
		}
	}
	if status, _ := ask(t, door, "POST", said(vkChats+3, "guess"), nil); status != 403 || isOpen(chats.all()[0]) {
		t.Errorf("a wrong secret is answered %d", status)
	}
	if status, answer := ask(t, door, "POST", said(vkChats+3, secret), nil); status != 200 || answer != "ok" || !isOpen(chats.all()[0]) || len(others) != 3 {
		t.Errorf("joined: %d %q", status, answer)
	}
}
