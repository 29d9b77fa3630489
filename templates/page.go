package templates

import (
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

	constants         [derivedCount]constant
	escapes           [derivedCount]constant
	text, short, html constant
	campaign          constants
	place             place
	spell             spell

	out []byte
}

func newPage(t *Template) *page {
	return &page{template: t, data: make([]datum, len(t.variables)), slots: make([]string, derivedCount+len(t.variables)),
		spell: spell{raw: make([]string, len(t.times))}}
}

// render is Template.Render.
func (pg *page) render(ch engine.ChannelName, letter *engine.Letter) (content engine.Content, err error) {
	defer pg.clear()
	t := pg.template
	if err := pg.fill(ch, letter); err != nil {
		return content, fmt.Errorf("template %s: %w", t.info.Name, err)
	}
	content.Subject = pg.sentence(slotSubject, t.subject)
	switch ch {
	case engine.Email:
		pg.sentence(slotPreheader, t.preheader)
		pg.sentence(slotWhy, t.why)
		content.Text, content.HTML = pg.write(t.text, &pg.text), pg.write(t.html, &pg.html)
	case engine.Paper:
		pg.sentence(slotWhy, t.why)
		content.Text = pg.write(t.text, &pg.text)
	default:
		content.Text = pg.write(t.short, &pg.short)
		content.Buttons = pg.buttons(ch)
	}
	content.Unsubscribe = pg.slots[slotUnsubscribe]
	content.Links = append([]string(nil), pg.destinations...)
	return content, nil
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

// write runs a program and gives its output without space around it; last is what it gave before, most often the same when it tells nothing
// personal.
func (pg *page) write(p program, last *constant) string {
	pg.out = pg.out[:0]
	p.run(pg)
	if string(pg.out) != last.raw {
		raw := string(pg.out)
		*last = constant{raw, trim(raw)}
	}
	return last.shown
}

// sentence runs a program of one line and keeps it for the programs that come after.
func (pg *page) sentence(slot int, p program) string {
	pg.out = pg.out[:0]
	p.run(pg)
	last := &pg.constants[slot]
	if string(pg.out) != last.raw {
		raw := string(pg.out)
		*last = constant{raw, oneLine(trim(raw))}
	}
	pg.slots[slot] = last.shown
	return last.shown
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

// escaped gives what stands in HTML for the string of an operand. Most derived slots are the same in every letter of a batch, and escaped once;
// the others may be parts of a chunk, and would keep all of it.
func (pg *page) escaped(what operand) string {
	s := pg.get(what)
	if what.from != fromSlot || what.index >= derivedCount {
		return escapeHTML(s)
	}
	c := &pg.escapes[what.index]
	if c.raw != s {
		*c = constant{s, escapeHTML(s)}
	}
	return c.shown
}

// follow gives the address that leads to a destination, numbering it when it is new.
func (pg *page) follow(destination string) string {
	if pg.links == nil || destination == "" {
		return destination
	}
	n := slices.Index(pg.destinations, destination)
	if n < 0 {
		n = len(pg.destinations)
		address := normalURL(pg.links.Click(n))
		if address == "" { // the provider does not want it followed
			address = destination
		}
		pg.destinations, pg.addresses = append(pg.destinations, destination), append(pg.addresses, address)
	}
	return pg.addresses[n]
}

// fill makes every slot ready that the message tells.
func (pg *page) fill(ch engine.ChannelName, letter *engine.Letter) error {
	t, r := pg.template, letter.Recipient
	if ch == engine.HouseChat {
		r = &engine.Recipient{Timezone: r.Timezone, Vars: r.Vars}
	}
	zone := time.UTC
	if t.timed {
		zone = pg.place.in(t.zones, r.Timezone, letter.Provider.Timezone)
	}
	pg.campaign.read(t, letter.Campaign.Vars, zone)
	if !t.gatherOwn(pg.data, r) || !pg.campaign.whole {
		return errors.New("vars is not a JSON object")
	}
	needs := t.needs(ch)
	for i := range t.variables {
		show := needs.has(derivedCount + i)
		if wrong := pg.show(i, zone, show, ch == engine.HouseChat); wrong != nil {
			return fmt.Errorf("variable %q is %s", t.variables[i].Name+wrong.path, wrong.code)
		}
	}
	pg.derive(ch, letter, zone, needs)
	return nil
}

// show checks a variable and, if it is told, fills its slot. For a house chat it takes out what says who the recipient is, wherever it came
// from; a template that cannot do without is not for house chats.
func (pg *page) show(i int, zone *time.Location, told, neighbours bool) *fault {
	v, c, d := &pg.template.variables[i], &pg.campaign, &pg.data[i]
	if neighbours && v.own != notOwn {
		*d = datum{}
	} else if d.blank() {
		if *d = c.data[i]; v.Type != TypeServices {
			pg.slots[derivedCount+i] = c.shown[i]
			return c.wrong[i]
		}
	}
	if v.Type == TypeServices && !d.blank() {
		return pg.charge(*d)
	}
	wrong := v.check(*d)
	if told && wrong == nil && !d.blank() {
		pg.slots[derivedCount+i] = v.Type.show(*d, zone)
	}
	return wrong
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
func (pg *page) derive(ch engine.ChannelName, letter *engine.Letter, zone *time.Location, needs slotSet) {
	p := &letter.Provider
	pg.constant(slotProvider, p.Name)
	pg.constant(slotProviderINN, p.INN)
	if needs.has(slotGreeting) {
		pg.slots[slotGreeting] = greeting(ch, pg.variable("name"))
	}
	if needs&payeeSlots != 0 {
		pg.payee(p)
	}
	if pg.template.Kind().Payable() {
		pg.owe(p)
	}
	if pg.template.timed && (needs.has(slotWhen) || needs.has(slotZone)) {
		pg.time(letter.Provider.Timezone, zone)
	}
	if pg.links = letter.Links; ch == engine.Paper {
		pg.links = nil // nobody clicks on paper, and what has to be typed should be what it says
	}
	pg.enclose(ch, p)
	if pg.links == nil {
		return
	}
	if ch == engine.Email { // the only one with HTML
		pg.slots[slotPixel] = normalURL(pg.links.Open())
	}
	if what := unwanted(pg.template.Kind(), ch); what != "" {
		pg.slots[slotUnsubscribe], pg.slots[slotUnwanted] = normalURL(pg.links.Unsubscribe()), what
	}
}

// unwanted is what a resident can unsubscribe from in a message of the kind: advertising, in a chat for all neighbours excepted, and reminders of
// debts by e-mail, whose programs show a button for it (RFC 8058). Bills and notices have to come.
func unwanted(kind engine.Kind, ch engine.ChannelName) string {
	switch {
	case kind == engine.KindAd && ch != engine.HouseChat:
		return "Отписаться от рекламных писем"
	case kind == engine.KindDebt && ch == engine.Email:
		return "Не присылать напоминания о долгах на эту почту"
	}
	return ""
}

// payee fills the requisites, if there are any.
func (pg *page) payee(p *engine.Provider) {
	if p.Settings["payment.account"] == "" {
		return
	}
	for _, setting := range settingSlots {
		pg.constant(setting.slot, p.Settings[setting.key])
	}
	pg.constant(slotPayee, p.Settings["payment.name"])
	if pg.slots[slotPayee] == "" {
		pg.slots[slotPayee] = pg.slots[slotProvider]
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

// spanFields are the variables that begin and end the span a message is about.
var spanFields = []string{"from", "to", "starts_at", "ends_at"}
