package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/channels/email"
	"vestnik/engine"
	"vestnik/templates"
	"vestnik/templates/enclosed"
)

// opened is what a mail program written in another language makes of a message.
type opened struct {
	Subject, Text, HTML string
	From, To            []string
	Files               []struct{ Name, Type, Begins string }
	Events              []string // of the calendars that came along
	Defects             []string
}

// inPython opens a message by Python's own parser, and its calendars by python3-icalendar.
func inPython(t *testing.T, raw []byte) (got opened) {
	t.Helper()
	python := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", `
import sys, json, email, email.policy, icalendar
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.SMTP)
who = lambda name: [p for a in m[name].addresses for p in (a.display_name, a.addr_spec)]
files = list(m.iter_attachments())
print(json.dumps({"subject": m["Subject"], "from": who("From"), "to": who("To"),
  "text": m.get_body(("plain",)).get_content(), "html": m.get_body(("html",)).get_content(),
  "files": [{"name": f.get_filename(), "type": f.get_content_type(), "begins": f.get_payload(decode=True)[:5].decode()} for f in files],
  "events": [str(e["SUMMARY"]) for f in files if f.get_content_type() == "text/calendar" for e in icalendar.Calendar.from_ical(f.get_payload(decode=True)).walk("VEVENT")],
  "defects": [str(d) for p in m.walk() for d in p.defects] + [str(d) for p in m.walk() for h in p.values() for d in h.defects]}))`)
	python.Stdin = bytes.NewReader(raw)
	var complaint bytes.Buffer
	python.Stderr = &complaint
	out, err := python.Output()
	if err != nil {
		t.Fatalf("python3: %v (.ci/install installs what is missing)\n%s", err, complaint.String())
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// somewhere are links as the engine makes them.
type somewhere struct{}

func (somewhere) Open() string        { return "https://v.example/t/o/x" }
func (somewhere) Click(int) string    { return "https://v.example/t/c/x" }
func (somewhere) Unsubscribe() string { return "https://v.example/u/x" }
func (somewhere) Document() string    { return "https://v.example/d/x" }

// TestEveryLetterIsOpenedInPython writes a believable letter of every built-in template as it goes over the wire, and has the mail parser of another
// language open it: nothing is amiss, every word has arrived, and what is enclosed is what it says.
func TestEveryLetterIsOpenedInPython(t *testing.T) {
	text, err := os.ReadFile("../../templates/testdata/believable.json")
	if err != nil {
		t.Fatal(err)
	}
	var vars map[string]json.RawMessage
	if err := json.Unmarshal(text, &vars); err != nil {
		t.Fatal(err)
	}
	library := templates.Builtin()
	texts, err := enclosed.New(library)
	if err != nil {
		t.Fatal(err)
	}
	channel, err := email.New(email.Config{Relays: []email.Relay{{Host: "127.0.0.1", Port: "1"}}, Bounces: "bounces.example"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = channel.Close() }()
	for _, info := range library.List() {
		letter := believableLetter(info.Kind, vars[info.Name])
		text, err := texts.Open(t.Context(), engine.TemplateRef{Name: info.Name})
		if err != nil {
			t.Fatal(err)
		}
		content, err := text.Render(engine.Email, letter)
		if err != nil {
			t.Fatal(err)
		}
		msg := &engine.Message{Key: "c1-0-email", Recipient: letter.Recipient, Content: content, Return: strings.Repeat("0123456789", 4)}
		raw, err := channel.Source(engine.Sender{Provider: letter.Provider, Campaign: letter.Campaign}, msg, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		wantLetter(t, info.Name, content, inPython(t, raw))
		for line := range strings.SplitSeq(string(raw), "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n") || strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
				t.Errorf("%s: a line that relays may break: %q", info.Name, line)
			}
		}
	}
}

// wantLetter compares what was opened with what was written.
func wantLetter(t *testing.T, name string, content engine.Content, got opened) {
	t.Helper()
	same := func(a, b string) bool {
		return strings.TrimSpace(strings.ReplaceAll(a, "\r\n", "\n")) == strings.TrimSpace(strings.ReplaceAll(b, "\r\n", "\n"))
	}
	if len(got.Defects) > 0 || got.Subject != content.Subject || !same(got.Text, content.Text) || !same(got.HTML, content.HTML) {
		t.Errorf("%s is opened as %q with %q:\n%s", name, got.Subject, got.Defects, got.Text)
	}
	if !slices.Equal(got.From, []string{"ООО «УК Уютный дом»", "schet@xn--e1afmkfd.xn--p1ai"}) || !slices.Equal(got.To, []string{"", "ivanova@xn--80aswg.xn--p1ai"}) {
		t.Errorf("%s: from %q to %q", name, got.From, got.To)
	}
	want := map[string]struct{ file, kind, begins string }{
		"bill-monthly": {"Квитанция 2026-10 7700123456.pdf", "application/pdf", "%PDF-"},
	}
	for _, event := range []string{"outage-planned", "meeting-planned", "meeting-started"} {
		want[event] = struct{ file, kind, begins string }{"", "text/calendar", "BEGIN"}
	}
	is, some := want[name]
	if some != (len(got.Files) == 1) || len(got.Files) > 1 || (is.begins == "BEGIN") != (len(got.Events) == 1) {
		t.Fatalf("%s has the files %+v, the events %q", name, got.Files, got.Events)
	}
	if some && (got.Files[0].Type != is.kind || got.Files[0].Begins != is.begins || is.file != "" && got.Files[0].Name != is.file || got.Files[0].Name == "") {
		t.Errorf("%s has the file %+v", name, got.Files[0])
	}
}

// believableLetter is what a resident of a Cyrillic mail domain is written, by a provider of another.
func believableLetter(kind engine.Kind, vars json.RawMessage) *engine.Letter {
	letter := &engine.Letter{Campaign: engine.Campaign{ID: "c1", Kind: kind, CreatedAt: time.Now()}, Links: somewhere{},
		Provider: engine.Provider{Name: "ООО «УК Уютный дом»", INN: "6671000001", Timezone: "Asia/Yekaterinburg", Settings: map[string]string{
			"email.from": "schet@пример.рф", "payment.account": "40702810900000000001", "payment.bank": "Уральский банк ПАО Сбербанк", "payment.inn": "6671000001",
			"payment.kpp": "667101001", "payment.bic": "046577674", "payment.corr_account": "30101810500000000674", "payment.url": "https://pay.example.ru/{document_id}"}},
		Recipient: &engine.Recipient{Account: "7700123456", Name: "Иванова Мария Петровна", Email: "ivanova@сайт.рф", Vars: vars}}
	if kind.Payable() {
		sum := engine.Money(8150_35)
		letter.Recipient.Amount, letter.Recipient.Period, letter.Recipient.DueDate, letter.Recipient.DocumentID = &sum, "2026-10", "2026-11-10", "70АА123456-01-6101"
	}
	return letter
}
