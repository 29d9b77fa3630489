package vk

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/SevereCloud/vksdk/v2/api"

	"vestnik/engine"
)

func TestRules(t *testing.T) {
	for code, want := range map[int]engine.Reason{
		1: engine.Unavailable, 10: engine.Unavailable, 6: engine.Throttled, 9: engine.Throttled, 29: engine.Throttled, 14: engine.Throttled,
		5: engine.Misconfigured, 15: engine.Misconfigured, 27: engine.Misconfigured, 912: engine.Misconfigured, 914: engine.BadMessage,
		911: engine.BadMessage, 100: engine.BadAddress, 113: engine.BadAddress, 18: engine.BadAddress, 900: engine.Refused, 901: engine.Refused,
		902: engine.Refused, 999: engine.Unknown,
	} {
		if got := refusal(code); got.Reason != want || got.Whole != (want == engine.Misconfigured) || (got.RetryAfter > 0) != (want == engine.Throttled) {
			t.Errorf("%d is %+v", code, got)
		}
	}
	seen := map[int]bool{}
	for _, r := range rules {
		if seen[r.code] || r.means == "" || !r.reason.Known() || r.reason.Suppression() {
			t.Errorf("rule %+v", r)
		}
		seen[r.code] = true
	}
}

func TestMatch(t *testing.T) {
	send := func(code int) api.ExecuteError { return api.ExecuteError{Method: "messages.send", Code: code} }
	all := func(code int) api.ExecuteError { return api.ExecuteError{Method: "execute", Code: code} }
	for _, test := range []struct {
		name, reply string
		failed      api.ExecuteErrors
		calls       int
		want        string // of each call: its id, or the code of its fault
	}{
		{"all taken", `[[{"peer_id":5,"message_id":7,"conversation_message_id":1}],[{"peer_id":6,"message_id":8}]]`, nil, 2, "7 8"},
		{"an error of the peer, as the schema has it", `[[{"peer_id":5,"error":{"code":901,"description":"x"}}]]`, nil, 1, "VK 901"},
		{"an error of the peer, as errors usually are", `[[{"peer_id":5,"message_id":0,"error":{"error_code":902,"error_msg":"x"}}]]`, nil, 1, "VK 902"},
		{"errors of calls, in order", `[false,[{"message_id":8}],false]`, api.ExecuteErrors{send(901), send(914), all(914)}, 3, "VK 901 8 VK 914"},
		{"without the one of execute", `[false,9]`, api.ExecuteErrors{send(9)}, 2, "VK 9 9"},
		{"fewer errors than failures", `[false,false,3]`, api.ExecuteErrors{send(901), all(901)}, 3, "VK 901 VK 901 3"},
		{"errors of which nobody knows whose", `[false,false,false]`, api.ExecuteErrors{send(901), send(10), all(10)}, 3, "unknown unknown unknown"},
		{"no error at all", `[false,null,4]`, nil, 3, "unknown unknown 4"},
		{"an answer of another form", `[{"a":1},"x",[]]`, nil, 3, "unknown unknown unknown"},
		{"another number of answers", `[1]`, nil, 2, "unknown"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var reply []json.RawMessage
			if err := json.Unmarshal([]byte(test.reply), &reply); err != nil {
				t.Fatal(err)
			}
			var got []string
			say := func(id string, fault *engine.Fault) {
				switch {
				case fault == nil:
					got = append(got, id)
				case fault.Code != "":
					got = append(got, fault.Code)
				default:
					got = append(got, string(fault.Reason))
				}
			}
			items, fault := match(reply, test.failed, test.calls)
			if fault != nil {
				say("", fault)
			}
			for _, i := range items {
				say(i.sent())
			}
			if got := strings.Join(got, " "); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestCulprit has an API that refuses whole programs for one message in them: that message alone fails.
func TestCulprit(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		w.Header().Set("Content-Type", "application/json")
		code := r.FormValue("code")
		if strings.Contains(code, "яд") {
			_, _ = w.Write([]byte(`{"error":{"error_code":12,"error_msg":"Unable to compile code","request_params":[]}}`))
			return
		}
		n := strings.Count(code, "API.")
		_, _ = w.Write([]byte(`{"response":[` + strings.TrimSuffix(strings.Repeat("1,", n), ",") + `]}`))
	}))
	defer server.Close()
	msgs := letters(25)
	msgs[13].Content.Text = "яд"
	from := engine.Sender{Provider: engine.Provider{Settings: map[string]string{SettingGroup: "1", SettingToken: "t", SettingURL: server.URL}}}
	results := open(t, Config{Requests: -1}).Send(t.Context(), from, msgs)
	want(t, results[:13], engine.NoReason, "")
	want(t, results[13:14], engine.BadMessage, "VK 12")
	want(t, results[14:], engine.NoReason, "")
	if requests > 11 {
		t.Errorf("it took %d requests to find it", requests)
	}
}
