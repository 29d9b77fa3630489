package vk

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

// polling runs Poll until stop, which gives its error.
func polling(t *testing.T, cfg PollConfig) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Poll(ctx, cfg) }()
	return func() error {
		cancel()
		return <-done
	}
}

// ready waits until somebody polls: an Allow by the user is heard.
func ready(t *testing.T, server *vktest.Server, n *notes, user int64) {
	t.Helper()
	eventually(t, func() bool {
		server.Allow(user)
		for _, e := range n.list() {
			if e.Kind == Allow && e.User == user {
				return true
			}
		}
		return false
	})
}

// heard counts events of a kind.
func (n *notes) heard(kind Kind) (count int) {
	for _, e := range n.list() {
		if e.Kind == kind {
			count++
		}
	}
	return count
}

func TestPoll(t *testing.T) {
	channel, server := unpaced(t)
	var n notes
	var ts string
	cfg := PollConfig{
		Provider: sender(server).Provider, Take: n.take, Pause: time.Millisecond,
		Keep: func(_ context.Context, now string) error { ts = now; return nil },
	}
	stop := polling(t, cfg)
	ready(t, server, &n, 1)
	results := channel.Send(t.Context(), sender(server), letters(2))
	want(t, results, engine.NoReason, "")
	if link, err := server.Press(resident(0), 0); err != nil || link != letter(0).Content.Buttons[0].URL {
		t.Errorf("the button leads to %q, %v", link, err)
	}
	server.Read(resident(0))
	server.Write(resident(1), "Когда дадут воду?")
	server.Write(resident(1), "СТОП!!!")
	eventually(t, func() bool { return n.heard(Stop) == 1 })
	n.mu.Lock()
	n.fail = 1 // what is not taken comes again
	n.mu.Unlock()
	server.Deny(resident(1))
	eventually(t, func() bool { return n.heard(Deny) == 1 })
	for _, e := range n.list() {
		if e.Kind == Read && (e.User != resident(0) || results[0].ID != fmt.Sprint(e.MessageID)) || e.Kind == Stop && e.User != resident(1) {
			t.Errorf("heard %+v", e)
		}
	}
	if n.heard(Read) != 1 || n.heard(Stop) != 1 {
		t.Errorf("heard %+v", n.list())
	}
	for _, failed := range []int{1, 2, 3} { // VK's ways to say that something is too old
		server.UpsetPoll(failed)
		ready(t, server, &n, int64(10+failed))
	}
	server.Stop()
	if err := server.Resume(); err != nil {
		t.Fatal(err)
	}
	ready(t, server, &n, 20)
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	server.Read(resident(1)) // while nobody polls
	cfg.From = ts
	stop = polling(t, cfg)
	eventually(t, func() bool { return n.heard(Read) == 2 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

func TestPollIsNotLetIn(t *testing.T) {
	_, server := unpaced(t)
	cfg := PollConfig{Provider: sender(server).Provider, Take: (&notes{}).take}
	server.Misbehave(vktest.Trouble{Code: 5})
	err := Poll(t.Context(), cfg)
	if fault := engine.FaultOf(err); fault.Reason != engine.Misconfigured || fault.Code != "VK 5" || strings.Contains(err.Error(), vktest.DefaultToken) {
		t.Errorf("the error is %v", err)
	}
	cfg.Provider.Settings = nil
	if err := Poll(t.Context(), cfg); engine.FaultOf(err).Reason != engine.Misconfigured {
		t.Errorf("without settings the error is %v", err)
	}
	if err := Poll(t.Context(), PollConfig{}); err == nil {
		t.Error("nobody takes events")
	}
}
