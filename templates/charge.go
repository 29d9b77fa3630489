package templates

import (
	"encoding/json"
	"strconv"

	"vestnik/engine"
)

// charge is one service of a bill as it was given.
type charge struct {
	name, unit, volume, rate, charged datum
}

// member gives the part of the charge that a key names; nil for keys nobody reads.
func (c *charge) member(key string) *datum {
	switch key {
	case "name":
		return &c.name
	case "unit":
		return &c.unit
	case "volume":
		return &c.volume
	case "rate":
		return &c.rate
	case "charged":
		return &c.charged
	}
	return nil
}

// eachCharge checks the services of a bill one after another and hands each to visit. It stops at the first that is wrong. A cell of a CSV file
// can hold a list only as text, so the JSON of a list in a string is a list too.
func eachCharge(d datum, visit func(c *charge)) (wrong *fault) {
	if d.kind == plain || d.kind == escaped {
		if s, ok := d.str(); ok && json.Valid([]byte(s)) {
			d = datum{kind: array, text: s}
		}
	}
	var c charge
	n := 0
	sc := scanner{s: d.text}
	member := func(key, value datum) {
		if member := c.member(key.text); member != nil {
			*member = value
		}
	}
	whole := d.kind == array && sc.elements(func() bool {
		c = charge{}
		isObject := sc.members(member)
		if wrong = c.check(); !isObject {
			wrong = &fault{code: codeMalformed, demand: "an object {name, unit, volume, rate, charged}"}
		}
		if wrong != nil {
			wrong.path = "[" + strconv.Itoa(n) + "]" + wrong.path
			return false
		}
		visit(&c)
		n++
		return n <= maxItems
	})
	if !whole && wrong == nil {
		wrong = &fault{code: codeMalformed, demand: demands[TypeServices]}
	}
	return wrong
}

func (c *charge) check() *fault {
	if c.name.blank() {
		return &fault{path: ".name", code: codeMissing}
	}
	if c.charged.blank() {
		return &fault{path: ".charged", code: codeMissing}
	}
	if wrong := TypeMoney.check(c.charged); wrong != nil {
		wrong.path = ".charged"
		return wrong
	}
	for i, text := range [...]*datum{&c.name, &c.unit} {
		if s, ok := text.str(); text.kind != absent && (!ok || len(s) > maxText || i == 0 && s == "") {
			return &fault{"." + lineFields[i], codeMalformed, "a text"}
		}
	}
	for i, decimal := range [...]*datum{&c.volume, &c.rate} {
		s, ok := decimal.str()
		if decimal.kind == absent || ok && s == "" {
			continue
		}
		if _, isDecimal := parseDecimal(s); !isDecimal {
			return &fault{"." + lineFields[2+i], codeMalformed, `a number like "12.345"`}
		}
	}
	return nil
}

// line is a charge as a message shows it; what was not given is empty.
type line struct {
	name, unit, volume, rate, charged string
}

// lineFields are the names templates know a line's parts by, in the order of line.field.
var lineFields = []string{"name", "unit", "volume", "rate", "charged"}

func (l *line) field(i int) string {
	switch i {
	case 0:
		return l.name
	case 1:
		return l.unit
	case 2:
		return l.volume
	case 3:
		return l.rate
	}
	return l.charged
}

// show writes the charge the Russian way and gives its sum.
func (c *charge) show() (line, engine.Money) {
	name, _ := c.name.str()
	unit, _ := c.unit.str()
	charged, _ := c.charged.money()
	l := line{name: oneLine(clean(name)), unit: oneLine(clean(unit)), charged: Money(charged)}
	var b [48]byte
	if s, _ := c.volume.str(); s != "" {
		volume, _ := parseDecimal(s)
		l.volume = string(volume.append(b[:0], 0))
	}
	if s, _ := c.rate.str(); s != "" {
		rate, _ := parseDecimal(s)
		l.rate = string(append(rate.append(b[:0], 2), nbsp+"₽"...)) // tariffs have up to four decimals and more
	}
	return l, charged
}
