package calendar

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// reader has python-icalendar, which knows nothing of us, read a file and tell what it has found.
const reader = `
import icalendar, json, sys
c = icalendar.Calendar.from_ical(open(sys.argv[1], "rb").read())
e, = c.walk("VEVENT")
o = e.get("ORGANIZER")
print(json.dumps({"method": str(c["METHOD"]), "version": str(c["VERSION"]), "errors": [str(x) for x in c.errors + e.errors], "uid": str(e["UID"]),
  "stamp": e["DTSTAMP"].dt.isoformat(), "begin": e["DTSTART"].dt.isoformat(), "end": e["DTEND"].dt.isoformat() if "DTEND" in e else "",
  "summary": str(e["SUMMARY"]), "description": str(e.get("DESCRIPTION", "")), "location": str(e.get("LOCATION", "")), "url": str(e.get("URL", "")),
  "organizer": str(o.params["CN"]) if o else "", "mail": str(o) if o else ""}))`

// found is what it tells.
type found struct {
	Method, Version, UID, Stamp, Begin, End, Summary, Description, Location, URL, Organizer, Mail string
	Errors                                                                                        []string
}

func read(t *testing.T, file []byte) (f found) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "event.ics")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("/usr/bin/python3", "-c", reader, name).Output()
	if err != nil {
		t.Fatalf("python3-icalendar does not read it (.ci/install installs what is missing): %v\n%s", err, file)
	}
	if err := json.Unmarshal(out, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// outage is an event with everything that needs care.
func outage() Event {
	zone := time.FixedZone("", 5*3600)
	return Event{
		ID: "0123456789abcdef@vestnik", Stamp: time.Date(2026, 11, 1, 12, 0, 0, 0, zone),
		Begin: time.Date(2026, 11, 5, 9, 0, 0, 0, zone), End: time.Date(2026, 11, 5, 18, 0, 0, 0, zone),
		Summary:     "Отключение: горячее водоснабжение; дом 5, корпус 2",
		Description: "Замена участка трубопровода: " + strings.Repeat("ж", 200) + "\nТелефон: 8 (800) 000-00-00\r\nПуть C:\\дом",
		Location:    "г. Верхнереченск, ул. Садовая, д. 5; корп. 2", URL: "https://example.ru/?a=1&b=2",
		Organizer: `ООО "УК; Заря", филиал: 1`, Mail: "bills@example.ru",
	}
}

func TestEventIsReadByOthers(t *testing.T) {
	e := outage()
	got := read(t, Write(e))
	want := found{Method: "PUBLISH", Version: "2.0", UID: e.ID, Stamp: "2026-11-01T07:00:00+00:00", Begin: "2026-11-05T04:00:00+00:00",
		End: "2026-11-05T13:00:00+00:00", Summary: e.Summary, Description: strings.ReplaceAll(e.Description, "\r\n", "\n"), Location: e.Location, URL: e.URL,
		Organizer: `ООО 'УК; Заря', филиал: 1`, Mail: "mailto:bills@example.ru"}
	if len(got.Errors) > 0 {
		t.Errorf("errors %q", got.Errors)
	}
	if got.Errors = nil; got.Summary != want.Summary || got.Description != want.Description || got.Location != want.Location ||
		got.Begin != want.Begin || got.End != want.End || got.Stamp != want.Stamp || got.UID != want.UID || got.Method != want.Method ||
		got.Version != want.Version || got.URL != want.URL || got.Organizer != want.Organizer || got.Mail != want.Mail {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestEventOfLittle(t *testing.T) {
	e := Event{ID: "x", Begin: outage().Begin, End: outage().Begin.Add(-time.Hour), Summary: "Отключение"}
	got := read(t, Write(e))
	if got.End != "" || got.Description != "" || got.Mail != "" || got.Summary != "Отключение" || len(got.Errors) > 0 {
		t.Errorf("%+v", got)
	}
}

// FuzzWrite puts anything into an event: no text becomes a line of its own, lines are as short as they must be, and no letter is torn.
func FuzzWrite(f *testing.F) {
	f.Add("a\r\nATTENDEE:mailto:x", "b\nEND:VEVENT", "c", "https://x.example/\r\nX:1", `"; CN="`, "a@b\r\nX:1")
	f.Add(strings.Repeat("ё", 500), "\x00\xff", "\\n", "", "\u2028", "")
	f.Fuzz(func(t *testing.T, id, summary, location, url, organizer, mail string) {
		file := string(Write(Event{ID: id, Summary: summary, Description: summary, Location: location, URL: url, Organizer: organizer, Mail: mail}))
		if !utf8.ValidString(file) {
			t.Fatalf("%q", file)
		}
		lines := strings.Split(strings.TrimSuffix(file, "\r\n"), "\r\n")
		for _, line := range lines {
			if len(line) > 75 || strings.ContainsAny(line, "\r\n\x00") || !utf8.ValidString(line) {
				t.Errorf("%d bytes: %q", len(line), line)
			}
			name, _, _ := strings.Cut(line, ":")
			name, _, _ = strings.Cut(name, ";")
			switch name {
			case "BEGIN", "VERSION", "PRODID", "METHOD", "UID", "DTSTAMP", "DTSTART", "SUMMARY", "DESCRIPTION", "LOCATION", "URL", "ORGANIZER", "TRANSP", "END":
			default:
				if line[0] != ' ' {
					t.Errorf("a line of nobody: %q", line)
				}
			}
		}
		if strings.Count(file, "\r\nEND:VEVENT\r\n") != 1 {
			t.Errorf("%q", file)
		}
	})
}
