package templates

import (
	"encoding/json"
	"strconv"

	"vestnik/engine"
)

// charge is one service of a bill as it was given.
type charge struct {
	name, unit, volume, rate, charged datum
	recalculated, total               datum
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
	case "recalculated":
		return &c.recalculated
	case "total":
		return &c.total
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
			wrong = &fault{code: codeMalformed, demand: "an object {name, unit, volume, rate, charged, recalculated, total}"}
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
	if wrong := c.checkSums(); wrong != nil {
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

// checkSums tells what is wrong with the sums of a charge: a total, if it is told, is what the others come to.
func (c *charge) checkSums() *fault {
	for _, sum := range [...]struct {
		path  string
		datum *datum
	}{{".charged", &c.charged}, {".recalculated", &c.recalculated}, {".total", &c.total}} {
		if sum.datum.blank() {
			continue
		}
		if wrong := TypeMoney.check(*sum.datum); wrong != nil {
			wrong.path = sum.path
			return wrong
		}
	}
	if total, told := c.total.money(); told && total != c.sum() {
		return &fault{".total", codeMalformed, "what was charged and recalculated together"}
	}
	return nil
}

// sum is what the charge comes to.
func (c *charge) sum() engine.Money {
	charged, _ := c.charged.money()
	recalculated, _ := c.recalculated.money()
	return charged + recalculated
}

// line is a charge as a message shows it; what was not given is empty.
type line struct {
	name, unit, volume, rate, charged, recalculated string
}

// lineFields are the names templates know a line's parts by, in the order of line.field.
var lineFields = []string{"name", "unit", "volume", "rate", "charged", "recalculated"}

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
	case 4:
		return l.charged
	}
	return l.recalculated
}

// show writes the charge the Russian way and gives what it comes to.
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
	if recalculated, _ := c.recalculated.money(); recalculated != 0 {
		l.recalculated = Money(recalculated)
	}
	return l, c.sum()
}
