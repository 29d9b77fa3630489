package email

import (
	"net/url"
	"strings"
	"testing"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// TestWaysToUnsubscribe has Python read the field: one click first, a letter second where somebody reads letters, both covered by the signature.
func TestWaysToUnsubscribe(t *testing.T) {
	const click = "https://vestnik.example/u/AQIDBAUGBwgJCgsMDQ4PEBESExQ"
	name := strings.Repeat("0123456789abcdef", 3)
	for _, test := range []struct{ bounces, returns, want string }{
		{"", name, "<" + click + ">"},
		{"bounces.zarya.example", "", "<" + click + ">"},
		{"bounces.zarya.example", name, "<" + click + ">, <mailto:u+" + name + "@bounces.zarya.example?subject=unsubscribe>"},
		{"возврат.zarya.example", name, "<" + click + ">, <mailto:u+" + name + "@xn--80adat8aop.zarya.example?subject=unsubscribe>"},
	} {
		sink := startSink(t, mailtest.Options{})
		from := signing(map[string]string{SettingKey: testKeys().ed25519, "email.bounces": test.bounces})
		msgs := bills(2)
		msgs[0].Return, msgs[1].Return, msgs[1].Content.Unsubscribe = test.returns, test.returns, "" // the second is a bill
		for _, result := range open(t, Config{Connections: 1}, sink.URL()).Send(t.Context(), from, msgs) {
			if result.Fault != nil {
				t.Fatal(result.Fault)
			}
		}
		for _, mail := range sink.Mails() {
			got, offered := readByPython(t, mail.Raw), mail.To[0] == msgs[0].Recipient.Email
			field := got.Fields["List-Unsubscribe"]
			if want := map[bool]string{true: test.want}[offered]; field != want || len(got.Defects) > 0 {
				t.Errorf("%s, %q: the ways are %q, want %q; defects %v", test.bounces, test.returns, field, want, got.Defects)
			}
			if click := got.Fields["List-Unsubscribe-Post"]; click != map[bool]string{true: "List-Unsubscribe=One-Click"}[offered] {
				t.Errorf("the one click is %q", click)
			}
			if list := verify(t, mail.Raw, records(t, from)); len(list) != 1 || !list[0].Valid || strings.Contains(list[0].Fields, "List-Unsubscribe:") != offered {
				t.Errorf("signed: %+v", list)
			}
			wantAddresses(t, field)
		}
	}
	if (sender{}).unsubscribeAddress(&engine.Message{Return: name}) != "" {
		t.Error("a letter is asked for that nobody reads")
	}
}

// wantAddresses reads every way as a program does.
func wantAddresses(t *testing.T, field string) {
	t.Helper()
	for way := range strings.SplitSeq(field, ",") {
		way = strings.TrimSpace(way)
		u, err := url.Parse(strings.Trim(way, "<>"))
		switch {
		case way == "":
		case err != nil, u.Scheme == "mailto" && (u.Query().Get("subject") != "unsubscribe" || !strings.HasPrefix(u.Opaque, "u+")):
			t.Errorf("%q is no way to unsubscribe: %v", way, err)
		}
	}
}
