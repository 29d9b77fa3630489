package email

import (
	"strings"
	"testing"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// TestLettersComeBackUnderTheirNames sends with and without somebody who listens: the envelope's sender is the letter's own address, the From
// stays the provider's.
func TestLettersComeBackUnderTheirNames(t *testing.T) {
	own := engine.Sender{Provider: engine.Provider{Settings: map[string]string{"email.from": "bill@zarya.example", "email.bounces": "возврат.zarya.example"}}}
	for _, test := range []struct {
		name, domain string
		from         engine.Sender
		want         string
		listens      bool
	}{
		{"nobody listens", "", utility, "bill@zarya.example", false},
		{"the installation listens", "bounces.vestnik.example", utility, "b+r3turn@bounces.vestnik.example", true},
		{"the provider has a domain of its own", "bounces.vestnik.example", own, "b+r3turn@xn--80adat8aop.zarya.example", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			sink := startSink(t, mailtest.Options{})
			channel := open(t, Config{Bounces: test.domain}, sink.URL())
			if got := channel.Returns(test.from.Provider); got != test.listens {
				t.Errorf("Returns is %v", got)
			}
			msgs := bills(2)
			msgs[0].Return = "r3turn"
			for _, result := range channel.Send(t.Context(), test.from, msgs) {
				if result.Fault != nil {
					t.Fatal(result.Fault)
				}
			}
			for _, mail := range sink.Mails() {
				named := strings.Contains(string(mail.Raw), "\r\nX-Vestnik-Return: r3turn\r\n")
				want := "bill@zarya.example"
				if named {
					want = test.want
				}
				if mail.From != want || named != (mail.To[0] == msgs[0].Recipient.Email) || !strings.Contains(string(mail.Raw), "<bill@zarya.example>\r\n") {
					t.Errorf("%s comes back to %s, want %s", mail.To[0], mail.From, want)
				}
			}
		})
	}
	broken := engine.Provider{Settings: map[string]string{"email.from": "bill@zarya.example", "email.bounces": "no domain"}}
	channel := open(t, Config{}, "smtp://127.0.0.1:1")
	if channel.Returns(broken) {
		t.Error("a domain that is none listens")
	}
	wantFault(t, channel.Send(t.Context(), engine.Sender{Provider: broken}, bills(1))[0], engine.Misconfigured)
}
