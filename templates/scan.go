package templates

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// datum is one JSON value as it lies in its document, not decoded before somebody needs it. The zero datum is absent.
type datum struct {
	kind datumKind
	text string // of a string: what stands between the quotes; of anything else: its JSON
}

type datumKind uint8

const (
	absent datumKind = iota
	plain            // a string that needs no decoding
	escaped          // a string with backslashes
	number
	boolean
	array
	object
)

// plainDatum is a string that came otherwise than in JSON; an empty one is absent.
func plainDatum(s string) datum {
	if s == "" {
		return datum{}
	}
	return datum{plain, s}
}

// str gives the text of a string or a number, without spaces around it.
func (d datum) str() (string, bool) {
	switch d.kind {
	case plain, number:
		return strings.TrimSpace(d.text), true
	case escaped:
		var s string
		err := json.Unmarshal([]byte(`"`+d.text+`"`), &s)
		return strings.TrimSpace(s), err == nil
	}
	return "", false
}

// blank reports whether there is nothing to show: no value, null, or a string of spaces.
func (d datum) blank() bool {
	return d.kind == absent || d.kind == plain && strings.TrimSpace(d.text) == ""
}

// scanner walks a JSON document without building anything from it. It finds values; it does not judge what lies inside of those that
// nobody asks for.
type scanner struct {
	s  string
	at int
}

// eachMember calls visit for every member of the object and reports whether the document is one.
func eachMember(doc string, visit func(key datum, value datum)) bool {
	sc := scanner{s: doc}
	if !sc.take('{') {
		return false
	}
	if sc.take('}') {
		return sc.end()
	}
	for {
		key, ok := sc.value()
		if !ok || key.kind != plain && key.kind != escaped || !sc.take(':') {
			return false
		}
		value, ok := sc.value()
		if !ok {
			return false
		}
		visit(key, value)
		if sc.take('}') {
			return sc.end()
		}
		if !sc.take(',') {
			return false
		}
	}
}

// eachElement calls visit for every element of the array and reports whether the document is one.
func eachElement(doc string, visit func(value datum)) bool {
	sc := scanner{s: doc}
	if !sc.take('[') {
		return false
	}
	if sc.take(']') {
		return sc.end()
	}
	for {
		value, ok := sc.value()
		if !ok {
			return false
		}
		visit(value)
		if sc.take(']') {
			return sc.end()
		}
		if !sc.take(',') {
			return false
		}
	}
}

func (sc *scanner) space() {
	for sc.at < len(sc.s) && (sc.s[sc.at] == ' ' || sc.s[sc.at] == '\n' || sc.s[sc.at] == '\t' || sc.s[sc.at] == '\r') {
		sc.at++
	}
}

func (sc *scanner) take(c byte) bool {
	sc.space()
	if sc.at < len(sc.s) && sc.s[sc.at] == c {
		sc.at++
		return true
	}
	return false
}

func (sc *scanner) end() bool {
	sc.space()
	return sc.at == len(sc.s)
}

// value reads the next value.
func (sc *scanner) value() (datum, bool) {
	sc.space()
	if sc.at == len(sc.s) {
		return datum{}, false
	}
	start := sc.at
	switch c := sc.s[sc.at]; {
	case c == '"':
		return sc.quoted()
	case c == '{' || c == '[':
		kind := object
		if c == '[' {
			kind = array
		}
		ok := sc.skip()
		return datum{kind, sc.s[start:sc.at]}, ok
	}
	for sc.at < len(sc.s) && strings.IndexByte(",]} \n\t\r:", sc.s[sc.at]) < 0 {
		sc.at++
	}
	switch word := sc.s[start:sc.at]; word {
	case "null":
		return datum{}, true
	case "true", "false":
		return datum{boolean, word}, true
	default:
		return datum{number, word}, word != "" && (word[0] == '-' || word[0] >= '0' && word[0] <= '9')
	}
}

// quoted reads a string. sc stands on its first quote.
func (sc *scanner) quoted() (datum, bool) {
	sc.at++
	start, kind := sc.at, plain
	for sc.at < len(sc.s) {
		switch sc.s[sc.at] {
		case '"':
			text := sc.s[start:sc.at]
			sc.at++
			return datum{kind, text}, true
		case '\\':
			kind = escaped
			sc.at++
		}
		sc.at++
	}
	sc.at = len(sc.s)
	return datum{}, false
}

// skip passes over an object or an array by counting brackets outside of strings. sc stands on the first bracket.
func (sc *scanner) skip() bool {
	depth := 0
	for sc.at < len(sc.s) {
		switch sc.s[sc.at] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				sc.at++
				return true
			}
		case '"':
			if _, ok := sc.quoted(); !ok {
				return false
			}
			continue
		}
		sc.at++
	}
	return false
}

// clean takes out of a text what no message may carry: bytes that are not UTF-8, control characters other than a new line or a tab, and the
// marks that turn the direction of writing and so can disguise what is read.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\n' && c != '\t' || c == 0x7F || c == 0xC2 || c == 0xD8 || c == 0xE2 {
			return strings.Map(keep, s) // perhaps one of them: these bytes begin them all
		}
	}
	return s
}

func keep(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case r < ' ', r >= 0x7F && r <= 0x9F, // controls
		r == 0x061C, r == 0x200E, r == 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069, // directions
		r == 0x2028, r == 0x2029: // separators that some readers take for a new line
		return -1
	}
	return r
}

// oneLine makes a single line of a text. No-break spaces stay.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\n\t") && !strings.Contains(s, "  ") {
		return strings.TrimSpace(s)
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' }), " ")
}
