package bill

import (
	"strings"
	"time"

	"vestnik/engine"
	"vestnik/templates"
)

// What the reader goes by when the printed bill is read back: the value stands right behind its label.
const (
	labelAccount = "Лицевой счёт (ЕЛС)"
	labelPeriod  = "Расчётный период"
	labelTotal   = "К оплате"
)

// The printed QR code: its usual side with the white border, and how wide a module is at least (ГОСТ Р 56042-2014 asks for 0.4064 mm, and for a
// side of 80 mm at most, which no code exceeds then).
const (
	usualSide   = 45 / 25.4 * 72
	leastModule = 0.4064 / 25.4 * 72
)

// codeSide is the printed side of a QR code of so many modules, its white border among them.
func codeSide(modules int) float64 { return max(usualSide, float64(modules)*leastModule) }

// Styles of the page.
var (
	plain   = style{regular, 8.5, ink}
	strong  = style{bold, 8.5, ink}
	label   = style{regular, 8.5, grey}
	heading = style{bold, 10, ink}
	small   = style{regular, 7.5, grey}
)

// bill draws the whole bill, with a QR code of so many modules; 0: without.
func (s *sheet) bill(b *Bill, modules int) {
	s.head(b)
	s.payer(b)
	if b.Payee.Complete() {
		s.payee(b, modules)
	}
	if len(b.Charges) > 0 {
		s.charges(b)
	}
	s.sums(b)
	s.feet(b)
}

func period(b *Bill) string { return flat(templates.Period(b.Period)) }

// flat puts ordinary spaces for those that do not break: lines are broken here where they should be.
func flat(text string) string { return strings.ReplaceAll(text, "\u00a0", " ") }

// day writes a day in full.
func day(t time.Time) string { return flat(templates.Date(t)) }

// roubles writes a sum without the sign of the rouble, for columns that say it at their head.
func roubles(m engine.Money) string { return strings.TrimSuffix(templates.Money(m), "\u00a0₽") }

func foot(b *Bill) string {
	text := "Лицевой счёт " + b.Account + " · " + period(b)
	if b.Document != "" {
		text += " · ИПД " + b.Document
	}
	return text
}

// head is the name of the sender and of the document.
func (s *sheet) head(b *Bill) {
	title := style{bold, 13, blue}
	s.right(margin+width, s.y+11, title, "ПЛАТЁЖНЫЙ ДОКУМЕНТ")
	s.right(margin+width, s.y+25, style{regular, 10, ink}, "за "+period(b))
	left := width - 190
	y := s.y + 11 + s.lines(margin, s.y+11, left, 15, style{bold, 13, ink}, b.Provider)
	if b.ProviderINN != "" {
		s.text(margin, y-1, label, "ИНН "+b.ProviderINN)
		y += 12
	}
	s.y = max(y, s.y+40)
	s.text(margin, s.y, small, "Для внесения платы за содержание и ремонт жилого помещения и предоставление коммунальных услуг")
	s.y += 7
	s.line(margin, s.y, width, 1.2, blue)
	s.y += 18
}

// row is a label and what belongs to it.
type row struct {
	label, value string
	style        style
	whole        bool // never broken into lines
}

// rows sets labels and values side by side and gives the height they take. What has no value is left out.
func (s *sheet) rows(x, y, labels, values float64, list []row) (height float64) {
	for _, r := range list {
		if r.value == "" {
			continue
		}
		s.text(x, y+height, label, r.label)
		if r.whole {
			s.fit(x+labels, y+height, values, r.style, r.value)
			height += 13
		} else {
			height += s.lines(x+labels, y+height, values, 11, r.style, r.value) + 2
		}
	}
	return height
}

// payer is who pays for what, and how much.
func (s *sheet) payer(b *Bill) {
	const total, gap, labels = 168.0, 18.0, 126.0
	left := width - total - gap
	height := s.rows(margin, s.y+9, labels, left-labels, []row{
		{labelAccount, b.Account, strong, true},
		{labelPeriod, period(b), strong, true},
		{"Платёжный документ (ИПД)", b.Document, plain, true},
		{"Плательщик", b.Payer, plain, false},
		{"Адрес помещения", b.Address, plain, false},
		{"Площадь", b.Area, plain, true},
		{"Проживает", b.Residents, plain, true},
	})
	x := margin + left + gap
	s.box(x, s.y-2, total, 70, mist)
	s.text(x+14, s.y+14, label, labelTotal)
	s.fit(x+14, s.y+38, total-28, style{bold, 22, ink}, templates.Money(b.Amount))
	until := "Платить ничего не нужно"
	if b.Amount > 0 && !b.Due.IsZero() {
		until = "Оплатить до " + day(b.Due)
	} else if b.Amount > 0 {
		until = ""
	}
	s.text(x+14, s.y+56, plain, until)
	s.y += max(height, 70) + 12
}

// payee is where to pay: the QR code, and beside it in words what it says.
func (s *sheet) payee(b *Bill, modules int) {
	s.line(margin, s.y, width, 0.5, ruled)
	s.y += 18
	s.text(margin, s.y, heading, "Куда платить")
	x, top := margin, s.y+16
	side := codeSide(modules)
	if modules > 0 {
		s.picture(margin-6, s.y+4, side)
		x += side + 8
		s.text(margin, s.y+side+10, small, "QR-код по ГОСТ Р 56042-2014")
	}
	inn := b.Payee.INN
	if b.Payee.KPP != "" {
		inn += " / " + b.Payee.KPP
	}
	list := []row{{"Получатель", b.Payee.Name, strong, false}, {"ИНН / КПП", inn, plain, true}, {"Расчётный счёт", b.Payee.Account, plain, true},
		{"Банк", b.Payee.Bank, plain, false}, {"БИК", b.Payee.BIC, plain, true}, {"Корр. счёт", b.Payee.Corr, plain, true}}
	if b.Amount > 0 {
		list = append(list, row{"Назначение", purpose(b), plain, false}, row{"Сумма", flat(templates.Money(b.Amount)), strong, true})
	}
	height := s.rows(x, top, 82, margin+width-x-82, list)
	if modules > 0 {
		hint := "Наведите на код камеру в приложении вашего банка: сумма и реквизиты подставятся сами. Сверьте их с этими."
		height += s.lines(x, top+height+4, margin+width-x, 10, small, hint) + 4
		height = max(height, side+2)
	}
	s.y = top + height + 2
}

// sums are the debt and the like, and what all of it comes to.
func (s *sheet) sums(b *Bill) {
	list := []row{}
	if len(b.Charges) > 0 {
		list = append(list, row{label: "Начислено за " + period(b), value: templates.Money(total(b.Charges))})
	}
	switch {
	case b.Debt > 0:
		list = append(list, row{label: "Задолженность за прошлые периоды", value: templates.Money(b.Debt)})
	case b.Debt < 0:
		list = append(list, row{label: "Переплата", value: templates.Money(b.Debt)})
	}
	if b.Penalty != 0 {
		list = append(list, row{label: "Пени", value: templates.Money(b.Penalty)})
	}
	s.room(float64(len(list))*14+34, nil)
	const wide = 300.0
	x := margin + width - wide
	for _, r := range list {
		s.text(x+10, s.y+10, plain, r.label)
		s.right(margin+width-10, s.y+10, plain, r.value)
		s.y += 14
	}
	s.box(x, s.y+2, wide, 24, mist)
	s.text(x+10, s.y+18, style{bold, 11, ink}, "ИТОГО К ОПЛАТЕ")
	s.right(margin+width-10, s.y+18, style{bold, 11, ink}, templates.Money(b.Amount))
	s.y += 40
}

// total is what the charges come to, with what was recalculated.
func total(charges []templates.Charge) (sum engine.Money) {
	for _, c := range charges {
		sum += c.Charged + c.Recalculated
	}
	return sum
}

// room begins a page if there is not so much of it left; again draws what stands at the head of the next one.
func (s *sheet) room(height float64, again func()) {
	if s.y+height <= bottom {
		return
	}
	s.page()
	if again != nil {
		again()
	}
}
