package vktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	t.Cleanup(func() { s.Close(); http.DefaultClient.CloseIdleConnections() })
	return s
}

// ask calls a method with the right token and version, unless form has others, and gives the answer as text without what was asked.
func ask(t *testing.T, s *Server, method string, form url.Values) string {
	t.Helper()
	for key, value := range map[string]string{"access_token": DefaultToken, "v": "5.199"} {
		if !form.Has(key) {
			form.Set(key, value)
		}
	}
	answer, err := http.PostForm(s.URL()+"/method/"+method, form)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var got struct {
		Response json.RawMessage `json:"response"`
		Failed   []callFail      `json:"execute_errors"`
		Error    *fail           `json:"error"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Error != nil {
		return fmt.Sprintf("error %d", got.Error.Code)
	}
	text := string(got.Response)
	for _, f := range got.Failed {
		text += fmt.Sprintf(" %s %d", f.Method, f.Code)
	}
	return text
}

func TestStrict(t *testing.T) {
	s := start(t, Options{Rate: -1})
	s.Refuse(6, 901)
	send := func(params string) string { return `API.messages.send({` + params + `})` }
	hello := send(`"peer_ids":5,"random_id":1,"message":"Привет"`)
	keyboard := func(buttons string) string {
		return `return [` + send(`"peer_ids":5,"random_id":3,"message":"x","keyboard":"{\"inline\":true,\"buttons\":[`+strings.ReplaceAll(buttons, `"`, `\"`)+`]}"`) + `];`
	}
	link := `[{"action":{"type":"open_link","link":"https://a.example","label":"a"}}]`
	for _, test := range []struct{ name, method, code, want string }{
		{"a message", "execute", `return [` + hello + `];`, `[[{"peer_id":5,"message_id":1,"conversation_message_id":1}]]`},
		{"the same again", "execute", `return [` + hello + `];`, `[[{"peer_id":5,"message_id":1,"conversation_message_id":1}]]`},
		{"the same to somebody else", "execute", `return [` + strings.Replace(hello, "5", "7", 1) + `];`, `[[{"peer_id":7,"message_id":2,"conversation_message_id":1}]]`},
		{"without permission", "execute", `return [` + strings.Replace(hello, "5", "6", 1) + `];`,
			`[[{"peer_id":6,"error":{"code":901,"description":"Can't send messages for users without permission"}}]]`},
		{"a call that fails", "execute", `return [` + hello + `,` + send(`"peer_ids":5,"message":"x"`) + `];`,
			`[[{"peer_id":5,"message_id":1,"conversation_message_id":1}],false] messages.send 100 execute 100`},
		{"too long", "execute", `return [` + send(`"peer_ids":5,"random_id":2,"message":"`+strings.Repeat("ж", 4097)+`"`) + `];`, `[false] messages.send 914 execute 914`},
		{"an unknown parameter", "execute", `return [` + send(`"peer_ids":5,"random_id":2,"message":"x","massage":"y"`) + `];`, `[false] messages.send 100 execute 100`},
		{"a keyboard", "execute", keyboard(link), `[[{"peer_id":5,"message_id":3,"conversation_message_id":2}]]`},
		{"too many rows", "execute", keyboard(strings.Repeat(link+",", 6) + link), `[false] messages.send 911 execute 911`},
		{"26 calls", "execute", `return [` + strings.Repeat(hello+",", 25) + hello + `];`, "error 13"},
		{"no program", "execute", ``, "error 12"},
		{"another program", "execute", `return API.users.get({});`, "error 12"},
		{"more than a program", "execute", `return [` + hello + `];return 1;`, "error 12"},
		{"an escape VKScript may not know", "execute", strings.Replace(`return [`+hello+`];`, "П", `\u041f`, 1), "error 12"},
		{"an object that does not end", "execute", `return [API.messages.send({"a":1)];`, "error 12"},
		{"allowed", "execute", `return [API.messages.isMessagesFromGroupAllowed({"group_id":1,"user_id":5}),API.messages.isMessagesFromGroupAllowed({"group_id":1,"user_id":6})];`,
			`[{"is_allowed":1},{"is_allowed":0}]`},
		{"an unknown method", "messages.sing", "", "error 3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := ask(t, s, test.method, url.Values{"code": {test.code}}); got != test.want {
				t.Errorf("the answer is %s, want %s", got, test.want)
			}
		})
	}
	for _, form := range []url.Values{{"access_token": {"x"}}, {"access_token": {""}}} {
		if got := ask(t, s, "execute", form); got != "error 5" {
			t.Errorf("with another token the answer is %s", got)
		}
	}
	for _, version := range []string{"", "5", "5.80", "six"} {
		if got := ask(t, s, "execute", url.Values{"v": {version}}); got != "error 8" {
			t.Errorf("for version %q the answer is %s", version, got)
		}
	}
	if got := ask(t, s, "messages.send", url.Values{"peer_ids": {"5,6"}, "random_id": {"9"}, "message": {"10"}}); !strings.HasPrefix(got, `[{"peer_id":5,"message_id":4,`) {
		t.Errorf("without a program the answer is %s", got)
	}
	if s.Count() != 4 {
		t.Errorf("%d messages were taken", s.Count())
	}
}

func TestCrowded(t *testing.T) {
	s := start(t, Options{})
	now := time.Now()
	for i := range 100 {
		if got := s.crowded(now.Add(time.Duration(i) * 40 * time.Millisecond)); got != (i%25 >= 20) {
			t.Errorf("request %d: crowded is %v", i, got)
		}
	}
}

// TestDoorGivesUp brings an event to a door that never takes it.
func TestDoorGivesUp(t *testing.T) {
	counters := make(chan string, 10)
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var e event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil || e.Secret != "s" {
			t.Errorf("it brings %+v, %v", e, err)
		}
		if e.Type == "confirmation" {
			_, _ = w.Write([]byte("c1"))
			return
		}
		counters <- r.Header.Get("X-Retry-Counter")
		_, _ = w.Write([]byte("not ok"))
	}))
	defer door.Close()
	s := start(t, Options{Retry: time.Millisecond, Retries: 2})
	if err := s.Door(door.URL, "s", "c2"); err == nil {
		t.Error("another confirmation is taken")
	}
	if err := s.Door(door.URL, "s", "c1"); err != nil {
		t.Fatal(err)
	}
	s.Allow(5)
	for i := range 3 {
		if got := <-counters; got != fmt.Sprint(i) {
			t.Errorf("try %d says it is %s", i, got)
		}
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if taken, lost := s.Told(); taken == 0 && lost == 1 {
			return
		} else if time.Now().After(end) {
			t.Fatalf("%d were taken and %d lost", taken, lost)
		}
	}
}
