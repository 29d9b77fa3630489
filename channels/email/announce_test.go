package email

import (
	"bytes"
	"encoding/json"
	"net/mail"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// seen is what a mail program reads of a message.
type seen struct {
	Fields  map[string]string
	Order   []string
	To      []string
	Date    string
	Text    string
	HTML    string
	Defects []string
}

// readByPython has the parser of another family read a message.
func readByPython(t testing.TB, raw []byte) (read seen) {
	t.Helper()
	python := exec.CommandContext(t.Context(), "python3", "-c", `
import sys, json, email, email.errors, email.policy
m = email.message_from_string(sys.stdin.buffer.read().decode(), policy=email.policy.SMTPUTF8)
defects = [str(d) for p in m.walk() for d in p.defects] + [str(d) for h in m.values() for d in h.defects if not isinstance(d, email.errors.NonASCIILocalPartDefect)]
part = lambda kind: (m.get_body((kind,)) or email.message_from_string("", policy=email.policy.default)).get_content()
print(json.dumps({"fields": dict(m.items()), "order": m.keys(), "to": [a.addr_spec for a in m["To"].addresses], "date": m["Date"].datetime.isoformat(),
  "text": part("plain"), "html": part("html"), "defects": defects}))`)
	python.Stdin = bytes.NewReader(raw)
	out, err := python.Output()
	if err != nil {
		t.Fatalf("python3: %v (apt-get install -y python3)", err)
	}
	if err := json.Unmarshal(out, &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// TestFieldsOfKinds sends a message of each kind and has Python read what a mail program, a postmaster and a filter go by.
func TestFieldsOfKinds(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	channel := open(t, Config{}, sink.URL())
	for _, kind := range engine.Kinds() {
		from, msg := signing(nil), bills(1)[0]
		from.Campaign.Kind = kind
		offered := kind == engine.KindAd || kind == engine.KindDebt // as package templates writes it
		if !offered {
			msg.Content.Unsubscribe = ""
		}
		if fault := channel.Send(t.Context(), from, []engine.Message{msg})[0].Fault; fault != nil {
			t.Fatal(fault)
		}
		mails := sink.Mails()
		raw := mails[len(mails)-1].Raw
		got := readByPython(t, raw)
		want := map[string]string{
			"From": "УК «Заря» <bill@zarya.example>", "Reply-To": "office@zarya.example", "To": "resident0@example.org", "Subject": msg.Content.Subject,
			"Message-ID": "<c1-0-email@zarya.example>", "Auto-Submitted": "auto-generated", "MIME-Version": "1.0",
			"Feedback-ID": "c1:" + string(kind) + ":p1:vestnik", "X-Postmaster-Msgtype": string(kind),
		}
		if kind == engine.KindAd {
			want["Precedence"] = "bulk"
		}
		if offered {
			want["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
			want["List-Unsubscribe"] = "<https://vestnik.example/u/AQIDBAUGBwgJCgsMDQ4PEBESExQ>"
		}
		for _, name := range got.Order {
			if value, known := want[name]; known && strings.Trim(got.Fields[name], "<>") != strings.Trim(value, "<>") {
				t.Errorf("%s: %s is %q, want %q", kind, name, got.Fields[name], value)
			} else if !known && name != "Date" && name != "Content-Type" {
				t.Errorf("%s: a field %s: %s", kind, name, got.Fields[name])
			}
			delete(want, name)
		}
		if len(want) > 0 || len(got.Defects) > 0 || slices.Compare(got.To, []string{"resident0@example.org"}) != 0 {
			t.Errorf("%s: not there: %v; defects: %v; to %v", kind, want, got.Defects, got.To)
		}
		if unix(got.Text) != msg.Content.Text || unix(got.HTML) != msg.Content.HTML {
			t.Errorf("%s: the bodies are changed:\n%q\n%q", kind, got.Text, got.HTML)
		}
		for line := range strings.SplitSeq(string(raw), "\r\n") {
			if len(line) > 78 {
				t.Errorf("%s: a line of %d characters: %q", kind, len(line), line)
			}
		}
	}
}

// TestAddressesInRussian writes to Cyrillic domains through any relay, to Cyrillic names through those that offer SMTPUTF8.
func TestAddressesInRussian(t *testing.T) {
	modern, old := startSink(t, mailtest.Options{UTF8: true}), startSink(t, mailtest.Options{})
	addresses := []string{"ivan@почта.рф", "иван@почта.рф", "иван+дом@example.org", "ivan@example.org"}
	for i, result := range open(t, Config{Connections: 1}, modern.URL()).Send(t.Context(), signing(map[string]string{SettingKey: testKeys().ed25519}), to(addresses...)) {
		if result.Fault != nil {
			t.Errorf("%s: %v", addresses[i], result.Fault)
		}
	}
	for i, mail := range modern.Mails() {
		want := strings.Replace(addresses[i], "почта.рф", "xn--80a1acny.xn--p1ai", 1)
		if got := readByPython(t, mail.Raw); mail.To[0] != want || got.To[0] != want || len(got.Defects) > 0 {
			t.Errorf("to %s in the envelope, %v in the header, want %s; %v", mail.To[0], got.To, want, got.Defects)
		}
		if list := verify(t, mail.Raw, records(t, signing(map[string]string{SettingKey: testKeys().ed25519}))); len(list) != 1 || !list[0].Valid {
			t.Errorf("to %s: %+v", want, list)
		}
	}
	for i, result := range open(t, Config{Connections: 1}, old.URL()).Send(t.Context(), utility, to(addresses...)) {
		if ascii := i == 0 || i == 3; ascii && result.Fault != nil || !ascii && result.Fault == nil {
			t.Errorf("%s: %v", addresses[i], result.Fault)
		} else if !ascii {
			wantFault(t, result, engine.BadAddress, "")
			if strings.Contains(result.Fault.Error(), "иван") {
				t.Errorf("the address is shown: %v", result.Fault)
			}
		}
	}
	if old.Count() != 2 {
		t.Errorf("%d messages arrived by the old relay", old.Count())
	}
}

// TestNamesOfSenders writes names as RFC 2047 wants them: read back whole, and in lines of 76 characters.
func TestNamesOfSenders(t *testing.T) {
	for _, name := range []string{
		"УК «Заря»", "ООО «Управляющая компания жилищно-коммунального хозяйства Орджоникидзевского района города Екатеринбурга»", "Zarya, Ltd. (UK)",
		`a "quoted" \ name`, "😀 Дом", "Ы", strings.Repeat("длинное", 40),
	} {
		p := utility.Provider
		p.Name = name
		raw := compose(t, p, bills(1)[0])
		read, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		if from, err := mail.ParseAddress(read.Header.Get("From")); err != nil || from.Name != name || from.Address != "bill@zarya.example" {
			t.Errorf("%q is read as %v, %v", name, from, err)
		}
		if defects := readByPython(t, raw).Defects; len(defects) > 0 {
			t.Errorf("%q: %v", name, defects)
		}
		for line := range strings.SplitSeq(string(raw), "\r\n") {
			if limit := map[bool]int{true: 76, false: 78}[strings.Contains(line, "=?")]; len(line) > limit {
				t.Errorf("%q: a line of %d characters: %q", name, len(line), line)
			}
		}
	}
}
