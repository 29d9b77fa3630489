package email

import (
	"bytes"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/jhillyerd/enmime/v2"

	"vestnik/engine"
)

var noon = time.Date(2026, 11, 5, 12, 0, 0, 0, time.FixedZone("", 5*3600))

// compose writes a letter and takes the final dot off again.
func compose(t testing.TB, p engine.Provider, msg engine.Message) []byte {
	t.Helper()
	from, err := senderOf(p)
	if err != nil {
		t.Fatal(err)
	}
	block, err := new(letter).compose(from, msg.Recipient.Email, &msg, noon)
	if err != nil {
		t.Fatal(err)
	}
	message, ended := bytes.CutSuffix(block, []byte("\r\n.\r\n"))
	if !ended || bytes.Contains(block, []byte("\n.")) && bytes.Index(block, []byte("\n.")) < len(message) {
		t.Fatalf("the block is not in the form it has after DATA:\n%s", block)
	}
	return append(message, "\r\n"...)
}

// unix undoes the line ends of the wire (RFC 2045 §6.8).
func unix(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

func TestLetter(t *testing.T) {
	msg := bills(1)[0]
	msg.Content.Subject = "Счёт за октябрь 2026 г.: 1 234,56 ₽, лицевой счёт 12345, дом на улице Героев Советского Союза"
	raw := compose(t, utility.Provider, msg)
	for line := range strings.SplitSeq(string(raw), "\r\n") {
		if len(line) > 78 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("a bad line of %d characters: %q", len(line), line)
		}
	}
	got, err := enmime.ReadEnvelope(bytes.NewReader(raw))
	if err != nil || len(got.Errors) > 0 {
		t.Fatal(err, got.Errors)
	}
	for field, want := range map[string]string{
		"Subject": msg.Content.Subject, "From": "УК «Заря» <bill@zarya.example>", "Reply-To": "<office@zarya.example>",
		"To": "<resident0@example.org>", "Message-Id": "<c1-0-email@zarya.example>", "Date": "Thu, 05 Nov 2026 12:00:00 +0500",
		"Auto-Submitted": "auto-generated", "Mime-Version": "1.0",
		"List-Unsubscribe": "<" + msg.Content.Unsubscribe + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
	} {
		if got := got.GetHeader(field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	if unix(got.Text) != msg.Content.Text || unix(got.HTML) != msg.Content.HTML {
		t.Errorf("the bodies are changed:\n%q\n%q", got.Text, got.HTML)
	}
	if kind := got.Root.ContentType; kind != "multipart/alternative" || got.Root.FirstChild.ContentType != "text/plain" {
		t.Errorf("the message is %s, first %s", kind, got.Root.FirstChild.ContentType)
	}
}

func TestLetterOfTextAlone(t *testing.T) {
	msg := engine.Message{Key: "a key\r\nwith anything", Recipient: &engine.Recipient{Email: "a@b.example"},
		Content: engine.Content{Subject: "Two\r\nBcc: x@y.example", Text: ".\n.начало с точки\r\n"}}
	got, err := enmime.ReadEnvelope(bytes.NewReader(compose(t, utility.Provider, msg)))
	if err != nil || len(got.Errors) > 0 {
		t.Fatal(err, got.Errors)
	}
	if unix(got.Text) != ".\n.начало с точки\n" || got.GetHeader("Subject") != "Two Bcc: x@y.example" || got.GetHeader("Bcc") != "" {
		t.Errorf("text %q, subject %q", got.Text, got.GetHeader("Subject"))
	}
	if id := got.GetHeader("Message-Id"); strings.ContainsAny(id, " \r\n") || id != "<"+messageID(msg.Key)+"@zarya.example>" {
		t.Errorf("Message-ID %q", id)
	}
	if got.GetHeader("List-Unsubscribe") != "" {
		t.Error("an unsubscribe is offered that nobody asked for")
	}
}

func TestLetterThatCannotBeWritten(t *testing.T) {
	from, err := senderOf(utility.Provider)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range []engine.Content{
		{Subject: strings.Repeat("x", 1000)},
		{Subject: "s", Unsubscribe: "https://x.example/>\r\nBcc: y@z.example"},
		{Subject: "s", Unsubscribe: "ftp://x.example/"},
	} {
		if _, err := new(letter).compose(from, "a@b.example", &engine.Message{Key: "k", Content: content}, noon); err == nil {
			t.Errorf("%.60q, to be unsubscribed at %q, was written", content.Subject, content.Unsubscribe)
		}
	}
}

func TestSenderOf(t *testing.T) {
	for _, test := range []struct{ name, from, replyTo, want string }{
		{"УК «Заря»", "bill@zarya.example", "", `"УК «Заря»" <bill@zarya.example>`},
		{"УК «Заря»", "Бухгалтерия <bill@zarya.example>", "", `"Бухгалтерия" <bill@zarya.example>`},
		{"Zarya, Ltd.", "bill@zarya.example", "", `"Zarya, Ltd." <bill@zarya.example>`},
		{"x", "bill@заря.рф", "", `"x" <bill@xn--80an2a1d.xn--p1ai>`},
		{"x\r\nBcc: a@b.example", "bill@zarya.example", "", "\"x\\r\\nBcc: a@b.example\" <bill@zarya.example>"},
		{"x", "", "", ""},
		{"x", "not an address", "", ""},
		{"x", "счета@zarya.example", "", ""},
		{"x", "bill@zarya.example", "nobody", ""},
	} {
		got, err := senderOf(engine.Provider{Name: test.name, Settings: map[string]string{"email.from": test.from, "email.reply_to": test.replyTo}})
		if (err != nil) != (test.want == "") {
			t.Errorf("%q: %v", test.from, err)
		}
		if err != nil {
			continue
		}
		parsed, err := mail.ReadMessage(strings.NewReader(string(got.fields) + "\r\n"))
		if err != nil {
			t.Fatalf("%q: %v", got.fields, err)
		}
		address, err := mail.ParseAddress(parsed.Header.Get("From"))
		if err != nil || len(parsed.Header) != 3 {
			t.Fatalf("%q: %v", got.fields, err)
		}
		want := `"` + address.Name + `" <` + address.Address + `>`
		if strings.ReplaceAll(strings.ReplaceAll(want, "\r", `\r`), "\n", `\n`) != test.want {
			t.Errorf("%q is %s, want %s", test.from, want, test.want)
		}
	}
}

func TestMailbox(t *testing.T) {
	for address, want := range map[string]string{
		"ivan@example.org": "ivan@example.org", " ivan@example.org ": "ivan@example.org", "i.v+tag@EXAMPLE.org": "i.v+tag@EXAMPLE.org",
		"ivan@почта.рф": "ivan@xn--80a1acny.xn--p1ai", "o'neil@x.example": "o'neil@x.example",
		"": "", "ivan": "", "@x.example": "", "ivan@": "", "a@b@c": "", "a b@c.example": "", "a@b c": "", "иван@example.org": "", "a@-b.example": "",
		".a@b.example": "", "a..b@c.example": "", "a@b..example": "", "a@b.example>\r\nRCPT TO:<c@d.example": "", "a\r\n@b.example": "", `"a b"@c.example`: "",
		strings.Repeat("a", 65) + "@b.example": "", "a@" + strings.Repeat("b", 64) + ".example": "",
	} {
		got, err := mailbox(address)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v, want %q", address, got, err, want)
		}
		if err != nil && len(address) > 2 && strings.Contains(err.Error(), address) {
			t.Errorf("the error repeats %q", address)
		}
	}
}

// FuzzLetter checks that nothing in a message can break out of its place: headers stay as many as they are, dots need no doubling, and
// the bodies arrive.
func FuzzLetter(f *testing.F) {
	f.Add("Счёт", "текст\n.\nещё", "<p>.</p>", "key", "https://x.example/u")
	f.Add("a\r\n\r\nb", "\r\n.\r\n", "\r\n--=_vestnik--\r\n", "\r\n", "")
	f.Fuzz(func(t *testing.T, subject, text, html, key, unsubscribe string) {
		from, err := senderOf(utility.Provider)
		if err != nil {
			t.Fatal(err)
		}
		msg := engine.Message{Key: key, Content: engine.Content{Subject: subject, Text: text, HTML: html, Unsubscribe: unsubscribe}}
		block, err := new(letter).compose(from, "a@b.example", &msg, noon)
		if err != nil {
			return
		}
		if i := bytes.Index(block, []byte("\n.")); i != len(block)-len("\n.\r\n") {
			t.Fatalf("a line begins with a dot:\n%s", block)
		}
		parsed, err := mail.ReadMessage(bytes.NewReader(block))
		if err != nil {
			t.Fatalf("%v:\n%s", err, block)
		}
		for field := range parsed.Header {
			if !strings.Contains(" From Reply-To To Subject Message-Id Date Auto-Submitted Mime-Version Content-Type Content-Transfer-Encoding List-Unsubscribe List-Unsubscribe-Post ", " "+field+" ") {
				t.Errorf("a field %q has come in", field)
			}
		}
	})
}
