package housechat

import (
	"fmt"
	"testing"
	"time"

	"vestnik/channels/housechat/maxtest"
	"vestnik/engine"
)

// TestVKRefusals: what each kind of refusal comes to, whichever of the two ways VK tells it.
func TestVKRefusals(t *testing.T) {
	for code, want := range map[int]struct {
		reason engine.Reason
		lost   bool
		whole  bool
	}{
		1: {reason: engine.Unavailable}, 10: {reason: engine.Unavailable}, 5: {reason: engine.Misconfigured, whole: true}, 27: {reason: engine.Misconfigured, whole: true},
		6: {reason: engine.Throttled}, 9: {reason: engine.Throttled}, 14: {reason: engine.Throttled, whole: true}, 29: {reason: engine.Throttled, whole: true},
		7: {reason: engine.Refused, lost: true}, 15: {reason: engine.Refused, lost: true}, 917: {reason: engine.Refused, lost: true},
		927: {reason: engine.Refused, lost: true}, 945: {reason: engine.Refused, lost: true}, 914: {reason: engine.BadMessage}, 100: {reason: engine.BadMessage},
		901: {reason: engine.Refused}, 912: {reason: engine.Misconfigured}, 12345: {reason: engine.Unknown},
	} {
		for _, byPeer := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d, by peer %t", code, byPeer), func(t *testing.T) {
				w := newWorld(t)
				place := w.vkAt(1, houseA)
				w.vk.set(func() { w.vk.errors, w.vk.peer = []int{code}, byPeer })
				from := w.outage("c1", "outage-planned", "")
				delete(from.Provider.Settings, "max.token")
				result := w.send(from, to("c1", 1, houseA, "Нет воды"))[0]
				failed(t, result, want.reason, fmt.Sprintf("VK %d", code))
				if result.Fault.Whole != want.whole {
					t.Errorf("Whole is %t", result.Fault.Whole)
				}
				if c := w.chat(place); isOpen(c) == want.lost || want.lost && c.Why != fmt.Sprintf("VK %d", code) {
					t.Errorf("the chat is %+v, want lost %t", c, want.lost)
				}
				if want.reason == engine.Throttled && result.Fault.RetryAfter == 0 {
					t.Error("VK's patience is not told")
				}
				if again := w.send(from, to("c1", 1, houseA, "Нет воды"))[0]; want.lost {
					failed(t, again, engine.Refused, "lost")
				} else {
					took(t, again)
				}
			})
		}
	}
}

// TestMAXTroubles: what each trouble of MAX comes to; afterwards the same message is posted, once.
func TestMAXTroubles(t *testing.T) {
	for name, test := range map[string]struct {
		trouble maxtest.Trouble
		reason  engine.Reason
		code    string
		whole   bool
	}{
		"500": {maxtest.Internal, engine.Unavailable, "MAX 500", true}, "503": {maxtest.Unavailable, engine.Unavailable, "MAX 503", true},
		"429": {maxtest.Throttling, engine.Throttled, "MAX 429", false}, "revoked": {maxtest.Revoked, engine.Misconfigured, "MAX 401 verify.token", true},
		"cut before": {maxtest.CutBefore, engine.Unavailable, "", true}, "cut after": {maxtest.CutAfter, engine.Unavailable, "", true},
		"not JSON": {maxtest.Gibberish, engine.Unavailable, "not JSON", true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			place := w.maxAt(1, houseA)
			from := w.outage("c1", "outage-planned", "")
			delete(from.Provider.Settings, "vk.token")
			w.max.Misbehave(test.trouble, 1)
			result := w.send(from, to("c1", 1, houseA, "Нет воды"))[0]
			failed(t, result, test.reason, test.code)
			if result.Fault.Whole != test.whole {
				t.Errorf("Whole is %t", result.Fault.Whole)
			}
			took(t, w.send(from, to("c1", 1, houseA, "Нет воды"))[0])
			if posts := w.max.Posts(place.ID); len(posts) != 1 || !posts[0].Pinned {
				t.Errorf("MAX has %+v", posts)
			}
			if !isOpen(w.chat(place)) {
				t.Error("the chat was lost")
			}
		})
	}
}

// TestUncertain: an answer lost after the post was made causes no second post, neither for the same house nor for another of the chat, in
// another worker, later; a bot that may not read does not post blindly.
func TestUncertain(t *testing.T) {
	t.Run("VK", func(t *testing.T) {
		w := newWorld(t)
		place := w.vkAt(1, houseA)
		w.vk.set(func() { w.vk.cut = 1 })
		from := w.outage("c1", "outage-planned", "")
		failed(t, w.send(from, to("c1", 1, houseA, "Нет воды"))[0], engine.Unavailable, "")
		took(t, w.another(Config{}).Send(t.Context(), from, []engine.Message{to("c1", 1, houseA, "Нет воды")})[0])
		if n := len(w.vk.posts(place.ID)); n != 1 {
			t.Errorf("%d posts", n)
		}
	})
	t.Run("VK, when it has forgotten", func(t *testing.T) {
		w := newWorld(t)
		place := w.vkAt(1, houseA)
		name := nameOf("c1", to("c1", 1, houseA, "").Key)
		long := time.Now().Add(-2 * time.Hour)
		if _, err := w.chats.book().claim(t.Context(), place, claim{name: name, holder: "c1-9-housechat", house: houseA, now: long, until: long}); err != nil {
			t.Fatal(err)
		}
		w.vk.set(func() {
			w.vk.chats[place.ID].posts = []vkPost{{id: 1, random: int64(randomID(name, place.ID)) + 1}, {id: 2, random: int64(randomID(name, place.ID))}}
		})
		result := w.send(w.outage("c1", "outage-planned", ""), to("c1", 1, houseA, "Нет воды"))[0]
		took(t, result)
		if w.vk.pin(place.ID) != 2 || len(w.vk.posts(place.ID)) != 2 {
			t.Errorf("the post of the earlier attempt was not found: %v", result)
		}
	})
	t.Run("MAX, a bot that may not read", func(t *testing.T) {
		w := newWorld(t)
		place := w.maxAt(1, houseA)
		w.max.Misbehave(maxtest.CutAfter, 1)
		from := w.outage("c1", "outage-planned", "")
		failed(t, w.send(from, to("c1", 1, houseA, "Нет воды"))[0], engine.Unavailable, "")
		w.max.Admin(place.ID, false)
		failed(t, w.send(from, to("c1", 1, houseA, "Нет воды"))[0], engine.Misconfigured, "MAX 403")
		w.max.Admin(place.ID, true)
		took(t, w.send(from, to("c1", 1, houseA, "Нет воды"))[0])
		if n := len(w.max.Posts(place.ID)); n != 1 || !isOpen(w.chat(place)) {
			t.Errorf("%d posts, chat %+v", n, w.chat(place))
		}
	})
	t.Run("MAX, an older post with the same text", func(t *testing.T) {
		w := newWorld(t)
		place := w.maxAt(1, houseA)
		took(t, w.send(w.outage("c0", "outage-planned", ""), to("c0", 1, houseA, "Нет воды"))[0])
		w.max.Misbehave(maxtest.CutBefore, 1)
		failed(t, w.send(w.outage("c1", "outage-planned", ""), to("c1", 1, houseA, "Нет воды"))[0], engine.Unavailable, "")
		took(t, w.send(w.outage("c1", "outage-planned", ""), to("c1", 1, houseA, "Нет воды"))[0])
		if n := len(w.max.Posts(place.ID)); n != 2 {
			t.Errorf("%d posts, want one for each campaign", n)
		}
	})
}

// TestRevokedMidway: a token revoked in the middle of a campaign fails the rest, which is posted when the token is mended, each house once.
func TestRevokedMidway(t *testing.T) {
	w := newWorld(t)
	var msgs []engine.Message
	for i := range 40 {
		house := fmt.Sprintf("house-%d", i)
		w.maxAt(int64(i+1), house)
		msgs = append(msgs, to("c1", i, house, "Собрание"))
	}
	from := w.sender("c1", engine.KindMeeting, "meeting-planned", nil)
	for _, result := range w.send(from, msgs[:20]...) {
		took(t, result)
	}
	w.max.Misbehave(maxtest.Revoked, -1)
	for _, result := range w.send(from, msgs...)[20:] {
		failed(t, result, engine.Misconfigured, "MAX 401")
	}
	w.max.Misbehave(maxtest.Nothing, 0)
	for _, result := range w.send(from, msgs...) {
		took(t, result)
	}
	for i := range msgs {
		if n := len(w.max.Posts(-int64(i + 1))); n != 1 {
			t.Errorf("house %d has %d posts", i, n)
		}
	}
}

// TestThrottledUnderLoad: under a limit the campaign slows down and loses nobody.
func TestThrottledUnderLoad(t *testing.T) {
	w := newWorld(t)
	w.max = startMAX(t, maxtest.Options{PerSecond: 60, PerChat: -1})
	var waiting []engine.Message
	for i := range 150 {
		house := fmt.Sprintf("house-%d", i)
		w.maxAt(int64(i+1), house)
		waiting = append(waiting, to("c1", i, house, "Собрание"))
	}
	from := w.sender("c1", engine.KindMeeting, "meeting-planned", nil)
	for begin := time.Now(); len(waiting) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatalf("%d houses wait", len(waiting))
		}
		var again []engine.Message
		for i, result := range w.send(from, waiting...) {
			if result.Fault != nil {
				failed(t, result, engine.Throttled, "MAX 429")
				again = append(again, waiting[i])
			}
		}
		waiting = again
	}
	for i := range 150 {
		if n := len(w.max.Posts(-int64(i + 1))); n != 1 {
			t.Errorf("house %d has %d posts", i, n)
		}
	}
	if w.max.Refused("too.many.requests") == 0 {
		t.Error("the limit was never felt")
	}
}

// TestBrokenRegistry: a registry that does not answer is nobody's fault, and nothing is posted without it.
func TestBrokenRegistry(t *testing.T) {
	w := newWorld(t)
	place := w.maxAt(1, houseA)
	broken := &brokenRegistry{registry: w.chats}
	channel := w.another(Config{})
	channel.cfg.Chats = broken
	from := w.outage("c1", "outage-planned", "")
	for _, part := range []string{"find", "thread", "change"} {
		broken.part, broken.times = part, 1
		failed(t, channel.Send(t.Context(), from, []engine.Message{to("c1", 1, houseA, "Нет воды")})[0], engine.Unavailable, "registry")
	}
	broken.part, broken.after, broken.times = "change", 1, 2 // it comes back while the channel insists
	took(t, channel.Send(t.Context(), from, []engine.Message{to("c1", 1, houseA, "Нет воды")})[0])
	took(t, channel.Send(t.Context(), from, []engine.Message{to("c1", 1, houseA, "Нет воды")})[0])
	if n := len(w.max.Posts(place.ID)); n != 1 {
		t.Errorf("%d posts", n)
	}
}
