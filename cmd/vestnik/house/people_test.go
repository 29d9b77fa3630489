package house_test

import (
	"bytes"
	"net/smtp"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"vestnik/cmd/vestnik/config"
)

// TestLettersToPostmaster has a person write to the domain where returned mail is taken: the operator gets the letter as it was, and a copy that comes
// round to us is a loop.
func TestLettersToPostmaster(t *testing.T) {
	sink := mailbox(t)
	c, _ := setting(t)
	c.Email.Relays = config.List{sink.URL()}
	c.Email.Bounces = config.Bounces{Domain: "bounces.example", Listen: "127.0.0.1:0", Operator: "admin@vestnik.example"}
	h := start(t, c)
	letter := []byte("From: neighbour@example.org\r\nSubject: =?utf-8?b?0JbQsNC70L7QsdCw?=\r\n\r\nYour mail is spam.\r\n.\r\nReally.\r\n")
	for range 2 { // whose server did not hear the answer comes again
		if err := smtp.SendMail(h.Bounces, nil, "neighbour@example.org", []string{"Postmaster@bounces.example"}, letter); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "the operator's mail", func() bool { return sink.Count() == 2 })
	got := sink.Mails()
	mail, err := enmime.ReadEnvelope(bytes.NewReader(got[0].Raw))
	if err != nil || len(mail.Errors) > 0 || len(mail.Attachments) != 1 {
		t.Fatalf("%v %+v\n%s", err, mail, got[0].Raw)
	}
	file := mail.Attachments[0]
	if got[0].To[0] != "admin@vestnik.example" || mail.GetHeader("From") != "Вестник <postmaster@bounces.example>" || mail.GetHeader("Subject") != "Письмо на postmaster@bounces.example" ||
		file.FileName != "letter.eml" || !bytes.Equal(file.Content, letter) {
		t.Errorf("the operator got %q: %+v", file.Content, mail.Root.Header)
	}
	if again, _ := enmime.ReadEnvelope(bytes.NewReader(got[1].Raw)); again.GetHeader("Message-Id") != mail.GetHeader("Message-Id") {
		t.Error("the same letter has two names")
	}
	err = smtp.SendMail(h.Bounces, nil, "admin@vestnik.example", []string{"postmaster@bounces.example"}, got[0].Raw)
	if err == nil || !strings.Contains(err.Error(), "loop") {
		t.Errorf("our own mail is taken for a letter of a person: %v", err)
	}
	await(t, "the metrics", func() bool {
		_, text := fetch(t, "http://"+h.Addr+"/metrics")
		return strings.Contains(text, `vestnik_inbound_total{class="personal"} 2`) && strings.Contains(text, `vestnik_inbound_total{class="loop"} 1`)
	})
}
