// Package calendar writes a span of time as a file that every calendar program takes (RFC 5545), to be published (RFC 5546 §3.2.1): nobody is
// asked to answer. Times are told in UTC, which every program turns into the time of its owner, so no rules of time zones have to travel along. It
// reads nothing and keeps nothing.
package calendar

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Type is the media type of what Write gives.
const Type = "text/calendar; charset=utf-8; method=PUBLISH"

// Event is what happens and when.
type Event struct {
	ID          string    // the same whenever it is told again: calendars know by it what they have
	Stamp       time.Time // when it was announced
	Begin       time.Time
	End         time.Time // zero, or not after Begin: open
	Summary     string    // what
	Description string    // all there is to say; may have several lines, or be empty
	Location    string    // may be empty
	URL         string    // where to read more; may be empty
	Organizer   string    // the name of who announces it
	Mail        string    // the address of who announces it; empty: none is told
}

// Write gives the file.
func Write(e Event) []byte {
	var w writer
	w.line("BEGIN:VCALENDAR")
	w.line("VERSION:2.0")
	w.line("PRODID:-//Vestnik//Vestnik//RU")
	w.line("METHOD:PUBLISH")
	w.line("BEGIN:VEVENT")
	w.line("UID:" + escape(e.ID))
	w.line("DTSTAMP:" + moment(e.Stamp))
	w.line("DTSTART:" + moment(e.Begin))
	if e.End.After(e.Begin) {
		w.line("DTEND:" + moment(e.End))
	}
	w.line("SUMMARY:" + escape(e.Summary))
	for _, field := range []struct{ name, value string }{{"DESCRIPTION", escape(e.Description)}, {"LOCATION", escape(e.Location)}, {"URL", oneWord(e.URL)}} {
		if field.value != "" {
			w.line(field.name + ":" + field.value)
		}
	}
	if e.Mail != "" {
		w.line(`ORGANIZER;CN="` + quoted(e.Organizer) + `":mailto:` + oneWord(e.Mail))
	}
	w.line("TRANSP:TRANSPARENT") // who has no water is not busy
	w.line("END:VEVENT")
	w.line("END:VCALENDAR")
	return w.out
}

func moment(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// writer folds lines (§3.1).
type writer struct{ out []byte }

// line writes a line of at most 75 bytes, and what is longer on lines that begin with a space; a letter is never torn.
func (w *writer) line(text string) {
	room := 75
	for len(text) > room {
		cut := room
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		w.out = append(append(w.out, text[:cut]...), "\r\n "...)
		text, room = text[cut:], 74
	}
	w.out = append(append(w.out, text...), "\r\n"...)
}

// escape makes a text a value (§3.3.11).
func escape(text string) string {
	text = strings.ReplaceAll(strings.TrimSpace(strings.ToValidUTF8(text, "\uFFFD")), "\r\n", "\n")
	var b strings.Builder
	for _, letter := range text {
		switch {
		case letter == '\\' || letter == ';' || letter == ',':
			b.WriteByte('\\')
			b.WriteRune(letter)
		case letter == '\n':
			b.WriteString(`\n`)
		case unicode.IsControl(letter):
			b.WriteByte(' ')
		default:
			b.WriteRune(letter)
		}
	}
	return b.String()
}

// quoted makes a text fit to stand between quotes (§3.2): there is no way to write a quote there.
func quoted(text string) string {
	return strings.Map(func(letter rune) rune {
		switch {
		case letter == '"':
			return '\''
		case unicode.IsControl(letter):
			return ' '
		}
		return letter
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

// oneWord leaves out what cannot stand in an address.
func oneWord(address string) string {
	return strings.Map(func(letter rune) rune {
		if unicode.IsSpace(letter) || unicode.IsControl(letter) {
			return -1
		}
		return letter
	}, strings.ToValidUTF8(address, ""))
}
