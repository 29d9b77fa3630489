package templates

import (
	"strconv"
	"strings"
	"time"

	"vestnik/engine"
)

// nbsp keeps a number and its unit on one line.
const nbsp = "\u00a0"

var (
	monthsNominative = [...]string{"январь", "февраль", "март", "апрель", "май", "июнь",
		"июль", "август", "сентябрь", "октябрь", "ноябрь", "декабрь"}
	monthsGenitive = [...]string{"января", "февраля", "марта", "апреля", "мая", "июня",
		"июля", "августа", "сентября", "октября", "ноября", "декабря"}
)

// Money writes a sum as Russians do: "1 234,56 ₽", with no-break spaces and, below zero, a true minus sign.
func Money(m engine.Money) string {
	var b [40]byte
	return string(appendMoney(b[:0], m))
}

func appendMoney(b []byte, m engine.Money) []byte {
	kopecks := uint64(m)
	if m < 0 {
		b, kopecks = append(b, "−"...), -kopecks
	}
	var digits [20]byte
	b = appendGrouped(b, string(strconv.AppendUint(digits[:0], kopecks/100, 10)))
	b = append(b, ',', byte('0'+kopecks/10%10), byte('0'+kopecks%10))
	return append(b, nbsp+"₽"...)
}

// appendGrouped writes digits in groups of three. A number of four digits is grouped too, as sums on bills are.
func appendGrouped(b []byte, digits string) []byte {
	for i := 0; i < len(digits); i++ {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b = append(b, nbsp...)
		}
		b = append(b, digits[i])
	}
	return b
}

// Number writes a decimal number such as "1234.5" with a comma and groups of three: "1 234,5". Its decimals stay as they are. What is
// not a number comes back unchanged.
func Number(decimal string) string {
	n, ok := parseDecimal(decimal)
	if !ok {
		return decimal
	}
	var b [48]byte
	return string(n.append(b[:0], 0))
}

// Date writes a day: "5 ноября 2026 г.".
func Date(t time.Time) string {
	var b [48]byte
	return string(appendDate(b[:0], t))
}

func appendDate(b []byte, t time.Time) []byte {
	year, month, day := t.Date()
	b = strconv.AppendInt(b, int64(day), 10)
	b = append(append(append(b, nbsp...), monthsGenitive[month-1]...), ' ')
	b = strconv.AppendInt(b, int64(year), 10)
	return append(b, nbsp+"г."...)
}

// Moment writes a day and a time of day in the zone of t: "5 ноября 2026 г., 14:30".
func Moment(t time.Time) string {
	var b [64]byte
	return string(appendClock(append(appendDate(b[:0], t), ", "...), t))
}

func appendClock(b []byte, t time.Time) []byte {
	hour, minute, _ := t.Clock()
	return append(b, byte('0'+hour/10), byte('0'+hour%10), ':', byte('0'+minute/10), byte('0'+minute%10))
}

// Span writes a stretch of time in the zone of from: "5 ноября 2026 г. с 09:00 до 17:00" within one day,
// "с 09:00 5 ноября 2026 г. до 17:00 6 ноября 2026 г." over several. A zero to is an open end: "5 ноября 2026 г. с 09:00".
func Span(from, to time.Time) string {
	var space [128]byte
	b := space[:0]
	to = to.In(from.Location())
	sameDay := from.YearDay() == to.YearDay() && from.Year() == to.Year()
	if to.IsZero() || sameDay {
		b = appendClock(append(appendDate(b, from), " с "...), from)
		if sameDay {
			b = appendClock(append(b, " до "...), to)
		}
		return string(b)
	}
	b = append(appendClock(append(b, "с "...), from), ' ')
	b = append(appendDate(b, from), " до "...)
	b = append(appendClock(b, to), ' ')
	return string(appendDate(b, to))
}

// Period writes a month: "октябрь 2026 г.". It reads the same after "за", so "за " + Period(t) is "за октябрь 2026 г.".
func Period(t time.Time) string {
	return monthsNominative[t.Month()-1] + " " + strconv.Itoa(t.Year()) + nbsp + "г."
}

// ZoneHint says whose time is meant: "по местному времени (UTC+5)".
func ZoneHint(t time.Time) string {
	_, seconds := t.Zone()
	if seconds == 0 {
		return "по времени UTC"
	}
	sign, minutes := "+", seconds/60
	if minutes < 0 {
		sign, minutes = "−", -minutes
	}
	offset := sign + strconv.Itoa(minutes/60)
	if rest := minutes % 60; rest != 0 {
		offset += ":" + strconv.Itoa(rest/10) + strconv.Itoa(rest%10)
	}
	return "по местному времени (UTC" + offset + ")"
}

// Plural writes a count with the noun's right form: Plural(21, "день", "дня", "дней") is "21 день".
func Plural(n int, one, few, many string) string {
	form, rest := many, n%100
	if rest < 0 {
		rest = -rest
	}
	if rest < 11 || rest > 14 {
		switch rest % 10 {
		case 1:
			form = one
		case 2, 3, 4:
			form = few
		}
	}
	return strconv.Itoa(n) + nbsp + form
}

// patronymics end the third word of a full name that may be left without its first: surname, name, patronymic.
var patronymics = []string{"вич", "вна", "ична", "ьич", "мич", "оглы", "кызы"}

// Address gives how to address somebody politely: "Мария Петровна" of "Иванова Мария Петровна". A name that is not written in
// full, or is not a person's, is used as it is.
func Address(name string) string {
	if !tidy(name) {
		name = strings.Join(strings.Fields(name), " ")
	}
	_, rest, _ := strings.Cut(name, " ")
	if spaces := strings.Count(name, " "); spaces < 2 || spaces > 3 || !isPatronymic(name[strings.LastIndexByte(name, ' ')+1:]) {
		return name
	}
	return rest
}

// tidy reports whether there is nothing but single spaces between words; false also when it would take decoding to know.
func tidy(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c > ' ' && c < 0x7F, c >= 0x80 && c <= 0xBF, isCyrillic(c): // 0x80 to 0xBF go on with a letter
		case c == ' ' && i > 0 && i < len(s)-1 && s[i-1] != ' ':
		default:
			return false
		}
	}
	return true
}

func isPatronymic(word string) bool {
	for _, ending := range patronymics {
		if strings.HasSuffix(word, ending) {
			return true
		}
	}
	if lower := strings.ToLower(word); lower != word {
		return isPatronymic(lower)
	}
	return false
}
