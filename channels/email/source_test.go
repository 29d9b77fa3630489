package email

import (
	"bytes"
	"net/mail"
	"testing"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// TestSourceIsWhatIsSent compares what the sink got with what Source had said.
func TestSourceIsWhatIsSent(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	c := open(t, Config{Hello: "vestnik.example"}, sink.URL())
	msg := bills(1)[0]
	if results := c.Send(t.Context(), utility, []engine.Message{msg}); results[0].Fault != nil {
		t.Fatal(results[0].Fault)
	}
	raw := sink.Mails()[0].Raw
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	at, err := parsed.Header.Date()
	if err != nil {
		t.Fatal(err)
	}
	source, err := c.Source(utility, &msg, at)
	if _, sent, _ := bytes.Cut(raw, source[:10]); err != nil || !bytes.Equal(append(source[:10:10], sent...), source) {
		t.Errorf("the source is\n%s\nbut this was sent:\n%s\n%v", source, raw, err)
	}
	for _, wrong := range []struct {
		from engine.Sender
		to   string
	}{{engine.Sender{}, msg.Recipient.Email}, {utility, "nobody"}} {
		other := msg
		other.Recipient.Email = wrong.to
		if _, err := c.Source(wrong.from, &other, at); err == nil {
			t.Errorf("a letter from %q to %q has a source", wrong.from.Provider.Name, wrong.to)
		}
	}
}
