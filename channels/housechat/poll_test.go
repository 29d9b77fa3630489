package housechat

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/channels/housechat/maxtest"
	"vestnik/engine"
)

// shelf keeps a bookmark.
type shelf struct {
	mu    sync.Mutex
	mark  string
	fails int // so often it does not
}

func (s *shelf) keep(_ context.Context, mark string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails--; s.fails >= 0 {
		return engine.ErrDown
	}
	s.mark = mark
	return nil
}

// polling runs PollMAX until stop, which gives its error.
func (w *world) polling(cfg PollConfig) (stop func() error) {
	ctx, cancel := context.WithCancel(w.t.Context())
	cfg.Provider = w.outage("c", "outage-planned", "").Provider
	done := make(chan error, 1)
	go func() { done <- w.channel.PollMAX(ctx, cfg) }()
	return func() error {
		cancel()
		return <-done
	}
}

// until waits for a chat in a place that fits.
func (w *world) until(what string, place engine.ChatPlace, fits func(engine.Chat) bool) {
	w.t.Helper()
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		for _, c := range w.chats.all() {
			if c.Place == place && fits(c) {
				return
			}
		}
		if time.Since(begin) > time.Minute {
			w.t.Fatalf("%s: the chats are %+v", what, w.chats.all())
		}
	}
}

// TestPollMAX goes through a bot's life in a chat with events that are asked for, after those at an address were taken back; MAX answers nonsense,
// is down and throttles, bookmarks are lost, and somebody else goes on from the last one.
func TestPollMAX(t *testing.T) {
	w := newWorld(t)
	p := w.outage("c", "outage-planned", "").Provider
	const hook = "http://127.0.0.1:9/hooks/max/uk1"
	if err := w.channel.SubscribeMAX(t.Context(), p, hook, secret); err != nil {
		t.Fatal(err)
	}
	marks := &shelf{fails: 2}
	cfg := PollConfig{Keep: marks.keep, Hook: hook, Wait: time.Second, Pause: time.Millisecond}
	w.max.Misbehave(maxtest.Internal, 2)
	stop := w.polling(cfg)
	code, place := engine.NewChatCode(), placeOf(engine.NetworkMAX, -777)
	w.chats.put(engine.Chat{Place: placeOf(engine.NetworkMAX, 0), Houses: []string{houseA}, Code: code})
	for begin := time.Now(); w.max.Polls() == 0; time.Sleep(time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatal("nobody asks")
		}
	}
	if n := w.max.Subscribed(); n != 0 {
		t.Fatalf("events are told at %d addresses", n)
	}
	w.max.TakeIn(place.ID)
	w.max.Say(place.ID, "Код чата: "+strings.ToUpper(code), false)
	w.until("joined", place, func(c engine.Chat) bool { return isOpen(c) && c.Code == "" })
	for _, trouble := range []maxtest.Trouble{maxtest.Gibberish, maxtest.CutAfter, maxtest.Throttling, maxtest.Unavailable} {
		w.max.Misbehave(trouble, 1)
		w.max.PutOut(place.ID, true)
		w.until("put out", place, func(c engine.Chat) bool { return c.Why == "bot_removed" })
		w.max.TakeIn(place.ID)
		w.until("taken in again", place, isOpen)
	}
	if err := stop(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	w.max.PutOut(place.ID, true) // while nobody asks
	cfg.From = marks.mark
	stop = w.polling(cfg)
	w.until("put out unseen", place, func(c engine.Chat) bool { return c.Why == "bot_removed" })
	if err := stop(); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// TestPollMAXGivesUpWithoutAToken: what does not get better by itself is told.
func TestPollMAXGivesUpWithoutAToken(t *testing.T) {
	w := newWorld(t)
	if err := w.channel.PollMAX(t.Context(), PollConfig{Provider: engine.Provider{ID: "q"}}); engine.FaultOf(err).Reason != engine.Misconfigured {
		t.Errorf("without a token it ended with %v", err)
	}
	w.max.Misbehave(maxtest.Revoked, -1)
	err := w.channel.PollMAX(t.Context(), PollConfig{Provider: w.outage("c", "outage-planned", "").Provider})
	if engine.FaultOf(err).Reason != engine.Misconfigured {
		t.Errorf("with a token that was revoked it ended with %v", err)
	}
}

// TestHearVK: what VK's Long Poll tells of chats does what it does at the door; other communities' events, other events and what is none do nothing.
func TestHearVK(t *testing.T) {
	w := newWorld(t)
	p := w.outage("c", "outage-planned", "").Provider
	p.Settings["vk.group_id"] = "77"
	place := placeOf(engine.NetworkVK, vkChats+5)
	code := engine.NewChatCode()
	w.chats.put(engine.Chat{Place: placeOf(engine.NetworkVK, 0), Houses: []string{houseA}, Code: code})
	said := func(group, text string) string {
		return `{"type":"message_new","group_id":` + group + `,"event_id":"e","object":{"message":{"peer_id":2000000005,"from_id":7,"text":"` + text + `"}}}`
	}
	acted := func(kind string) string {
		return `{"type":"message_new","group_id":77,"object":{"message":{"peer_id":2000000005,"from_id":7,"action":{"type":"` + kind + `","member_id":-77}}}}`
	}
	for _, step := range []struct {
		event string
		want  engine.ChatState
	}{
		{said("78", code), engine.ChatWaiting}, {`<xml>`, engine.ChatWaiting}, {`{"type":"message_read","group_id":77}`, engine.ChatWaiting},
		{said("77", "Здравствуйте"), engine.ChatWaiting}, {said("77", "dom-aaaabbbbcccc"), engine.ChatWaiting}, {said("77", code), engine.ChatOpen},
		{said("77", code), engine.ChatOpen}, {acted("chat_kick_user"), engine.ChatLost}, {acted("chat_invite_user"), engine.ChatOpen},
	} {
		if err := w.channel.HearVK(t.Context(), p, []byte(step.event)); err != nil {
			t.Errorf("%s: %v", step.event, err)
		}
		if got := w.chats.all()[0]; got.State() != step.want || step.want != engine.ChatWaiting && got.Place != place {
			t.Errorf("after %s the chat is %+v", step.event, got)
		}
	}
}
