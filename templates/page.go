package templates

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"vestnik/engine"
)

// page is one message being written: what its template's programs read, and their output. Pages are used again.
type page struct {
	template *Template
	data     []datum  // the variables as they were given
	slots    []string // derived ones first, then the variables, as they are shown
	lines    []line
	line     *line // at work in opEach

	links        engine.Links
	destinations []string // of the tracked links, by number
	addresses    []string // what leads to each

	constants [derivedCount]constant // of the provider whose letter came last
	spell     spell                  // of the campaign whose letter came last

	out []byte
}

// constant is a text of the provider, the same in every letter of a batch, and how it is shown.
type constant struct{ raw, shown string }

// spell is a span of time, the same in every letter of a campaign about all its recipients, and how it is shown.
type spell struct {
	from, to   string
	zone       *time.Location
	home       string // the provider's zone
	when, hint string
}

func newPage(t *Template) *page {
	return &page{template: t, data: make([]datum, len(t.variables)), slots: make([]string, derivedCount+len(t.variables))}
}

// clear forgets the recipient.
func (pg *page) clear() {
	clear(pg.data)
	clear(pg.slots)
	clear(pg.lines)
	clear(pg.destinations)
	clear(pg.addresses)
	pg.lines, pg.line = pg.lines[:0], nil
	pg.links, pg.destinations, pg.addresses = nil, pg.destinations[:0], pg.addresses[:0]
}

// write runs a program and gives its output without space around it.
func (pg *page) write(p program) string {
	pg.out = pg.out[:0]
	p.run(pg)
	return string(bytes.TrimSpace(pg.out))
}

// sentence runs a program of one line and keeps it for the programs that come after.
func (pg *page) sentence(slot int, p program) string {
	pg.slots[slot] = oneLine(pg.write(p))
	return pg.slots[slot]
}

// get gives the string an operand stands for.
func (pg *page) get(what operand) string {
	switch what.from {
	case fromLine:
		return pg.line.field(what.index)
	case fromLink:
		return pg.follow(pg.slots[what.index])
	}
	return pg.slots[what.index]
}

// follow gives the address that leads to a destination, numbering it when it is new.
func (pg *page) follow(destination string) string {
	if pg.links == nil || destination == "" {
		return destination
	}
	n := slices.Index(pg.destinations, destination)
	if n < 0 {
		n = len(pg.destinations)
		pg.destinations = append(pg.destinations, destination)
		pg.addresses = append(pg.addresses, normalURL(pg.links.Click(n)))
	}
	return pg.addresses[n]
}

// fill makes every slot ready.
func (pg *page) fill(ch engine.ChannelName, letter *engine.Letter) error {
	t, r := pg.template, &letter.Recipient
	if ch == engine.HouseChat {
		r = &engine.Recipient{Timezone: r.Timezone, Vars: r.Vars}
	}
	if !t.gather(pg.data, string(letter.Campaign.Vars), r) {
		return errors.New("vars is not a JSON object")
	}
	if ch == engine.HouseChat {
		pg.hide()
	}
	zone := time.UTC
	if t.timed {
		zone = t.zones.of(r, letter.Provider)
	}
	for i := range t.variables {
		v, d := &t.variables[i], pg.data[i]
		var wrong *fault
		if v.Type == TypeServices && !d.blank() {
			wrong = pg.charge(d)
		} else if wrong = v.check(d); wrong == nil && !d.blank() {
			pg.slots[derivedCount+i] = v.Type.show(d, zone)
		}
		if wrong != nil {
			return fmt.Errorf("variable %q is %s", v.Name+wrong.path, wrong.code)
		}
	}
	pg.derive(ch, letter, zone)
	return nil
}

// hide takes out what says who the recipient is, wherever it came from. A template that cannot do without is not for house chats.
func (pg *page) hide() {
	for i, v := range pg.template.variables {
		if v.own != notOwn {
			pg.data[i] = datum{}
		}
	}
}

// charge makes the lines of a bill and tells what is wrong with them.
func (pg *page) charge(d datum) (wrong *fault) {
	var total engine.Money
	wrong = eachCharge(d, func(c *charge) {
		l, sum := c.show()
		pg.lines = append(pg.lines, l)
		total += sum
	})
	if wrong != nil || len(pg.lines) == 0 {
		return wrong
	}
	count := Plural(len(pg.lines), "услуга", "услуги", "услуг")
	pg.slots[derivedCount+pg.template.index["services"]] = count
	pg.slots[slotCount], pg.slots[slotCharged] = count, Money(total)
	return nil
}

// derive fills the slots that every template has.
func (pg *page) derive(ch engine.ChannelName, letter *engine.Letter, zone *time.Location) {
	p := &letter.Provider
	pg.constant(slotProvider, p.Name)
	pg.constant(slotProviderINN, p.INN)
	pg.slots[slotGreeting] = greeting(ch, pg.variable("name"))
	if p.Settings["payment.account"] != "" {
		for _, setting := range settingSlots {
			pg.constant(setting.slot, p.Settings[setting.key])
		}
		pg.constant(slotPayee, p.Settings["payment.name"])
		if pg.slots[slotPayee] == "" {
			pg.slots[slotPayee] = pg.slots[slotProvider]
		}
	}
	if pg.template.Kind().Payable() {
		pg.owe(p)
	}
	if pg.template.timed {
		pg.time(letter, zone)
	}
	if pg.links = letter.Links; pg.links == nil || ch == engine.Paper {
		pg.links = nil // nobody clicks on paper, and what has to be typed should be what it says
		return
	}
	if ch == engine.Email { // the only one with HTML
		pg.slots[slotPixel] = normalURL(pg.links.Open())
	}
	if pg.template.Kind() == engine.KindAd && ch != engine.HouseChat {
		pg.slots[slotUnsubscribe] = normalURL(pg.links.Unsubscribe())
	}
}

// constant fills a slot with a text of the provider.
func (pg *page) constant(slot int, raw string) {
	c := &pg.constants[slot]
	if c.raw != raw {
		*c = constant{raw, oneLine(clean(raw))}
	}
	pg.slots[slot] = c.shown
}

func greeting(ch engine.ChannelName, name string) string {
	switch {
	case ch == engine.HouseChat:
		return "Уважаемые жители!"
	case name == "":
		return "Здравствуйте!"
	}
	return "Здравствуйте, " + Address(name) + "!"
}

// variable gives a variable as it is shown; empty if there is none.
func (pg *page) variable(name string) string {
	if i, ok := pg.template.index[name]; ok {
		return pg.slots[derivedCount+i]
	}
	return ""
}

// raw gives a variable as it was written.
func (pg *page) raw(name string) string {
	if i, ok := pg.template.index[name]; ok {
		s, _ := pg.data[i].str()
		return s
	}
	return ""
}

// owe fills what depends on sums: nothing to pay needs no pay button, a debt of zero is not worth a line, and one below zero is an
// overpayment.
func (pg *page) owe(p *engine.Provider) {
	for i, v := range pg.template.variables {
		if v.Type != TypeMoney || v.required || pg.data[i].blank() {
			continue
		}
		sum, _ := pg.data[i].money()
		if sum < 0 && v.Name == "debt" {
			pg.slots[slotOverpaid] = Money(-sum)
		}
		if sum == 0 || sum < 0 && v.Name == "debt" {
			pg.slots[derivedCount+i] = ""
		}
	}
	amount, ok := pg.data[pg.template.index["amount"]].money()
	if !ok || amount <= 0 {
		return
	}
	pg.slots[slotDue] = "да"
	pg.slots[slotPay] = pg.variable("pay_url")
	if pg.slots[slotPay] == "" {
		pg.slots[slotPay] = pg.variable("link")
	}
	if pg.slots[slotPay] == "" && p.Settings[payURL] != "" {
		pg.slots[slotPay] = pg.payLink(p.Settings[payURL], amount)
	}
}

// payLink makes the pay link of a provider's pattern; none when the recipient lacks something the pattern asks for: a button that leads to a
// broken page is worse than no button.
func (pg *page) payLink(pattern string, amount engine.Money) string {
	for _, name := range []string{"document_id", "account", "amount", "period"} {
		placeholder := "{" + name + "}"
		if !strings.Contains(pattern, placeholder) {
			continue
		}
		value := pg.raw(name)
		if name == "amount" {
			value = amount.String()
		}
		if value == "" {
			return ""
		}
		pattern = strings.ReplaceAll(pattern, placeholder, strings.ReplaceAll(url.QueryEscape(value), "+", "%20"))
	}
	link, _ := parseLink(pattern)
	return link
}

// time fills the span a message is about and whose time it is told in.
func (pg *page) time(letter *engine.Letter, zone *time.Location) {
	asked := spell{from: pg.raw("from"), to: pg.raw("to"), zone: zone, home: letter.Provider.Timezone}
	if asked.from == "" {
		asked.from, asked.to = pg.raw("starts_at"), pg.raw("ends_at")
	}
	if last := &pg.spell; asked.from == "" || asked.from != last.from || asked.to != last.to || asked.zone != last.zone || asked.home != last.home {
		asked.when, asked.hint = pg.tellTime(asked)
		*last = asked
	}
	pg.slots[slotWhen], pg.slots[slotZone] = pg.spell.when, pg.spell.hint
}

// tellTime gives the span and the hint whose time it is; the hint is of the first time there is when there is no span.
func (pg *page) tellTime(s spell) (when, hint string) {
	from, ok := parseTime(s.from)
	to, _ := parseTime(s.to)
	if ok {
		from = from.In(s.zone)
		when = Span(from, to)
	} else if from, ok = pg.firstTime(); !ok {
		return "", ""
	}
	_, offset := from.In(s.zone).Zone()
	if home := pg.template.zones.named(s.home); home != nil {
		if _, usual := from.In(home).Zone(); usual == offset {
			return when, "" // the provider's own people read it: everybody knows whose time that is
		}
	}
	return when, ZoneHint(from.In(s.zone))
}

func (pg *page) firstTime() (time.Time, bool) {
	for i, v := range pg.template.variables {
		if v.Type != TypeTime && v.Type != TypeMoment {
			continue
		}
		s, _ := pg.data[i].str()
		if t, ok := parseTime(s); ok {
			return t, true
		}
	}
	return time.Time{}, false
}
