package bill

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"rsc.io/qr/coding"
)

// standard begins every payload: ГОСТ Р 56042-2014, version 1, UTF-8.
const standard = "ST00012"

// payload is what the QR code says, by ГОСТ Р 56042-2014: the required fields in their order, then those that a bank shows the payer. A field
// is at most as long as the standard lets it be; what is empty is left out.
func payload(b *Bill) string {
	corr := b.Payee.Corr
	if corr == "" {
		corr = "0" // the field is required
	}
	surname, name, patronymic := splitName(b.Payer)
	var out strings.Builder
	out.WriteString(standard)
	for _, field := range []struct {
		name  string
		most  int
		value string
	}{
		{"Name", 160, b.Payee.Name}, {"PersonalAcc", 20, b.Payee.Account}, {"BankName", 45, b.Payee.Bank}, {"BIC", 9, b.Payee.BIC}, {"CorrespAcc", 20, corr},
		{"Sum", 0, strconv.FormatInt(int64(b.Amount), 10)}, {"Purpose", 210, purpose(b)}, {"PayeeINN", 12, b.Payee.INN}, {"KPP", 9, b.Payee.KPP},
		{"LastName", 50, surname}, {"FirstName", 50, name}, {"MiddleName", 50, patronymic}, {"PayerAddress", 150, b.Address},
		{"PersAcc", 0, b.Account}, {"PaymPeriod", 6, b.month()}, {"QuittId", 0, b.Document}, {"TechCode", 2, techCode},
	} {
		if value := fieldValue(field.value, field.most); value != "" {
			out.WriteString("|" + field.name + "=" + value)
		}
	}
	return out.String()
}

// techCode says what is paid: housing and utilities.
const techCode = "02"

// purpose is the purpose of the payment, the same in the code and beside it.
func purpose(b *Bill) string {
	return fmt.Sprintf("Оплата ЖКУ за %s, лицевой счёт %s", b.Period.Format("01.2006"), b.Account)
}

// fieldValue makes a text fit to be a field's value: a bar would end it, and a line break has no place in it. most is its length in letters; 0 is
// not bounded: cut, it would be another account or sum.
func fieldValue(text string, most int) string {
	text = strings.Map(func(letter rune) rune {
		switch {
		case letter == '|':
			return '/'
		case unicode.IsControl(letter), letter == utf8.RuneError:
			return ' '
		case letter == '\u00a0':
			return ' '
		}
		return letter
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if most == 0 || utf8.RuneCountInString(text) <= most {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:most]))
}

// splitName parts "Иванова Мария Петровна"; what is not a name of two to four words is left whole to the bank's own form.
func splitName(full string) (surname, name, patronymic string) {
	words := strings.Fields(full)
	if len(words) < 2 || len(words) > 4 {
		return "", "", ""
	}
	return words[0], words[1], strings.Join(words[2:], " ")
}

// fields parts a payload; nil if it is none of ours.
func fields(payload string) map[string]string {
	list := strings.Split(payload, "|")
	if list[0] != standard {
		return nil
	}
	fields := map[string]string{}
	for _, field := range list[1:] {
		name, value, found := strings.Cut(field, "=")
		if _, twice := fields[name]; twice || !found {
			return nil
		}
		fields[name] = value
	}
	return fields
}

// dots is how many dots of the picture each module of the code is wide, and quiet how many modules of white stand around it (ISO/IEC 18004).
const (
	dots  = 3
	quiet = 4
)

// drawing makes the pictures of QR codes: one dot a bit, 0 is black, rows filled up to whole bytes. The plan of where which bit goes is the same
// for all codes of a size, and kept.
type drawing struct {
	plans  map[coding.Version]*coding.Plan
	pixels []byte
}

// draw draws a payload, in bytes without an ECI, which banks' readers do not expect, and at level M, which lets 15 % of it be spoiled. The pixels
// are good until the next drawing; side is how many of them a row has.
func (d *drawing) draw(payload string) (pixels []byte, side int, err error) {
	code, err := d.encode(coding.String(payload))
	if err != nil {
		return nil, 0, fmt.Errorf("encode the QR code: %w", err)
	}
	side = (code.Size + 2*quiet) * dots
	stride := (side + 7) / 8
	d.pixels = slices.Grow(d.pixels[:0], side*stride)[:side*stride]
	for i := range d.pixels {
		d.pixels[i] = 0xFF
	}
	for y := range code.Size {
		rows := d.pixels[(y+quiet)*dots*stride:][:dots*stride]
		for x := range code.Size {
			for at := (x + quiet) * dots; code.Black(x, y) && at < (x+quiet+1)*dots; at++ {
				rows[at/8] &^= 0x80 >> (at % 8)
			}
		}
		for n := 1; n < dots; n++ {
			copy(rows[n*stride:], rows[:stride])
		}
	}
	return d.pixels, side, nil
}

// encode makes the smallest code that holds a text.
func (d *drawing) encode(text coding.String) (*coding.Code, error) {
	size := coding.Version(coding.MinVersion)
	for ; text.Bits(size) > size.DataBytes(coding.M)*8; size++ {
		if size == coding.MaxVersion {
			return nil, errors.New("the text is too long")
		}
	}
	if d.plans[size] == nil {
		plan, err := coding.NewPlan(size, coding.M, 0)
		if err != nil {
			return nil, err
		}
		d.plans[size] = plan
	}
	return d.plans[size].Encode(text)
}
