package vk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vestnik/channels/vk/vktest"
)

const (
	secret       = "сезам-откройся"
	confirmation = "a1b2c3d4"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// openDoor makes a door whose events go to take.
func openDoor(t testing.TB, take func(context.Context, []Event) error) http.Handler {
	t.Helper()
	door, err := NewHook(HookConfig{Group: 1, Secret: secret, Confirmation: confirmation, Take: take})
	if err != nil {
		t.Fatal(err)
	}
	return door
}

// eventually waits for something that happens by itself.
func eventually(t testing.TB, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !happened(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not happen")
		}
	}
}

// notes keeps what it is handed, each event by its EventID once.
type notes struct {
	mu     sync.Mutex
	events []Event
	known  map[string]bool
	twice  int
	calls  int
	fail   int // so many calls
}

func (n *notes) take(_ context.Context, events []Event) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls++
	if n.fail > 0 {
		n.fail--
		return errors.New("the store is down")
	}
	for _, e := range events {
		if n.known == nil {
			n.known = map[string]bool{}
		}
		if n.known[e.EventID] {
			n.twice++
			continue
		}
		n.known[e.EventID] = true
		n.events = append(n.events, e)
	}
	return nil
}

func (n *notes) list() []Event {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]Event(nil), n.events...)
}

// post brings a body to the door.
func post(door http.Handler, body string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	door.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/hooks/vk/p1", strings.NewReader(body)))
	return answer
}

func event(kind, object string) string {
	return fmt.Sprintf(`{"type":%q,"group_id":1,"event_id":"e1","v":"5.199","secret":%q,"object":%s}`, kind, secret, object)
}

func TestHookReadsEvents(t *testing.T) {
	text := func(text string) string {
		return event("message_new", `{"message":{"id":77,"date":1700000000,"from_id":5,"peer_id":5,"conversation_message_id":3,"text":"`+text+`",
			"attachments":"of a form nobody knows yet"},"client_info":[]}`)
	}
	at := time.Unix(1700000000, 0)
	for _, test := range []struct {
		name, body string
		want       Event // the zero Kind: nothing is taken
	}{
		{"read", event("message_read", `{"from_id":5,"peer_id":5,"read_message_id":42,"conversation_message_id":9}`), Event{Kind: Read, User: 5, MessageID: 42, InDialog: 9}},
		{"read by an operator", event("message_read", `{"from_id":-1,"peer_id":5,"read_message_id":42}`), Event{}},
		{"read in a chat", event("message_read", `{"from_id":5,"peer_id":2000000001,"read_message_id":42}`), Event{}},
		{"allow", event("message_allow", `{"user_id":5,"key":"account-17"}`), Event{Kind: Allow, User: 5}},
		{"deny", event("message_deny", `{"user_id":5}`), Event{Kind: Deny, User: 5}},
		{"press", event("message_event", `{"user_id":5,"peer_id":5,"event_id":"x","payload":{"a":1},"conversation_message_id":9}`), Event{Kind: Click, User: 5, InDialog: 9}},
		{"стоп", text("стоп"), Event{Kind: Stop, User: 5, MessageID: 77, InDialog: 3, At: at}},
		{"Стоп!", text("  Стоп! "), Event{Kind: Stop, User: 5, MessageID: 77, InDialog: 3, At: at}},
		{"STOP", text("STOP"), Event{Kind: Stop, User: 5, MessageID: 77, InDialog: 3, At: at}},
		{"отпишите меня", text("Отпишите меня."), Event{Kind: Stop, User: 5, MessageID: 77, InDialog: 3, At: at}},
		{"a word within a sentence", text("У нас стоп-кран потёк"), Event{}},
		{"another message", text("Когда дадут воду?"), Event{}},
		{"a type we have no use for", event("wall_post_new", `{"id":1}`), Event{}},
		{"a type without object", event("group_leave", `null`), Event{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var n notes
			if answer := post(openDoor(t, n.take), test.body); answer.Code != http.StatusOK || answer.Body.String() != "ok" {
				t.Fatalf("the answer is %d %q", answer.Code, answer.Body)
			}
			got := n.list()
			if test.want.Kind == "" {
				if len(got) != 0 {
					t.Fatalf("taken: %+v", got)
				}
				return
			}
			test.want.EventID = "e1"
			if len(got) != 1 {
				t.Fatalf("%d events were taken", len(got))
			}
			if test.want.At.IsZero() {
				test.want.At = got[0].At
			}
			if !got[0].At.Equal(test.want.At) || time.Since(got[0].At) < 0 {
				t.Errorf("it happened at %v", got[0].At)
			}
			if got[0].At = test.want.At; got[0] != test.want {
				t.Errorf("got %+v, want %+v", got[0], test.want)
			}
		})
	}
}

func TestHookKeepsOut(t *testing.T) {
	var n notes
	door := openDoor(t, n.take)
	for _, test := range []struct {
		name, body string
		code       int
		answer     string
	}{
		{"confirmation", `{"type":"confirmation","group_id":1,"secret":"` + secret + `"}`, http.StatusOK, confirmation},
		{"confirmation of another community", `{"type":"confirmation","group_id":2,"secret":"` + secret + `"}`, http.StatusForbidden, "Forbidden\n"},
		{"no secret", `{"type":"message_deny","group_id":1,"object":{"user_id":5}}`, http.StatusForbidden, "Forbidden\n"},
		{"a wrong secret", `{"type":"message_deny","group_id":1,"secret":"x","object":{"user_id":5}}`, http.StatusForbidden, "Forbidden\n"},
		{"another community", strings.Replace(event("message_deny", `{"user_id":5}`), `:1,`, `:2,`, 1), http.StatusForbidden, "Forbidden\n"},
		{"no JSON", `стоп`, http.StatusBadRequest, "Bad Request\n"},
		{"two objects", event("message_deny", `{"user_id":5}`) + "{}", http.StatusBadRequest, "Bad Request\n"},
		{"an object of another form", event("message_deny", `{"user_id":"five"}`), http.StatusBadRequest, "Bad Request\n"},
		{"too large", event("message_deny", `{"user_id":5,"x":"`+strings.Repeat("x", mostBody)+`"}`), http.StatusRequestEntityTooLarge, "Request Entity Too Large\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if answer := post(door, test.body); answer.Code != test.code || answer.Body.String() != test.answer {
				t.Errorf("the answer is %d %q", answer.Code, answer.Body)
			}
		})
	}
	answer := httptest.NewRecorder()
	door.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
	if answer.Code != http.StatusMethodNotAllowed {
		t.Errorf("a GET is answered %d", answer.Code)
	}
	if got := n.list(); len(got) != 0 {
		t.Errorf("taken: %+v", got)
	}
}

func TestHookNeedsSettings(t *testing.T) {
	take := (&notes{}).take
	for _, cfg := range []HookConfig{
		{Secret: "s", Take: take}, {Group: 1, Take: take}, {Group: 1, Secret: "s"}, {Group: 1, Secret: "s", Take: take, Confirmation: "%d"},
	} {
		if _, err := NewHook(cfg); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}

// TestHookRepeats has a receiver that fails twice: VK brings the event again, and nothing is lost.
func TestHookRepeats(t *testing.T) {
	n := notes{fail: 2}
	server, site := start(t, vktest.Options{Retry: time.Millisecond}), httptest.NewServer(openDoor(t, n.take))
	defer site.Close()
	if err := server.Door(site.URL, "wrong", confirmation); err == nil {
		t.Error("a door lets in a community with a wrong secret")
	}
	if err := server.Door(site.URL, secret, confirmation); err != nil {
		t.Fatal(err)
	}
	server.Deny(5)
	eventually(t, func() bool { told, _ := server.Told(); return told == 1 })
	if got := n.list(); len(got) != 1 || got[0].Kind != Deny || n.calls != 3 {
		t.Errorf("taken after %d calls: %+v", n.calls, got)
	}
}

// TestHookBurst has 10,000 callbacks at once, and a thousand of them again, before a receiver as slow as a store.
func TestHookBurst(t *testing.T) {
	const burst, again = 10_000, 1000
	var n notes
	site := httptest.NewServer(openDoor(t, func(ctx context.Context, events []Event) error {
		time.Sleep(time.Millisecond) // a store's round trip
		return n.take(ctx, events)
	}))
	defer site.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100, MaxConnsPerHost: 100}}
	defer client.CloseIdleConnections()
	var callers sync.WaitGroup
	for i := range burst + again {
		callers.Go(func() {
			body := fmt.Sprintf(`{"type":"message_read","group_id":1,"event_id":"e%d","secret":%q,"object":{"from_id":%d,"peer_id":%d,"read_message_id":1}}`,
				i%burst, secret, i%burst+1, i%burst+1)
			answer, err := client.Post(site.URL, "application/json", strings.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			if said, _ := io.ReadAll(answer.Body); string(said) != "ok" {
				t.Errorf("the answer is %d", answer.StatusCode)
			}
		})
	}
	callers.Wait()
	if got := len(n.list()); got != burst || n.twice != again {
		t.Errorf("%d events were taken and %d again", got, n.twice)
	}
	t.Logf("%d callbacks were taken in %d calls", burst+again, n.calls)
}

func FuzzHook(f *testing.F) {
	f.Add(event("message_read", `{"from_id":5,"peer_id":5,"read_message_id":42}`))
	f.Add(event("message_new", `{"message":{"id":77,"from_id":5,"text":"стоп"}}`))
	f.Add(event("confirmation", `null`))
	f.Add(`{"type":"message_deny","group_id":1e99}`)
	f.Fuzz(func(t *testing.T, body string) {
		var n notes
		answer := post(openDoor(t, n.take), body)
		got := n.list()
		switch answer.Code {
		case http.StatusOK, http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("the answer is %d", answer.Code)
		}
		if len(got) > 0 && !strings.Contains(body, "group_id") {
			t.Error("an event without a community was taken")
		}
		for _, e := range got {
			if e.User <= 0 || e.User >= firstChat || e.Kind == "" {
				t.Errorf("taken: %+v", e)
			}
		}
	})
}
