package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"vestnik/api/intake"
	"vestnik/engine"
)

// form reads JSON objects member by member and collects everything that is wrong with them, so that a client learns all at once.
type form struct {
	language intake.Language
	line     int // of NDJSON; zero otherwise
	mistakes []intake.Problem
}

// wrong notes a mistake; the code is one of words.
func (f *form) wrong(field, code string, args ...any) {
	f.mistakes = append(f.mistakes, intake.Problem{Line: f.line, Field: field, Code: code, Message: say(f.language, code, args...)})
}

// engineProblems notes what the engine says about fields below a path.
func (f *form) engineProblems(path string, problems []engine.Problem) {
	for _, p := range translate(f.language, problems) {
		p.Field, p.Line = path+p.Field, f.line
		f.mistakes = append(f.mistakes, p)
	}
}

// err is the failure the mistakes make; nil if there are none.
func (f *form) err() error {
	if len(f.mistakes) == 0 {
		return nil
	}
	return invalid(f.mistakes...)
}

// maxDepth bounds how deep JSON may be nested.
const maxDepth = 32

// readForm reads a request's body as one JSON object. An empty body is an empty object.
func readForm(c echo.Context) (*form, *object, error) {
	f := &form{language: languageOf(c.Request())}
	body, err := readAll(c)
	if err != nil {
		return nil, nil, err
	}
	if len(body) > 0 && mediaType(c.Request()) != echo.MIMEApplicationJSON {
		return nil, nil, fail(http.StatusUnsupportedMediaType, "unsupported_media_type", echo.MIMEApplicationJSON)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	if err := wellFormed(f.language, body); err != nil {
		return nil, nil, err
	}
	return f, f.object("", body), nil
}

// wellFormed tells where JSON is broken.
func wellFormed(language intake.Language, text []byte) error {
	bad := func(at int, code string, args ...any) error {
		before := text[:at]
		p := intake.Problem{
			Line: 1 + bytes.Count(before, []byte("\n")), Column: 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]),
			Code: code, Message: say(language, code, args...),
		}
		return &failure{status: http.StatusBadRequest, code: "bad_json", mistakes: []intake.Problem{p}}
	}
	if at := invalidUTF8(text); at >= 0 {
		return bad(at, "encoding")
	}
	if at := tooDeep(text); at >= 0 {
		return bad(at, "too_deep", maxDepth)
	}
	var whole json.RawMessage
	err := json.Unmarshal(text, &whole)
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return bad(min(max(int(e.Offset)-1, 0), len(text)), "syntax")
	}
	return err
}

func invalidUTF8(text []byte) int {
	if utf8.Valid(text) {
		return -1
	}
	for at := 0; ; {
		r, n := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && n <= 1 {
			return at
		}
		at += n
	}
}

// tooDeep gives the place where the nesting gets too deep; -1 if it nowhere does.
func tooDeep(text []byte) int {
	depth, quoted := 0, false
	for at := 0; at < len(text); at++ {
		switch c := text[at]; {
		case quoted && c == '\\':
			at++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{', c == '[':
			if depth++; depth > maxDepth {
				return at
			}
		case c == '}', c == ']':
			depth--
		}
	}
	return -1
}

// object is a JSON object being read. Members that nobody asks for before close are mistakes.
type object struct {
	*form
	path    string
	members map[string]json.RawMessage
	broken  bool // it was no object at all: nothing more is said about it
}

// object reads well-formed JSON as an object at a path ("" or one that ends in ".").
func (f *form) object(path string, text json.RawMessage) *object {
	o := &object{form: f, path: path, members: map[string]json.RawMessage{}}
	d := json.NewDecoder(bytes.NewReader(text))
	if begin, err := d.Token(); err != nil || begin != json.Delim('{') {
		o.broken = true
		f.wrong(strings.TrimSuffix(path, "."), "type", say(f.language, "want_object"))
		return o
	}
	for d.More() {
		name, err := d.Token()
		var value json.RawMessage
		if err != nil || d.Decode(&value) != nil {
			break // cannot be: it is well-formed
		}
		key := name.(string)
		if _, twice := o.members[key]; twice {
			o.wrong(key, "many")
		}
		o.members[key] = value
	}
	return o
}

// wrong notes a mistake of a member.
func (o *object) wrong(name, code string, args ...any) { o.form.wrong(o.path+name, code, args...) }

// take gives a member once; null counts as absent.
func (o *object) take(name string, required bool) (json.RawMessage, bool) {
	value, there := o.members[name]
	delete(o.members, name)
	if !there || string(value) == "null" {
		if required && !o.broken {
			o.wrong(name, "missing")
		}
		return nil, false
	}
	return value, true
}

// close notes the members nobody asked for.
func (o *object) close() {
	names := make([]string, 0, len(o.members))
	for name := range o.members {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		o.wrong(name, "unknown_field")
	}
}

const (
	required = true
	optional = false
)

// text reads a string of one line, at most limit characters long.
func (o *object) text(name string, required bool, limit int) string {
	raw, ok := o.take(name, required)
	if !ok {
		return ""
	}
	var s string
	switch {
	case json.Unmarshal(raw, &s) != nil:
		o.wrong(name, "type", say(o.language, "want_string"))
	case required && strings.TrimSpace(s) == "":
		o.wrong(name, "missing")
	case utf8.RuneCountInString(s) > limit:
		o.wrong(name, "too_long", limit)
	case strings.IndexFunc(s, unicode.IsControl) >= 0:
		o.wrong(name, "control")
	default:
		return s
	}
	return ""
}

func (o *object) flag(name string) (b bool) {
	if raw, ok := o.take(name, optional); ok && json.Unmarshal(raw, &b) != nil {
		o.wrong(name, "type", say(o.language, "want_flag"))
	}
	return b
}

// time reads a moment by RFC 3339, to the millisecond, in UTC.
func (o *object) time(name string, required bool) time.Time {
	s := o.text(name, required, 40)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		o.wrong(name, "time")
		return time.Time{}
	}
	return t.UTC().Truncate(time.Millisecond)
}

// raw reads a JSON object as it is.
func (o *object) raw(name string) json.RawMessage {
	raw, ok := o.take(name, optional)
	if !ok {
		return nil
	}
	if raw[0] != '{' {
		o.wrong(name, "type", say(o.language, "want_object"))
		return nil
	}
	return raw
}
