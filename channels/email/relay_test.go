package email

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseRelays(t *testing.T) {
	for _, test := range []struct {
		list string
		want []Relay
	}{
		{"", nil},
		{"smtp://127.0.0.1:2525", []Relay{{Host: "127.0.0.1", Port: "2525", TLS: Opportunistic, Weight: 1}}},
		{"smtp://relay", []Relay{{Host: "relay", Port: "25", TLS: Opportunistic, Weight: 1}}},
		{"smtps://relay", []Relay{{Host: "relay", Port: "465", TLS: Implicit, Weight: 1}}},
		{"smtp://[::1]:25?starttls=off", []Relay{{Host: "::1", Port: "25", TLS: Off, Weight: 1}}},
		{"smtp://user:p%40ss%2C@relay:587", []Relay{{Host: "relay", Port: "587", User: "user", Password: "p@ss,", TLS: Required, Weight: 1}}},
		{"smtp://relay:26?weight=3&starttls=off", []Relay{{Host: "relay", Port: "26", TLS: Off, Weight: 3}}},
		{"smtp://user:pass@relay:587?starttls=opportunistic , smtps://u:p@other:465/", []Relay{
			{Host: "relay", Port: "587", User: "user", Password: "pass", TLS: Opportunistic, Weight: 1},
			{Host: "other", Port: "465", User: "u", Password: "p", TLS: Implicit, Weight: 1},
		}},
	} {
		got, err := ParseRelays(test.list)
		if err != nil || len(got) != len(test.want) {
			t.Errorf("%q gives %v, %v", test.list, got, err)
			continue
		}
		for i := range got {
			if got[i] != test.want[i] {
				t.Errorf("%q gives %v with password %q, want %v", test.list, got[i], got[i].Password, test.want[i])
			}
		}
	}
}

func TestParseRelaysTellsEveryMistake(t *testing.T) {
	_, err := ParseRelays("http://u:secret1@host:1?starttls=off,smtp://u:secret2#x@host:2,smtps://u:secret3@host:3?starttls=off,smtp://:25,smtp://user@h?a=b,smtp://h?starttls=maybe,smtp://h?weight=0,smtps://h?weight=many")
	if err == nil {
		t.Fatal("accepted")
	}
	for i := range 8 {
		if relay := fmt.Sprintf("relay %d:", i+1); !strings.Contains(err.Error(), relay) {
			t.Errorf("nothing about %s in %v", relay, err)
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is shown: %v", err)
	}
}

func TestRelayHidesItsPassword(t *testing.T) {
	relays, err := ParseRelays("smtps://user:secret@relay:465")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if shown := fmt.Sprintf(format, Config{Relays: relays}); strings.Contains(shown, "secret") {
			t.Errorf("%s shows the password: %s", format, shown)
		}
	}
}

func FuzzParseRelays(f *testing.F) {
	f.Add("smtp://user:pass@host:587?starttls=required,smtps://host")
	f.Fuzz(func(t *testing.T, list string) {
		relays, err := ParseRelays(list)
		if err != nil {
			return
		}
		for _, relay := range relays {
			if relay.Host == "" || relay.Port == "" || relay.TLS == "" {
				t.Errorf("%q gives the unfinished %v", list, relay)
			}
		}
	})
}
