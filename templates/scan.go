package templates

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"vestnik/engine"
)

// datum is one JSON value as it lies in its document, not decoded before somebody needs it. The zero datum is absent.
type datum struct {
	kind datumKind
	text string       // of a string: what stands between the quotes; of anything else: its JSON
	sum  engine.Money // of a sum
}

type datumKind uint8

const (
	absent  datumKind = iota
	plain             // a string that needs no decoding
	escaped           // a string with backslashes
	number
	boolean
	array
	object
	sum // a sum that came otherwise than in JSON
)

// plainDatum is a string that came otherwise than in JSON; an empty one is absent.
func plainDatum(s string) datum {
	if s == "" {
		return datum{}
	}
	return datum{kind: plain, text: s}
}

// str gives the text of a string or a number, without spaces around it.
func (d datum) str() (string, bool) {
	switch d.kind {
	case plain, number:
		return trim(d.text), true
	case escaped:
		var s string
		err := json.Unmarshal([]byte(`"`+d.text+`"`), &s)
		return trim(s), err == nil
	case sum:
		return d.sum.String(), true
	}
	return "", false
}

// money gives the value as a sum.
func (d datum) money() (engine.Money, bool) {
	if d.kind == sum {
		return d.sum, true
	}
	s, ok := d.str()
	if !ok {
		return 0, false
	}
	return parseMoney(s)
}

// blank reports whether there is nothing to show: no value, null, or a string of spaces.
func (d datum) blank() bool {
	switch d.kind {
	case absent:
		return true
	case plain, escaped:
		s, ok := d.str()
		return ok && s == ""
	}
	return false
}

// trim is strings.TrimSpace, without its cost for the Cyrillic letters that most of our texts begin and end with.
func trim(s string) string {
	if n := len(s); n > 1 && (s[0] > ' ' && s[0] < 0x7F || isCyrillic(s[0])) &&
		(s[n-1] > ' ' && s[n-1] < 0x7F || isCyrillic(s[n-2])) {
		return s
	}
	return strings.TrimSpace(s)
}

// isCyrillic reports whether a byte leads a Cyrillic letter of two bytes.
func isCyrillic(b byte) bool { return b == 0xD0 || b == 0xD1 }

// scanner walks a JSON document without building anything from it. It finds values; it does not judge what lies inside of those that
// nobody asks for.
type scanner struct {
	s  string
	at int
}

// eachMember calls visit for every member of the object and reports whether the document is one.
func eachMember(doc string, visit func(key, value datum)) bool {
	sc := scanner{s: doc}
	return sc.members(visit) && sc.end()
}

// eachElement calls visit for every element of the array and reports whether the document is one.
func eachElement(doc string, visit func(value datum)) bool {
	sc := scanner{s: doc}
	return sc.elements(func() bool {
		value, ok := sc.value()
		visit(value)
		return ok
	}) && sc.end()
}

// members reads an object.
func (sc *scanner) members(visit func(key, value datum)) bool {
	return sc.list('{', '}', func() bool {
		key, ok := sc.value()
		if !ok || key.kind != plain && key.kind != escaped || !sc.take(':') {
			return false
		}
		value, ok := sc.value()
		if ok {
			visit(key, value)
		}
		return ok
	})
}

// elements reads an array, whose elements are read by next.
func (sc *scanner) elements(next func() bool) bool { return sc.list('[', ']', next) }

// list reads what stands between two brackets with commas between.
func (sc *scanner) list(open, end byte, next func() bool) bool {
	if !sc.take(open) {
		return false
	}
	if sc.take(end) {
		return true
	}
	for next() {
		if sc.take(end) {
			return true
		}
		if !sc.take(',') {
			return false
		}
	}
	return false
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
		return datum{kind: kind, text: sc.s[start:sc.at]}, ok
	}
	for sc.at < len(sc.s) && strings.IndexByte(",]} \n\t\r:", sc.s[sc.at]) < 0 {
		sc.at++
	}
	switch word := sc.s[start:sc.at]; word {
	case "null":
		return datum{}, true
	case "true", "false":
		return datum{kind: boolean, text: word}, true
	default:
		return datum{kind: number, text: word}, word != "" && (word[0] == '-' || word[0] >= '0' && word[0] <= '9')
	}
}

// quoted reads a string. sc stands on its first quote.
func (sc *scanner) quoted() (datum, bool) {
	start, kind := sc.at+1, plain
	for sc.at = start; ; {
		n := strings.IndexByte(sc.s[sc.at:], '"')
		if n < 0 {
			sc.at = len(sc.s)
			return datum{}, false
		}
		slash := strings.IndexByte(sc.s[sc.at:sc.at+n], '\\')
		if slash < 0 {
			text := sc.s[start : sc.at+n]
			sc.at += n + 1
			return datum{kind: kind, text: text}, true
		}
		kind = escaped
		sc.at = min(sc.at+slash+2, len(sc.s))
	}
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
