package templates

import (
	"errors"
	"fmt"
	"time"

	"vestnik/engine"
)

// Values are what a letter tells its template, found and checked but not written out: for what is made beside the text, such as the bill as PDF.
// They are valid as long as the letter is.
type Values struct {
	template *Template
	data     []datum
	zone     *time.Location
}

// Values finds the values of a letter, the recipient's own before those of its campaign. An error is one that Render would give.
func (t *Template) Values(letter *engine.Letter) (Values, error) {
	v := Values{template: t, data: make([]datum, len(t.variables)), zone: letter.Recipient.Zone(letter.Provider)}
	if !t.gather(v.data, string(letter.Campaign.Vars), letter.Recipient) {
		return v, fmt.Errorf("template %s: %w", t.info.Name, errors.New("vars is not a JSON object"))
	}
	for i := range t.variables {
		if wrong := t.variables[i].check(v.data[i]); wrong != nil {
			return v, fmt.Errorf("template %s: variable %q is %s", t.info.Name, t.variables[i].Name+wrong.path, wrong.code)
		}
	}
	return v, nil
}

// datum gives a variable; an absent one when the template has none of the name.
func (v Values) datum(name string) datum {
	if i, known := v.template.index[name]; known {
		return v.data[i]
	}
	return datum{}
}

// Text gives a text in one line, without what cannot be shown; empty if there is none.
func (v Values) Text(name string) string {
	s, _ := v.datum(name).str()
	return oneLine(clean(s))
}

// Lines gives a text of several lines, or a list as lines with numbers; empty if there is none.
func (v Values) Lines(name string) string { return showLines(v.datum(name)) }

// Money gives a sum; zero if there is none.
func (v Values) Money(name string) engine.Money {
	sum, _ := v.datum(name).money()
	return sum
}

// Day gives a date, or the first day of a month, at midnight UTC; zero if there is none.
func (v Values) Day(name string) time.Time {
	s, _ := v.datum(name).str()
	if day, ok := parseDay(s); ok {
		return day
	}
	month, _ := parseMonth(s)
	return month
}

// Time gives a moment in the recipient's zone; zero if there is none.
func (v Values) Time(name string) time.Time {
	s, _ := v.datum(name).str()
	if at, ok := parseTime(s); ok {
		return at.In(v.zone)
	}
	return time.Time{}
}

// Charge is one service of a bill.
type Charge struct {
	Name         string
	Unit         string // "м³"; may be empty
	Volume       string // as Russians write it: "5,120"; may be empty
	Rate         string // roubles a unit, likewise, with two decimals or more; may be empty
	Charged      engine.Money
	Recalculated engine.Money // of earlier months, on top of what was charged; below zero: taken off
}

// Charges gives the services of a bill.
func (v Values) Charges() (list []Charge) {
	eachCharge(v.datum("services"), func(c *charge) { list = append(list, c.plain()) })
	return list
}

// plain writes the charge without the signs that a column says once.
func (c *charge) plain() Charge {
	name, _ := c.name.str()
	unit, _ := c.unit.str()
	charged, _ := c.charged.money()
	recalculated, _ := c.recalculated.money()
	p := Charge{Name: oneLine(clean(name)), Unit: oneLine(clean(unit)), Charged: charged, Recalculated: recalculated}
	if s, _ := c.volume.str(); s != "" {
		volume, _ := parseDecimal(s)
		p.Volume = string(volume.append(nil, 0))
	}
	if s, _ := c.rate.str(); s != "" {
		rate, _ := parseDecimal(s)
		p.Rate = string(rate.append(nil, 2))
	}
	return p
}
