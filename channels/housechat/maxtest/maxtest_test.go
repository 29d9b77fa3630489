package maxtest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, options Options) *Server {
	t.Helper()
	s, err := Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return s
}

func call(t *testing.T, s *Server, method, path, token, body string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil
	}
	defer response.Body.Close()
	encoded, _ := io.ReadAll(response.Body)
	var answer map[string]any
	_ = json.Unmarshal(encoded, &answer)
	return response.StatusCode, answer
}

const fine = `{"text":"Нет воды","attachments":null,"link":null}`

// TestStrict: whatever the real MAX would refuse is refused, by the code it has.
func TestStrict(t *testing.T) {
	s := start(t, Options{PerSecond: -1, PerChat: -1})
	s.Open(-1)
	s.Open(-2)
	s.PutOut(-2, false)
	for _, test := range []struct {
		name, method, path, token, body string
		status                          int
		code                            string
	}{
		{"fine", "POST", "/messages?chat_id=-1", s.Token(), fine, 200, ""},
		{"no preview", "POST", "/messages?chat_id=-1&disable_link_preview=true", s.Token(), fine, 200, ""},
		{"no token", "POST", "/messages?chat_id=-1", "", fine, 401, "verify.token"},
		{"Bearer", "POST", "/messages?chat_id=-1", "Bearer " + s.Token(), fine, 401, "verify.token"},
		{"token in the query", "POST", "/messages?chat_id=-1&access_token=x", s.Token(), fine, 401, "verify.token"},
		{"no such path", "GET", "/chats", s.Token(), "", 404, "not.found"},
		{"no such method", "PUT", "/messages?chat_id=-1", s.Token(), fine, 405, "method.not.allowed"},
		{"no such chat", "POST", "/messages?chat_id=-9", s.Token(), fine, 404, "chat.not.found"},
		{"put out", "POST", "/messages?chat_id=-2", s.Token(), fine, 403, "chat.denied"},
		{"no number", "POST", "/messages?chat_id=x", s.Token(), fine, 400, "proto.payload"},
		{"unknown parameter", "POST", "/messages?chat_id=-1&x=1", s.Token(), fine, 400, "proto.payload"},
		{"unknown field", "POST", "/messages?chat_id=-1", s.Token(), `{"text":"x","attachments":null,"link":null,"x":1}`, 400, "proto.payload"},
		{"missing field", "POST", "/messages?chat_id=-1", s.Token(), `{"text":"x"}`, 400, "proto.payload"},
		{"too long", "POST", "/messages?chat_id=-1", s.Token(), `{"text":"` + strings.Repeat("ы", 4001) + `","attachments":null,"link":null}`, 400, "proto.payload"},
		{"answers nothing", "POST", "/messages?chat_id=-1", s.Token(), `{"text":"x","attachments":null,"link":{"type":"reply","mid":"no"}}`, 400, "proto.payload"},
		{"pin of nothing", "PUT", "/chats/-1/pin", s.Token(), `{"message_id":"no"}`, 404, "message.not.found"},
		{"too many listed", "GET", "/messages?chat_id=-1&count=101", s.Token(), "", 400, "proto.payload"},
		{"events without https", "POST", "/subscriptions", s.Token(), `{"url":"http://x.ru/","secret":"abcde"}`, 400, "proto.payload"},
		{"a short secret", "POST", "/subscriptions", s.Token(), `{"url":"https://x.ru/","secret":"abc"}`, 400, "proto.payload"},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, answer := call(t, s, test.method, test.path, test.token, test.body)
			if code, _ := answer["code"].(string); status != test.status || code != test.code {
				t.Errorf("answered %d %v", status, answer)
			}
		})
	}
}

// TestLimits: two messages a second to a chat, and no more than thirty requests.
func TestLimits(t *testing.T) {
	s := start(t, Options{})
	s.Open(-1)
	refused := 0
	for range 40 {
		if status, _ := call(t, s, "POST", "/messages?chat_id=-1", s.Token(), fine); status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 || s.Refused("too.many.requests") != refused {
		t.Errorf("%d refused, told %d", refused, s.Refused("too.many.requests"))
	}
}

// TestTroubles: what is lost, and what is only not told.
func TestTroubles(t *testing.T) {
	for trouble, want := range map[Trouble]struct{ status, posts int }{
		CutBefore: {0, 0}, CutAfter: {0, 1}, Internal: {500, 0}, Unavailable: {503, 0}, Throttling: {429, 0}, Gibberish: {200, 1}, Revoked: {401, 0}, Nothing: {200, 1},
	} {
		s := start(t, Options{PerSecond: -1, PerChat: -1})
		s.Open(-1)
		s.Misbehave(trouble, 1)
		status, _ := call(t, s, "POST", "/messages?chat_id=-1", s.Token(), fine)
		if status != want.status || len(s.Posts(-1)) != want.posts {
			t.Errorf("trouble %d: %d and %d posts, want %+v", trouble, status, len(s.Posts(-1)), want)
		}
	}
	s := start(t, Options{})
	s.Slow(50 * time.Millisecond)
	begin := time.Now()
	if call(t, s, "GET", "/subscriptions", s.Token(), ""); time.Since(begin) < 50*time.Millisecond {
		t.Error("it is not slow")
	}
}

// TestWebhook: events come with the secret, in order, and again until they are taken.
func TestWebhook(t *testing.T) {
	s := start(t, Options{Again: time.Millisecond})
	got := make(chan string, 10)
	tries := 0
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if tries++; tries < 4 || r.Header.Get("X-Max-Bot-Api-Secret") != "abcde" {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		var event struct {
			Type string `json:"update_type"`
		}
		_ = json.Unmarshal(body, &event)
		got <- event.Type
	}))
	defer door.Close()
	if status, _ := call(t, s, "POST", "/subscriptions", s.Token(), `{"url":"`+door.URL+`","secret":"abcde","update_types":["bot_added","bot_removed"]}`); status != 200 {
		t.Fatal(status)
	}
	s.TakeIn(-1)
	s.Say(-1, "нет такого события", false)
	s.PutOut(-1, true)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, want := range []string{"bot_added", "bot_removed"} {
		select {
		case kind := <-got:
			if kind != want {
				t.Errorf("got %s, want %s", kind, want)
			}
		case <-ctx.Done():
			t.Fatalf("%s never came", want)
		}
	}
}
