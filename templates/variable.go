package templates

import (
	"strconv"
	"time"
	"unicode/utf8"

	"vestnik/engine"
)

// Type says what a variable must look like and how it is shown.
type Type string

// The types of variables. A text, a sum or a number may be given as a JSON string or as a JSON number.
const (
	TypeText     Type = "text"     // shown as it is
	TypeLines    Type = "lines"    // a text, or a list of texts that are shown numbered
	TypeMoney    Type = "money"    // roubles like "1234.56"; in bills and debts an optional sum of zero is not shown
	TypeDate     Type = "date"     // "2026-11-10"
	TypeTime     Type = "time"     // RFC 3339 with offset, shown in the recipient's zone
	TypeMoment   Type = "moment"   // a date or a time
	TypePeriod   Type = "period"   // a month: "2026-10"
	TypeLink     Type = "link"     // an absolute http or https address, at most 2,000 bytes
	TypeServices Type = "services" // a list of {name, unit, volume, rate, charged, recalculated, total}; name and charged are required
)

// Variable is one thing a template can be told.
type Variable struct {
	Name string `json:"name"`
	Type Type   `json:"type"`
}

// demands says, in words for people, what a value of the type looks like.
var demands = map[Type]string{
	TypeText:     "a text of at most 10,000 letters",
	TypeLines:    "a text or a list of at most 100 texts, together at most 10,000 letters",
	TypeMoney:    `a sum in roubles with at most two decimals, like "1234.56"`,
	TypeDate:     `a date like "2026-11-10"`,
	TypeTime:     `a time by RFC 3339, like "2026-11-05T09:00:00+05:00"`,
	TypeMoment:   `a date like "2026-11-10" or a time by RFC 3339, like "2026-11-05T09:00:00+05:00"`,
	TypePeriod:   `a month like "2026-10"`,
	TypeLink:     `an address that begins with "https://" or "http://"`,
	TypeServices: "a list of at most 100 objects {name, unit, volume, rate, charged, recalculated, total}",
}

// Bounds of what one message can carry.
const (
	maxText  = 10_000
	maxItems = 100
)

// Codes of problems with variables.
const (
	codeMissing   = "missing"
	codeMalformed = "malformed"
)

// fault is what is wrong with a value: where inside of it, and how.
type fault struct {
	path   string // "" or such as "[2].charged"
	code   string
	demand string
}

func (f *fault) problem(field string) engine.Problem {
	if f.code == codeMissing {
		return engine.Problem{Field: field + f.path, Code: f.code, Message: field + f.path + " is required"}
	}
	return engine.Problem{Field: field + f.path, Code: f.code, Message: field + f.path + " is " + f.demand}
}

// check tells what is wrong with a value of the type; nil if nothing is. The value is not blank.
func (t Type) check(d datum) *fault {
	ok := false
	switch t {
	case TypeServices:
		return eachCharge(d, func(*charge) {})
	case TypeLines:
		ok = checkLines(d)
	case TypeMoney:
		_, ok = d.money()
	default:
		var s string
		if s, ok = d.str(); ok {
			ok = s != "" && t.fits(s)
		}
	}
	if !ok {
		return &fault{code: codeMalformed, demand: demands[t]}
	}
	return nil
}

// fits reports whether s is a value of a type that is written as one string.
func (t Type) fits(s string) (ok bool) {
	switch t {
	case TypeText:
		ok = len(s) <= maxText || utf8.RuneCountInString(s) <= maxText
	case TypeDate:
		_, ok = parseDay(s)
	case TypePeriod:
		_, ok = parseMonth(s)
	case TypeTime:
		_, ok = parseTime(s)
	case TypeMoment:
		if _, ok = parseDay(s); !ok {
			_, ok = parseTime(s)
		}
	case TypeLink:
		_, ok = parseLink(s)
	}
	return ok
}

// show writes a value that check has found well, the Russian way.
func (t Type) show(d datum, zone *time.Location) string {
	switch t {
	case TypeLines:
		return showLines(d)
	case TypeMoney:
		m, _ := d.money()
		return Money(m)
	}
	s, _ := d.str()
	switch t {
	case TypeText:
		return clean(s)
	case TypePeriod:
		month, _ := parseMonth(s)
		return Period(month)
	case TypeLink:
		link, _ := parseLink(s)
		return link
	}
	if day, ok := parseDay(s); ok {
		return Date(day)
	}
	at, _ := parseTime(s)
	return Moment(at.In(zone))
}

func checkLines(d datum) bool {
	if d.kind != array {
		s, ok := d.str()
		return ok && s != "" && TypeText.fits(s)
	}
	n, total, ok := 0, 0, true
	whole := eachElement(d.text, func(line datum) {
		s, isText := line.str()
		n, total, ok = n+1, total+len(s), ok && isText && s != ""
	})
	return whole && ok && n > 0 && n <= maxItems && total <= maxText
}

func showLines(d datum) string {
	if d.kind != array {
		s, _ := d.str()
		return clean(s)
	}
	var lines []byte
	n := 0
	eachElement(d.text, func(line datum) {
		s, _ := line.str()
		if n++; n > 1 {
			lines = append(lines, '\n')
		}
		lines = append(strconv.AppendInt(lines, int64(n), 10), ". "...)
		lines = append(lines, oneLine(clean(s))...)
	})
	return string(lines)
}

// known reports whether t is one of the types.
func (t Type) known() bool {
	_, ok := demands[t]
	return ok
}
