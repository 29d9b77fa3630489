package intake

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner walks over one line of JSON (RFC 8259). Its methods answer false when the line cannot be read further: code and at say why.
type scanner struct {
	text   string
	i      int
	simple bool     // no escapes, no control characters: strings need no look inside
	keys   []string // of the objects around, innermost last
	code   string
	at     int
}

func (s *scanner) reset(text string, simple bool) {
	*s = scanner{text: text, simple: simple, keys: s.keys[:0]}
}

func (s *scanner) fail(at int, code string) bool {
	s.at, s.code = at, code
	return false
}

// peek skips space and shows the byte that follows it; zero at the end.
func (s *scanner) peek() byte {
	for ; s.i < len(s.text); s.i++ {
		switch b := s.text[s.i]; b {
		case ' ', '\t', '\r':
		default:
			return b
		}
	}
	return 0
}

// end tells whether nothing but space is left.
func (s *scanner) end() bool {
	s.peek()
	return s.i == len(s.text)
}

// expect skips space and one byte.
func (s *scanner) expect(b byte) bool {
	if s.peek() != b || s.i == len(s.text) {
		return s.fail(s.i, "bad_json")
	}
	s.i++
	return true
}

// object walks over an object; member is called where the value of each of its members begins.
func (s *scanner) object(depth int, member func(s *scanner, key string, at, depth int) bool) bool {
	if depth > maxDepth {
		return s.fail(s.i, "too_deep")
	}
	if !s.expect('{') {
		return false
	}
	if s.peek() == '}' {
		s.i++
		return true
	}
	for members := 0; ; members++ {
		if members == MaxVariables+int(varsObject) {
			return s.fail(s.i, "too_many_variables")
		}
		if s.peek() != '"' {
			return s.fail(s.i, "bad_json")
		}
		at := s.i
		key, ok := s.string()
		if !ok || !s.expect(':') {
			return false
		}
		s.peek()
		if !member(s, key, at, depth) {
			return false
		}
		if s.peek() == '}' {
			s.i++
			return true
		}
		if !s.expect(',') {
			return false
		}
	}
}

// value walks over a value of any type.
func (s *scanner) value(depth int) bool {
	switch b := s.peek(); {
	case b == '"':
		_, ok := s.string()
		return ok
	case b == '{':
		base := len(s.keys)
		ok := s.object(depth+1, nested)
		s.keys = s.keys[:base]
		return ok
	case b == '[':
		return s.array(depth + 1)
	case b == '-' || b >= '0' && b <= '9':
		_, ok := s.number()
		return ok
	}
	for _, literal := range []string{"true", "false", "null"} {
		if strings.HasPrefix(s.text[s.i:], literal) {
			s.i += len(literal)
			return true
		}
	}
	return s.fail(s.i, "bad_json")
}

// nested is a member of an object inside a variable. The keys of its object are the last ones of s.keys, behind an empty one for each level.
func nested(s *scanner, key string, at, depth int) bool {
	base := len(s.keys)
	for base > 0 && s.keys[base-1] != "" {
		base--
	}
	switch {
	case key == "":
		return s.fail(at, "no_key")
	case slices.Contains(s.keys[base:], key):
		return s.fail(at, "duplicate_key")
	}
	s.keys = append(s.keys, key, "")
	ok := s.value(depth)
	s.keys = s.keys[:len(s.keys)-1]
	return ok
}

func (s *scanner) array(depth int) bool {
	if depth > maxDepth {
		return s.fail(s.i, "too_deep")
	}
	s.i++
	if s.peek() == ']' {
		s.i++
		return true
	}
	for {
		if !s.value(depth) {
			return false
		}
		if s.peek() == ']' {
			s.i++
			return true
		}
		if !s.expect(',') {
			return false
		}
	}
}

// number walks over a number and gives its very text. One that no program could hold is none.
func (s *scanner) number() (string, bool) {
	from := s.i
	digits := func() bool {
		start := s.i
		for s.i < len(s.text) && s.text[s.i]-'0' <= 9 {
			s.i++
		}
		return s.i > start
	}
	accept := func(set string) bool {
		ok := s.i < len(s.text) && strings.IndexByte(set, s.text[s.i]) >= 0
		if ok {
			s.i++
		}
		return ok
	}
	accept("-")
	if !accept("0") && !digits() || accept(".") && !digits() {
		return "", s.fail(s.i, "bad_json")
	}
	exponent := accept("eE")
	if exponent {
		if accept("+-"); !digits() {
			return "", s.fail(s.i, "bad_json")
		}
	}
	text := s.text[from:s.i]
	if exponent || len(text) > 300 {
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return "", s.fail(from, "bad_number")
		}
	}
	return text, true
}

// string walks over a string and gives what it means.
func (s *scanner) string() (string, bool) {
	from := s.i + 1
	if s.simple {
		n := strings.IndexByte(s.text[from:], '"')
		if n < 0 {
			return "", s.fail(s.i, "bad_json")
		}
		s.i = from + n + 1
		return s.text[from : from+n], true
	}
	var meant []byte // nil as long as nothing was escaped
	start := from
	for i := from; i < len(s.text); {
		switch b := s.text[i]; {
		case b == '"':
			s.i = i + 1
			if meant == nil {
				return s.text[from:i], true
			}
			return string(append(meant, s.text[start:i]...)), true
		case b < ' ' || b == 0x7f:
			return "", s.fail(i, "bad_character")
		case b == '\\':
			r, size := escape(s.text[i:])
			if size == 0 {
				return "", s.fail(i, "bad_escape")
			}
			if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f {
				return "", s.fail(i, "bad_character")
			}
			meant = utf8.AppendRune(append(meant, s.text[start:i]...), r)
			i += size
			start = i
		default:
			i++
		}
	}
	return "", s.fail(s.i, "bad_json")
}

// escape reads the escape that text begins with; size 0: there is no such.
func escape(text string) (r rune, size int) {
	if len(text) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, text[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	first, ok := unit(text)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(first) {
		return first, 6
	}
	if second, ok := unit(text[6:]); ok {
		if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
			return r, 12
		}
	}
	return 0, 0
}

// unit reads \uXXXX.
func unit(text string) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(n), err == nil
}
