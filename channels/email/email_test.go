package email

import (
	"slices"
	"strings"
	"testing"

	"vestnik/engine"
)

// open makes a channel to the relays that is closed with the test.
func open(t testing.TB, cfg Config, relays ...string) *Channel {
	t.Helper()
	var err error
	if cfg.Relays, err = ParseRelays(strings.Join(relays, ",")); err != nil {
		t.Fatal(err)
	}
	channel, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = channel.Close() })
	return channel
}

// wantFault checks a Fault's reason and, unless none is given, that its code is one of codes.
func wantFault(t testing.TB, got engine.Result, reason engine.Reason, codes ...string) {
	t.Helper()
	switch {
	case got.Fault == nil:
		t.Errorf("the message was taken, want %s", reason)
	case got.Fault.Reason != reason || len(codes) > 0 && !slices.Contains(codes, got.Fault.Code):
		t.Errorf("got %v, want %s %v", got.Fault, reason, codes)
	}
}
