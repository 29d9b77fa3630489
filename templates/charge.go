package templates

import (
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

// readCharges appends the services of a bill to list and checks them.
func readCharges(d datum, list []charge) ([]charge, *fault) {
	malformed := &fault{code: codeMalformed, demand: demands[TypeServices]}
	if d.kind != array {
		return nil, malformed
	}
	var wrong *fault
	whole := eachElement(d.text, func(value datum) {
		if wrong != nil || len(list) > maxItems {
			return
		}
		list = append(list, charge{})
		c := &list[len(list)-1]
		isObject := value.kind == object && eachMember(value.text, func(key, value datum) {
			if member := c.member(key.text); member != nil {
				*member = value
			}
		})
		if wrong = c.check(); !isObject {
			wrong = &fault{code: codeMalformed, demand: "an object {name, unit, volume, rate, charged}"}
		}
		if wrong != nil {
			wrong.path = "[" + strconv.Itoa(len(list)-1) + "]" + wrong.path
		}
	})
	if wrong != nil {
		return nil, wrong
	}
	if !whole || len(list) > maxItems {
		return nil, malformed
	}
	return list, nil
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
	for _, text := range [...]struct {
		path string
		d    datum
	}{{".name", c.name}, {".unit", c.unit}} {
		if s, ok := text.d.str(); text.d.kind != absent && (!ok || len(s) > maxText) {
			return &fault{text.path, codeMalformed, "a text"}
		}
	}
	for _, decimal := range [...]struct {
		path string
		d    datum
	}{{".volume", c.volume}, {".rate", c.rate}} {
		s, ok := decimal.d.str()
		if _, isDecimal := parseDecimal(s); !decimal.d.blank() && (!ok || !isDecimal) {
			return &fault{decimal.path, codeMalformed, `a number like "12.345"`}
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
	sum, _ := c.charged.str()
	charged, _ := parseMoney(sum)
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
