package vk

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

func TestAllowed(t *testing.T) {
	channel, server := unpaced(t)
	provider := sender(server).Provider
	var users []int64
	want := map[int64]bool{}
	for i := range 60 {
		users = append(users, resident(i))
		if i != 33 {
			want[resident(i)] = i%10 != 0
		}
		if i%10 == 0 {
			server.Refuse(resident(i), 901)
		}
	}
	server.Refuse(resident(33), 18) // VK answers with an error about somebody who is gone
	ask := func(requests int) {
		t.Helper()
		before := server.Requests()
		got, err := channel.Allowed(t.Context(), provider, append(slices.Clone(users), resident(1), 0, -5, 2_000_000_001))
		if err != nil || !maps.Equal(got, want) {
			t.Fatalf("%v, %v", got, err)
		}
		if n := server.Requests() - before; n != requests {
			t.Errorf("it took %d requests, want %d", n, requests)
		}
	}
	ask(3)
	ask(1) // about the one who is gone
	users = slices.Delete(users, 33, 34)
	ask(0)
	server.Refuse(resident(1), 901) // nobody told us
	ask(0)
	channel.Heed(provider, []Event{{Kind: Allow, User: resident(0)}, {Kind: Deny, User: resident(1)}, {Kind: Read, User: resident(10)}})
	want[resident(0)], want[resident(1)] = true, false
	ask(0)
	server.Refuse(resident(2), 902)
	channel.Send(t.Context(), engine.Sender{Provider: provider}, letters(3))
	want[resident(2)] = false
	want[resident(1)] = false
	want[resident(0)] = false // VK still refuses: it is the one to know
	ask(0)
}

func TestAllowedFails(t *testing.T) {
	channel, server := unpaced(t)
	server.Misbehave(vktest.Trouble{Code: 5})
	_, err := channel.Allowed(t.Context(), sender(server).Provider, []int64{resident(1)})
	if fault, is := errors.AsType[*engine.Fault](err); !is || fault.Reason != engine.Misconfigured || fault.Code != "VK 5" {
		t.Errorf("the error is %v", err)
	}
	if _, err := channel.Allowed(t.Context(), engine.Provider{}, []int64{1}); engine.FaultOf(err).Reason != engine.Misconfigured {
		t.Errorf("without settings the error is %v", err)
	}
}

func TestMemoryForgets(t *testing.T) {
	m := newMemory(time.Nanosecond)
	for i := range int64(mostRemembered + 10) {
		m.put(place{"u", 1}, i, true)
	}
	if n := len(m.known); n > mostRemembered {
		t.Errorf("it remembers %d", n)
	}
	if _, known := m.get(place{"u", 1}, mostRemembered+9); known {
		t.Error("it believes what is too old")
	}
}
