package vk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

// unpaced is a channel and a community without limits.
func unpaced(t testing.TB) (*Channel, *vktest.Server) {
	t.Helper()
	return open(t, Config{Requests: -1}), start(t, vktest.Options{Rate: -1})
}

// want checks that each result has the reason, or NoReason and an id.
func want(t *testing.T, results []engine.Result, reason engine.Reason, code string) {
	t.Helper()
	for i, r := range results {
		switch {
		case reason == engine.NoReason && (r.Fault != nil || r.ID == ""):
			t.Fatalf("message %d: id %q, %v", i, r.ID, r.Fault)
		case reason != engine.NoReason && (r.Fault == nil || r.Fault.Reason != reason || r.Fault.Code != code):
			t.Fatalf("message %d: %v, want %s (%s)", i, r.Fault, reason, code)
		}
	}
}

func TestSendSaysWhatItWasGiven(t *testing.T) {
	channel, server := unpaced(t)
	msg := letter(1)
	msg.Content.Text = "Счёт «№ 1»: \"1 234,56\" ₽ \\ API.messages.send({});\r\n];\u2028return 😀\x00\x07"
	result := channel.Send(t.Context(), sender(server), []engine.Message{msg})
	want(t, result, engine.NoReason, "")
	got := server.Messages()[0]
	if want := "Счёт «№ 1»: \"1 234,56\" ₽ \\ API.messages.send({});\n];\nreturn 😀"; got.Text != want {
		t.Errorf("the resident reads %q", got.Text)
	}
	if got.User != resident(1) || result[0].ID != fmt.Sprint(got.ID) || got.RandomID != int64(RandomID(msg.Key)) {
		t.Errorf("it was sent as %+v, and said to be %q", got, result[0].ID)
	}
	if b := got.Buttons; len(b) != 1 || b[0].Label != "Оплатить" || b[0].Link != msg.Content.Buttons[0].URL {
		t.Errorf("the buttons are %+v", b)
	}
}

func TestSendRefusesByItself(t *testing.T) {
	channel, server := unpaced(t)
	for _, test := range []struct {
		name   string
		change func(*engine.Message)
		reason engine.Reason
		code   string
	}{
		{"no user", func(m *engine.Message) { m.Recipient.VKID = 0 }, engine.BadAddress, ""},
		{"a community", func(m *engine.Message) { m.Recipient.VKID = -5 }, engine.BadAddress, ""},
		{"a chat", func(m *engine.Message) { m.Recipient.VKID = 2_000_000_001 }, engine.BadAddress, ""},
		{"no text", func(m *engine.Message) { m.Content.Text = " \x00\n" }, engine.BadMessage, ""},
		{"a long text", func(m *engine.Message) { m.Content.Text = strings.Repeat("ж", 4097) }, engine.BadMessage, "VK 914"},
		{"a long text of emoji", func(m *engine.Message) { m.Content.Text = strings.Repeat("😀", 2049) }, engine.BadMessage, "VK 914"},
		{"a text that just fits", func(m *engine.Message) { m.Content.Text = strings.Repeat("ж", 4096) }, engine.NoReason, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			msgs := letters(3)
			test.change(&msgs[1])
			results := channel.Send(t.Context(), sender(server), msgs)
			want(t, results[:1], engine.NoReason, "")
			want(t, results[1:2], test.reason, test.code)
			want(t, results[2:], engine.NoReason, "")
		})
	}
}

func TestSettings(t *testing.T) {
	channel, server := unpaced(t)
	for _, test := range []struct{ key, value string }{
		{SettingGroup, ""}, {SettingGroup, "заря"}, {SettingGroup, "-1"}, {SettingToken, ""}, {SettingToken, "a b"}, {SettingURL, "ftp://vk"}, {SettingURL, "://"},
	} {
		from := sender(server)
		from.Provider.Settings[test.key] = test.value
		result := channel.Send(t.Context(), from, letters(2))
		want(t, result, engine.Misconfigured, "")
		if f := result[0].Fault; !f.Whole || !strings.Contains(f.Error(), test.key) || test.value != "" && strings.Contains(f.Error(), test.value) {
			t.Errorf("%s %q: %v", test.key, test.value, f)
		}
	}
	if n := server.Requests(); n != 0 {
		t.Errorf("%d requests were made", n)
	}
	for _, url := range []string{"/", "/method", "/method/"} {
		from := sender(server)
		from.Provider.Settings[SettingURL] += url
		want(t, channel.Send(t.Context(), from, letters(1)), engine.NoReason, "")
	}
}

func TestLimits(t *testing.T) {
	var limited engine.Limited = open(t, Config{})
	if l := limited.Limits(); l.PerSecond != 500 {
		t.Errorf("the limits are %+v", l)
	}
	if _, err := New(Config{Timeout: -1}); err == nil {
		t.Error("a negative time is taken")
	}
}

// TestPrivacy sends to people who do not want it, among others who do.
func TestPrivacy(t *testing.T) {
	channel, server := unpaced(t)
	codes := map[int]struct {
		code   int
		reason engine.Reason
	}{3: {901, engine.Refused}, 4: {902, engine.Refused}, 20: {900, engine.Refused}, 30: {18, engine.BadAddress}}
	for i, c := range codes {
		server.Refuse(resident(i), c.code)
	}
	for i, r := range channel.Send(t.Context(), sender(server), letters(60)) {
		c := codes[i]
		code := ""
		if c.code != 0 {
			code = fmt.Sprintf("VK %d", c.code)
		}
		want(t, []engine.Result{r}, c.reason, code)
		if r.Fault != nil && r.Fault.Whole {
			t.Errorf("message %d speaks for the channel", i)
		}
	}
}

// TestAnswerLost loses answers after the messages were taken: sent again, they are not doubled and have their first ids.
func TestAnswerLost(t *testing.T) {
	channel, server := unpaced(t)
	msgs := letters(60)
	server.Misbehave(vktest.Trouble{Cut: vktest.CutAfter})
	want(t, channel.Send(t.Context(), sender(server), msgs[:25]), engine.Unavailable, "")
	server.Misbehave(vktest.Trouble{})
	taken := server.Count()
	if taken != 25 {
		t.Fatalf("%d messages were taken", taken)
	}
	results := channel.Send(t.Context(), sender(server), msgs)
	want(t, results, engine.NoReason, "")
	ids := map[int64]string{} // by user: packs travel side by side, so which ids come first is anybody's guess
	for _, m := range server.Messages() {
		ids[m.User] = fmt.Sprint(m.ID)
	}
	for i, r := range results {
		if r.ID == "" || r.ID != ids[resident(i)] {
			t.Errorf("message %d is %q, not %q", i, r.ID, ids[resident(i)])
		}
	}
	if server.Count() != len(msgs) {
		t.Errorf("%d messages were taken", server.Count())
	}
}

// TestTooSlow has VK take messages when nobody waits for its answer any more.
func TestTooSlow(t *testing.T) {
	server := start(t, vktest.Options{Rate: -1})
	server.Misbehave(vktest.Trouble{Delay: 300 * time.Millisecond})
	want(t, open(t, Config{Requests: -1, Timeout: 100 * time.Millisecond}).Send(t.Context(), sender(server), letters(25)), engine.Unavailable, "")
	eventually(t, func() bool { return server.Count() == 25 })
	server.Misbehave(vktest.Trouble{})
	want(t, open(t, Config{}).Send(t.Context(), sender(server), letters(25)), engine.NoReason, "")
	if server.Count() != 25 {
		t.Errorf("%d messages were taken", server.Count())
	}
}

// TestTroubles meets each trouble of the whole community once, and goes on when it is over.
func TestTroubles(t *testing.T) {
	for _, test := range []struct {
		name    string
		trouble vktest.Trouble
		reason  engine.Reason
		code    string
		whole   bool
		most    int // requests for 500 messages
	}{
		{"the token is revoked", vktest.Trouble{Code: 5}, engine.Misconfigured, "VK 5", true, 3},
		{"access denied", vktest.Trouble{Code: 15}, engine.Misconfigured, "VK 15", true, 3},
		{"community authorization", vktest.Trouble{Code: 27}, engine.Misconfigured, "VK 27", true, 3},
		{"internal error", vktest.Trouble{Code: 10}, engine.Unavailable, "VK 10", true, 3},
		{"unknown to us", vktest.Trouble{Code: 7777}, engine.Unknown, "VK 7777", false, 20},
		{"captcha", vktest.Trouble{Code: 14}, engine.Throttled, "VK 14", false, 3},
		{"flood", vktest.Trouble{Code: 9}, engine.Throttled, "VK 9", false, 3},
		{"method limit", vktest.Trouble{Code: 29}, engine.Throttled, "VK 29", false, 3},
		{"flood in every call", vktest.Trouble{CallCode: 9}, engine.Throttled, "VK 9", false, 3},
		{"denied in every call", vktest.Trouble{CallCode: 15}, engine.Misconfigured, "VK 15", true, 3},
		{"keyboards are off", vktest.Trouble{CallCode: 912}, engine.Misconfigured, "VK 912", true, 3},
		{"a page of HTML", vktest.Trouble{Gateway: true}, engine.Unavailable, "", true, 3},
		{"cut", vktest.Trouble{Cut: vktest.CutBefore}, engine.Unavailable, "", true, 6}, // net/http tries a connection that was cut once more
	} {
		t.Run(test.name, func(t *testing.T) {
			server := start(t, vktest.Options{Rate: -1})
			channel := open(t, Config{Requests: -1, Concurrent: 2})
			server.Misbehave(test.trouble)
			told := false
			for i, r := range channel.Send(t.Context(), sender(server), letters(500)) {
				if r.Fault == nil || r.Fault.Reason != test.reason || r.Fault.Whole != test.whole {
					t.Fatalf("message %d: %v", i, r.Fault)
				}
				if test.reason == engine.Throttled && r.Fault.RetryAfter < time.Minute {
					t.Fatalf("message %d: code %q, again in %v", i, r.Fault.Code, r.Fault.RetryAfter)
				}
				told = told || r.Fault.Code == test.code // of two that go side by side, either may be the one that VK answers
			}
			if !told {
				t.Errorf("no message is told %q", test.code)
			}
			if server.Count() != 0 || server.Requests() > test.most {
				t.Errorf("%d messages were taken, %d requests made", server.Count(), server.Requests())
			}
			server.Misbehave(vktest.Trouble{})
			if test.reason == engine.Throttled { // it keeps silent, without asking
				before := server.Requests()
				want(t, channel.Send(t.Context(), sender(server), letters(1)), engine.Throttled, "")
				if server.Requests() != before {
					t.Error("VK was asked during the pause it asked for")
				}
				return
			}
			want(t, channel.Send(t.Context(), sender(server), letters(500)), engine.NoReason, "")
		})
	}
}

// TestTokenRevoked has the token revoked in the middle of a campaign: nobody is lost, nobody gets two messages.
func TestTokenRevoked(t *testing.T) {
	server := start(t, vktest.Options{Rate: -1})
	channel := open(t, Config{Requests: -1, Concurrent: 1})
	msgs := letters(200)
	want(t, channel.Send(t.Context(), sender(server), msgs[:100]), engine.NoReason, "")
	server.Misbehave(vktest.Trouble{Code: 5})
	want(t, channel.Send(t.Context(), sender(server), msgs[100:]), engine.Misconfigured, "VK 5")
	server.Misbehave(vktest.Trouble{})
	want(t, channel.Send(t.Context(), sender(server), msgs), engine.NoReason, "")
	if server.Count() != len(msgs) {
		t.Errorf("%d messages were taken", server.Count())
	}
}

// TestOneTooMany has VK find requests to be one too many: it looked at nothing of them, so they are made again at once. When it does not
// stop finding so, the messages are for later.
func TestOneTooMany(t *testing.T) {
	channel, server := unpaced(t)
	server.Misbehave(vktest.Trouble{Code: 6, Requests: mostCrowded})
	want(t, channel.Send(t.Context(), sender(server), letters(25)), engine.NoReason, "")
	server.Misbehave(vktest.Trouble{Code: 6})
	want(t, channel.Send(t.Context(), sender(server), letters(25)), engine.Throttled, "VK 6")
	if server.Count() != 25 {
		t.Errorf("%d messages were taken", server.Count())
	}
}

// TestTwoProcesses has two channels that do not know of each other use one community: VK finds many requests one too many, and yet all
// messages arrive once.
func TestTwoProcesses(t *testing.T) {
	const crowded = 40
	server := start(t, vktest.Options{Rate: -1}) // how many are too many must not depend on how fast this machine is
	server.Misbehave(vktest.Trouble{Code: 6, Requests: crowded})
	var processes sync.WaitGroup
	for p := range 2 {
		channel, msgs := open(t, Config{}), letters(1500)[p*750:(p+1)*750]
		processes.Go(func() {
			for len(msgs) > 0 {
				var again []engine.Message
				for i, r := range channel.Send(t.Context(), sender(server), msgs) {
					if r.Fault != nil && r.Fault.Reason != engine.Throttled {
						t.Errorf("message %d: %v", i, r.Fault)
					}
					if r.Fault != nil {
						again = append(again, msgs[i])
					}
				}
				msgs = again
			}
		})
	}
	processes.Wait()
	if server.Count() != 1500 || server.Requests() < 60+crowded {
		t.Errorf("%d messages were taken in %d requests", server.Count(), server.Requests())
	}
}

// TestCtxEnds ends ctx while a request is on the wire: it is answered in the time of grace, what was not begun is not tried.
func TestCtxEnds(t *testing.T) {
	server := start(t, vktest.Options{Rate: -1})
	channel := open(t, Config{Requests: -1, Concurrent: 1, Grace: time.Minute})
	server.Misbehave(vktest.Trouble{Delay: 100 * time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan []engine.Result)
	go func() { done <- channel.Send(ctx, sender(server), letters(100)) }()
	eventually(t, func() bool { return server.Requests() > 0 })
	cancel()
	results := <-done
	want(t, results[:25], engine.NoReason, "")
	want(t, results[25:], engine.Unavailable, "")
	for _, r := range results[25:] {
		if !errors.Is(r.Fault, ctx.Err()) || r.Fault.Whole {
			t.Fatal(r.Fault)
		}
	}
	if server.Count() != 25 {
		t.Errorf("%d messages were taken", server.Count())
	}
}
