package email

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jhillyerd/enmime/v2"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// enclosing is a message with a bill, which is made when it is sent, and an entry for calendars.
func enclosing(pdf []byte) engine.Message {
	msg := bills(1)[0]
	msg.Content.Files = []engine.File{
		{Name: "Квитанция 2026-10 4077000001 \"№ 5\"; дом.pdf", Type: "application/pdf", Make: func() ([]byte, error) { return pdf, nil }},
		{Name: "event.ics", Type: "text/calendar; charset=utf-8; method=PUBLISH", Data: []byte("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")},
	}
	return msg
}

// anything are bytes such as files have: all of them, and ends of lines and dots where they could do harm.
func anything() []byte {
	data := []byte(".\r\n..\n\r\n.\r\n")
	for i := range 10_000 {
		data = append(data, byte(i*i>>3))
	}
	return data
}

func TestFilesArriveAsTheyWere(t *testing.T) {
	msg := enclosing(anything())
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
	if unix(got.Text) != unix(msg.Content.Text)+"\n" && unix(got.Text) != unix(msg.Content.Text) || unix(got.HTML) != unix(msg.Content.HTML) {
		t.Errorf("the text is %q, the HTML %q", got.Text, got.HTML)
	}
	if len(got.Attachments) != 2 {
		t.Fatalf("%d files have arrived", len(got.Attachments))
	}
	for i, file := range got.Attachments {
		want, _ := msg.Content.Files[i].Bytes()
		if file.FileName != msg.Content.Files[i].Name || !bytes.Equal(file.Content, want) {
			t.Errorf("file %d is called %q and has %d bytes", i, file.FileName, len(file.Content))
		}
	}
}

// TestFilesAreReadInPython has a parser of another language read the message.
func TestFilesAreReadInPython(t *testing.T) {
	msg := enclosing(anything())
	file := filepath.Join(t.TempDir(), "message.eml")
	if err := os.WriteFile(file, compose(t, utility.Provider, msg), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("/usr/bin/python3", "-c", `
import email, email.policy, json, sys
m = email.message_from_file(open(sys.argv[1], newline=""), policy=email.policy.default)
print(json.dumps({
  "text": m.get_body(("plain",)).get_content(), "html": m.get_body(("html",)).get_content(),
  "files": [[a.get_filename(), a.get_content_type(), a.get_param("method"), len(a.get_payload(decode=True))] for a in m.iter_attachments()],
  "defects": [str(d) for p in m.walk() for d in p.defects]}))`, file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Text, HTML string
		Files      [][]any
		Defects    []string
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	same := func(a, b string) bool { return strings.TrimSpace(unix(a)) == strings.TrimSpace(unix(b)) }
	if !same(got.Text, msg.Content.Text) || !same(got.HTML, msg.Content.HTML) || len(got.Defects) > 0 {
		t.Errorf("python reads %+v", got)
	}
	want := [][]any{{msg.Content.Files[0].Name, "application/pdf", nil, float64(len(anything()))}, {"event.ics", "text/calendar", "PUBLISH", float64(32)}}
	if a, b := mustJSON(t, got.Files), mustJSON(t, want); a != b {
		t.Errorf("the files are %s, want %s", a, b)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestFileThatCannotBeMade fails its own message for good and no other.
func TestFileThatCannotBeMade(t *testing.T) {
	sink, err := mailtest.Start(mailtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.Close()
	c := open(t, Config{}, sink.URL())
	msgs := bills(3)
	msgs[1].Content.Files = []engine.File{{Name: "bill.pdf", Type: "application/pdf", Make: func() ([]byte, error) { return nil, errors.New("it does not agree") }}}
	results := c.Send(t.Context(), utility, msgs)
	for i, result := range results {
		if bad := result.Fault != nil; bad != (i == 1) || bad && result.Fault.Reason != engine.BadMessage {
			t.Errorf("message %d: %v", i, result.Fault)
		}
	}
	if n := len(sink.Mails()); n != 2 {
		t.Errorf("%d messages have arrived", n)
	}
}

func TestFileWithoutAName(t *testing.T) {
	from, err := senderOf(utility.Provider)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []engine.File{{Type: "application/pdf"}, {Name: "x"}, {Name: "x", Type: "text/plain\r\nBcc: a@b.example"}} {
		msg := engine.Message{Key: "k", Content: engine.Content{Subject: "s", Files: []engine.File{file}}}
		if _, err := new(letter).compose(from, "a@b.example", &msg, noon); err == nil {
			t.Errorf("the file %q of type %q was enclosed", file.Name, file.Type)
		}
	}
}
