package email

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// TestPostfix sends to a real Postfix: mail that it delivers, defers and refuses, mixed in one batch over pipelined connections.
func TestPostfix(t *testing.T) {
	postfix := mailtest.StartPostfix(t)
	channel := open(t, Config{}, postfix.URL())
	msgs := bills(60)
	for i := range msgs {
		switch i % 6 {
		case 1:
			msgs[i].Recipient.Email = "nobody@example.org"
		case 3:
			msgs[i].Recipient.Email = "tempfail@example.org"
		case 5:
			msgs[i].Recipient.Email = "somebody@elsewhere.example"
		}
	}
	taken := 0
	for i, result := range channel.Send(t.Context(), utility, msgs) {
		switch i % 6 {
		case 1:
			wantFault(t, result, engine.BadAddress, "550 5.1.1")
		case 3:
			wantFault(t, result, engine.Throttled, "451 4.7.1")
		case 5:
			wantFault(t, result, engine.Misconfigured, "554 5.7.1")
		default:
			taken++
			if result.Fault != nil {
				t.Errorf("message %d: %v", i, result.Fault)
			}
		}
	}
	delivered, err := postfix.Delivered(taken)
	if err != nil || len(delivered) != taken {
		t.Fatalf("%d messages in the mailbox, want %d (%v)\n%s", len(delivered), taken, err, postfix.Log())
	}
	letter, err := enmime.ReadEnvelope(bytes.NewReader(delivered[0]))
	if err != nil {
		t.Fatal(err)
	}
	if len(letter.Errors) > 0 || !strings.Contains(letter.HTML, "Холодная вода") || !strings.HasPrefix(letter.GetHeader("Subject"), "Счёт за октябрь") {
		t.Errorf("the message arrived changed: %v, subject %q", letter.Errors, letter.GetHeader("Subject"))
	}
}

// TestPostfixSlowAndBusy sends to a Postfix that keeps one domain waiting and has no time for another, and to a dead relay beside it: everybody
// else's mail is through long before the slow domain's, no attempt is lost to the busy one, and the dead relay costs nobody anything.
func TestPostfixSlowAndBusy(t *testing.T) {
	postfix := mailtest.StartPostfix(t)
	domains, err := ParseDomains("tarpit.example=2/0")
	if err != nil {
		t.Fatal(err)
	}
	channel := open(t, Config{Domains: domains}, postfix.URL(), "smtp://127.0.0.1:1?weight=3&starttls=off")
	var addresses []string
	for i := range 40 {
		addresses = append(addresses, fmt.Sprintf("r%d@example.org", i), fmt.Sprintf("r%d@busy.example", i), fmt.Sprintf("r%d@tarpit.example", i))
	}
	delivered := 0
	for i, result := range channel.Send(t.Context(), utility, to(addresses...)) {
		switch {
		case i%3 == 0 && result.Fault != nil:
			t.Errorf("%s: %v", addresses[i], result.Fault)
		case i%3 == 1:
			wantFault(t, result, engine.Throttled, "451 4.7.1", "")
		case i%3 == 2 && result.Fault != nil:
			wantFault(t, result, engine.Throttled, "")
		}
		if result.Fault == nil {
			delivered++
		}
	}
	if delivered < 41 {
		t.Errorf("nothing went to the slow domain: %d messages in all", delivered)
	}
	if letters, err := postfix.Delivered(delivered); err != nil || len(letters) != delivered {
		t.Fatalf("%d messages in the mailbox, want %d (%v)\n%s", len(letters), delivered, err, postfix.Log())
	}
}

// TestPostfixGreylists sends to strangers whom Postfix sends away once: the second attempt passes, and nobody else was slowed down by the first.
func TestPostfixGreylists(t *testing.T) {
	postfix := mailtest.StartPostfix(t)
	channel := open(t, Config{}, postfix.URL())
	var addresses []string
	for i := range 40 {
		addresses = append(addresses, fmt.Sprintf("r%d@example.org", i), fmt.Sprintf("greylisted+%d@example.org", i))
	}
	for attempt := range 2 {
		for i, result := range channel.Send(t.Context(), utility, to(addresses...)) {
			if attempt == 0 && i%2 == 1 {
				wantFault(t, result, engine.Unavailable, "451 4.7.1")
			} else if result.Fault != nil {
				t.Errorf("attempt %d to %s: %v", attempt, addresses[i], result.Fault)
			}
		}
	}
	if letters, err := postfix.Delivered(120); err != nil || len(letters) != 120 {
		t.Fatalf("%d messages in the mailbox, want 120 (%v)\n%s", len(letters), err, postfix.Log())
	}
}
