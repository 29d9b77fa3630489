package intake

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf8"
)

// jsonRows reads the rows of an NDJSON file: one object a line.
type jsonRows struct {
	*Reader
	source *source
	scan   scanner
	names  map[string]field // what the keys met so far stand for
	seen   uint32           // fields this row has had, as bits
	given  []string         // variables this row has had
	vars   []byte           // scratch
}

func (j *jsonRows) next() error {
	for {
		size := j.source.line()
		if size == 0 {
			return j.broken(j.line+1, j.source)
		}
		if j.row.Line = j.line + 1; size < 0 {
			j.row.Problems = append(j.row.Problems, j.told(j.row.Line, 0, "", "row_too_long", MaxRow>>10))
			j.source.skip()
			j.line++
			return nil
		}
		line := bytes.TrimRight(j.source.window()[:size], " \t\r\n")
		if len(line) > 0 {
			j.read(line)
		}
		j.source.consume(size)
		j.line++
		if len(line) > 0 {
			return nil
		}
	}
}

// read reads the object of a line into the recipient.
func (j *jsonRows) read(line []byte) {
	controls, high := survey(line)
	text := string(line) // all strings of a row share one allocation
	if high && !utf8.ValidString(text) {
		j.report(len(text)-len(validTail(text)), text, "", "bad_encoding")
		return
	}
	j.seen, j.given, j.vars = 0, j.given[:0], j.vars[:0]
	s := &j.scan
	s.reset(text, !controls && strings.IndexByte(text, '\\') < 0)
	switch b := s.peek(); {
	case b == '[':
		j.report(s.i, text, "", "array")
		return
	case b != '{' && s.value(0) && s.end():
		j.report(0, text, "", "not_an_object")
		return
	case b != '{' && s.code == "":
		s.fail(s.i, "bad_json")
	case b == '{' && s.object(1, j.member) && !s.end():
		s.fail(s.i, "bad_json")
	}
	if s.code != "" {
		j.report(s.at, text, "", s.code)
	} else if j.row.Recipient.Account == "" && !slices.ContainsFunc(j.row.Problems, func(p Problem) bool { return p.Field == fieldNames[account] }) {
		j.row.Problems = append(j.row.Problems, j.told(j.row.Line, 0, fieldNames[account], "required"))
	}
	if len(j.vars) > 0 {
		j.row.Recipient.Vars = slices.Clone(append(j.vars, '}'))
	}
}

// validTail cuts off what is UTF-8 from the beginning of a text.
func validTail(text string) string {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 {
			return text[i:]
		}
		i += size
	}
	return ""
}

func (j *jsonRows) report(at int, text, field, code string, args ...any) {
	j.row.Problems = append(j.row.Problems, j.told(j.line+1, utf8.RuneCountInString(text[:at])+1, field, code, args...))
}

// fieldOf is fieldOf with a memory.
func (j *jsonRows) fieldOf(key string) field {
	known, ok := j.names[key]
	if !ok {
		if known = fieldOf(key); key == "vars" {
			known = varsObject
		}
		if len(j.names) < 4*MaxVariables && len(key) < MaxVariables {
			j.names[strings.Clone(key)] = known
		}
	}
	return known
}

// member reads a member of the row's object.
func (j *jsonRows) member(s *scanner, key string, at, depth int) bool {
	field := j.fieldOf(key)
	if field == variable {
		return j.variable(s, key, at, depth)
	}
	if j.seen&(1<<field) != 0 {
		j.report(at, s.text, fieldNames[field], "duplicate_key")
		return s.value(depth)
	}
	j.seen |= 1 << field
	if at = s.i; field != varsObject {
		return j.known(s, field, at, depth)
	}
	switch s.peek() {
	case '{':
		return s.object(depth+1, j.variable)
	case 'n':
	default:
		j.report(at, s.text, fieldNames[field], "vars_no_object")
	}
	return s.value(depth)
}

// variable reads a template variable.
func (j *jsonRows) variable(s *scanner, key string, at, depth int) bool {
	from := s.i
	if !s.value(depth) {
		return false
	}
	switch {
	case key == "":
		j.report(at, s.text, "", "no_key")
		return true
	case slices.Contains(j.given, key):
		j.report(at, s.text, key, "duplicate_key")
		return true
	case len(j.given) == MaxVariables:
		return s.fail(at, "too_many_variables")
	}
	j.given = append(j.given, key)
	if !slices.Contains(j.variables, key) && len(j.variables) < MaxVariables {
		j.variables = append(j.variables, strings.Clone(key))
	}
	value := s.text[from:s.i]
	if value == "null" {
		return true
	}
	if len(j.vars) == 0 {
		j.vars = append(j.vars, '{', '"')
	} else {
		j.vars = append(j.vars, ',', '"')
	}
	j.vars = append(append(appendEscaped(j.vars, key), '"', ':'), value...)
	return true
}

// known reads a field of the recipient: a string, a number where its digits are what is meant, or null.
func (j *jsonRows) known(s *scanner, field field, at, depth int) (ok bool) {
	var value string
	switch b := s.peek(); {
	case b == '"':
		value, ok = s.string()
	case b == '-' || b >= '0' && b <= '9':
		value, ok = s.number()
		if ok && field != amount && strings.ContainsAny(value, ".eE") {
			j.report(at, s.text, fieldNames[field], "wrong_type")
			return true
		}
	case b == 'n':
		return s.value(depth)
	default:
		j.report(at, s.text, fieldNames[field], "wrong_type")
		return s.value(depth)
	}
	if !ok {
		return false
	}
	formula := field != amount && formula(value)
	if value = trim(value); value == "" {
		return true
	}
	var code string
	switch {
	case formula:
		code = "formula"
	case !s.simple && hasControl(value):
		code = "line_end"
	case spreadsheetErrors[value]:
		code = "spreadsheet_error"
	default:
		code = j.check(&j.row.Recipient, field, value)
	}
	if code != "" {
		j.report(at, s.text, fieldNames[field], code)
	}
	return true
}
