package email

import (
	"bytes"
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
