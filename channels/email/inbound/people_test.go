package inbound

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// reading has letters to people handed to somebody, and gives what they got.
func (o *office) reading() *tray {
	box := &tray{}
	o.desk.Forward = box.take
	return box
}

// tray is what somebody got to read.
type tray struct {
	mu      sync.Mutex
	trouble error
	letters []Mail
}

func (b *tray) take(_ context.Context, m Mail) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.trouble == nil {
		b.letters = append(b.letters, m)
	}
	return b.trouble
}

// taken is what there is so far.
func (b *tray) taken() []Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.letters)
}

func (b *tray) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.trouble = err
}

// writes hands over a message of somebody.
func (c *caller) writes(to string, raw []byte, want string) {
	c.Helper()
	c.says("MAIL FROM:<somebody@example.org>", "250")
	c.says("RCPT TO:<"+to+">", "250")
	c.says("DATA", "354")
	c.says(string(bytes.ReplaceAll(raw, []byte("\n."), []byte("\n..")))+"\r\n.", want)
}

// TestWhatPersonsGetToRead writes to postmaster@ and abuse@: letters of people are handed on whole, reports about letters of ours are read as anywhere,
// and what machines answer is counted only.
func TestWhatPersonsGetToRead(t *testing.T) {
	o := newOffice(t)
	box, about := o.reading(), o.letter(o.campaign, 5)
	plain := []byte("From: a@example.org\r\nSubject: spam from you\r\n\r\nStop it.\r\n.\r\nPlease.\r\n")
	c := o.call(o.listening(ServerOptions{}))
	c.hears("220")
	c.says("HELO mx.example.org", "250")
	for i, test := range []struct {
		to   string
		raw  []byte
		want Class
	}{
		{"postmaster@bounces.example", plain, Personal},
		{"PostMaster@elsewhere.example", plain, Personal},
		{"abuse@bounces.example", o.mail("person.unknown", about), Personal}, // who quotes a letter of ours
		{"abuse@bounces.example", o.mail("rfc5965.complaint", "NAME"), Personal},
		{"abuse@bounces.example", []byte("Auto-Submitted: auto-generated\r\nSubject: your host is on our list\r\n\r\nx"), Personal},
		{"abuse@bounces.example", []byte("\x00\xff no message at all"), Personal},
		{"abuse@bounces.example", o.mail("mailru.complaint", about), Complaint},
		{"postmaster@bounces.example", o.mail("postfix.hard", about), Hard},
		{"postmaster@bounces.example", o.mail("vacation.auto_reply", "NAME"), Forged},
		{"postmaster@bounces.example", o.mail("postfix.delayed", "NAME"), Forged},
	} {
		before := len(box.taken())
		c.writes(test.to, test.raw, "250")
		if o.counts()[test.want] == 0 {
			t.Errorf("%d: counted %v, want a %s", i, o.counts(), test.want)
		}
		handed := box.taken()[before:]
		if len(handed) != map[bool]int{true: 1}[test.want == Personal] {
			t.Fatalf("%d: %d letters were handed on", i, len(handed))
		}
		if len(handed) == 1 && (handed[0].People != test.to || !bytes.Equal(bytes.TrimRight(handed[0].Raw, "\r\n"), bytes.TrimRight(test.raw, "\r\n"))) {
			t.Errorf("%d: handed on: %q", i, handed[0].Raw)
		}
	}
	c.brings("postmaster@bounces.example", plain, "250") // nobody's: it must not be answered, and is not read
	c.writes("postmaster@bounces.example", o.mail("own.loop", about), "554 5.4.6")
	if got := o.counts(); got[Personal] != 6 || got[Forged] != 3 || got[Loop] != 1 || len(o.observed()) != 2 {
		t.Errorf("counted %v", got)
	}
}

// TestLettersToPeopleThatCannotBeHandedOn has nobody to read, a relay that is down, letters too long, and too many.
func TestLettersToPeopleThatCannotBeHandedOn(t *testing.T) {
	o := newOffice(t)
	c := o.call(o.listening(ServerOptions{}))
	c.hears("220")
	c.says("HELO mx.example.org", "250")
	c.writes("postmaster@bounces.example", []byte("Subject: hello\r\n\r\n"), "250 2.0.0 taken, but nobody is named here to read it")
	box := o.reading()
	box.fail(errors.New("the relay is down"))
	c.writes("postmaster@bounces.example", []byte("Subject: hello\r\n\r\n"), "451 4.3.0")
	box.fail(nil)
	c.writes("abuse@bounces.example", []byte("Subject: proof\r\n\r\n"+strings.Repeat("0123456789\r\n", mostLetter/12+1)), "552 5.3.4")
	c.writes("abuse@bounces.example", []byte("Subject: proof\r\n\r\n"+strings.Repeat("0123456789\r\n", mostLetter/24)), "250")
	if got := box.taken(); len(got) != 1 || len(got[0].Raw) < mostLetter/2 {
		t.Errorf("%d letters were handed on", len(got))
	}
	if got := fmt.Sprint(o.counts()); got != "map[personal:1 put_off:1 rejected:1 unread:1]" {
		t.Errorf("counted %s", got)
	}
}

// TestLettersOfAnHour bounds them, and has those above come again.
func TestLettersOfAnHour(t *testing.T) {
	var h hour
	at := time.Date(2026, 11, 5, 12, 0, 0, 0, time.UTC)
	for i := range mostOfHour + 2 {
		if got := h.allows(at.Add(time.Duration(i) * time.Second)); got != (i < mostOfHour) {
			t.Errorf("letter %d of an hour is handed on: %v", i, got)
		}
	}
	if !h.allows(at.Add(time.Hour)) {
		t.Error("an hour later nothing is handed on")
	}
	o := newOffice(t)
	box := o.reading()
	o.desk.hour = hour{begun: time.Now(), taken: mostOfHour}
	if class, err := o.desk.Take(t.Context(), Mail{People: "abuse@x", Raw: []byte("Subject: one more\r\n\r\n")}); class != PutOff || err == nil || len(box.taken()) > 0 {
		t.Errorf("one more is %s, %v", class, err)
	}
}
