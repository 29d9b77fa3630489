package intake

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vestnik/engine"
)

// Bounds of fields, in characters; an e-mail address by RFC 5321 §4.5.3.1.
const (
	maxName  = 256
	maxShort = 64
)

// checker knows what a field may hold.
type checker struct {
	language  Language
	variables []string
	row       Row // the one being read
	zones     map[string]bool
	last      [varsObject]struct{ in, out string } // neighbours share their period, time zone and the like: what was checked last
}

func newChecker(language Language) checker {
	return checker{language: language, zones: map[string]bool{}}
}

// check puts a trimmed value that is not empty into its field, or answers with the code of what is wrong with it.
func (c *checker) check(to *engine.Recipient, field field, value string) string {
	switch field {
	case account:
		if rounded(value) {
			return "rounded_account"
		}
		to.Account = value
		return tooLong(value, maxShort)
	case name:
		to.Name = value
		return tooLong(value, maxName)
	case premises:
		to.Premises = value
		return tooLong(value, maxShort)
	case documentID:
		to.DocumentID = value
		return tooLong(value, maxShort)
	case email:
		to.Email = value
		return unless(validEmail(value), "bad_email")
	case vkID:
		to.VKID = parseVKID(value)
		return unless(to.VKID > 0, "bad_vk_id")
	case amount:
		sum, ok := parseMoney(value)
		to.Amount = &sum
		return unless(ok, "bad_amount")
	case gisAccount:
		to.GISAccount = parseGUID(value)
		return unless(to.GISAccount != "", "bad_guid")
	case house:
		to.House = parseGUID(value)
		return unless(to.House != "", "bad_guid")
	case timezone:
		return c.remembered(field, value, &to.Timezone, c.parseZone, "bad_timezone")
	case delivery:
		return c.remembered(field, value, (*string)(&to.Delivery), parseDelivery, "bad_delivery")
	case period:
		return c.remembered(field, value, &to.Period, parsePeriod, "bad_period")
	case dueDate:
		return c.remembered(field, value, &to.DueDate, parseDate, "bad_date")
	}
	return ""
}

// remembered parses the value of a field unless it is the one that was parsed last.
func (c *checker) remembered(field field, value string, to *string, parse func(string) string, code string) string {
	last := &c.last[field]
	if value != last.in {
		out := parse(value)
		if out == "" {
			return code
		}
		last.in, last.out = strings.Clone(value), strings.Clone(out) // not to hold a whole row by it
	}
	*to = last.out
	return ""
}

func unless(ok bool, code string) string {
	if ok {
		return ""
	}
	return code
}

func tooLong(value string, limit int) string {
	return unless(len(value) <= limit || utf8.RuneCountInString(value) <= limit, "too_long")
}

// trim cuts spaces off, those without width and the byte-order mark included.
func trim(text string) string {
	if n := len(text); n == 0 || plain(text[0]) && (plain(text[n-1]) || n > 1 && text[n-2]|1 == 0xD1) {
		return text
	}
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' })
}

// plain tells bytes that neither begin nor end a space: ASCII but for it, and what Russian letters begin with.
func plain(b byte) bool { return b > ' ' && b < utf8.RuneSelf || b == 0xD0 || b == 0xD1 }

// formula tells cells that spreadsheets would run; see the package's documentation. A plus may begin a phone number.
func formula(text string) bool {
	if text != "" && !plain(text[0]) && text[0] != '\t' {
		text = strings.TrimLeft(text, " \u00a0")
	}
	if text == "" {
		return false
	}
	switch text[0] {
	case '=', '@', '\t':
		return true
	case '+':
		digits := 0
		return strings.ContainsFunc(text[1:], func(r rune) bool {
			if r >= '0' && r <= '9' {
				digits++
			}
			return r < utf8.RuneSelf && !strings.ContainsRune("0123456789 ()-.,;", r)
		}) || digits == 0
	}
	return false
}

// spreadsheetErrors are what spreadsheets save instead of a value, in English and Russian.
var spreadsheetErrors = map[string]bool{"#N/A": true, "#REF!": true, "#VALUE!": true, "#NAME?": true, "#DIV/0!": true, "#NUM!": true, "#NULL!": true,
	"#Н/Д": true, "#ССЫЛКА!": true, "#ЗНАЧ!": true, "#ИМЯ?": true, "#ДЕЛ/0!": true, "#ЧИСЛО!": true, "#ПУСТО!": true}

// rounded tells a number as spreadsheets show long ones, its last digits lost: 1,23457E+11.
func rounded(text string) bool {
	digits, power, ok := strings.Cut(text, "E+")
	return ok && digits != "" && power != "" && strings.Trim(digits, "0123456789,.") == "" && strings.Trim(power, "0123456789") == ""
}

// parseMoney is engine.ParseMoney with a short way for the usual "1234.56".
func parseMoney(text string) (engine.Money, bool) {
	whole, part := text, "00"
	if n := len(text) - 3; n > 0 && (text[n] == '.' || text[n] == ',') {
		whole, part = text[:n], text[n+1:]
	}
	if roubles, kopecks := number(whole), number(part); roubles >= 0 && kopecks >= 0 && len(whole) <= 9 {
		return engine.Money(roubles*100 + kopecks), true
	}
	sum, err := engine.ParseMoney(text)
	return sum, err == nil
}

// parseVKID reads 123, id123 and https://vk.com/id123; zero is none of these.
func parseVKID(text string) int64 {
	if text[0] > '9' {
		text = strings.ToLower(text)
		text = strings.TrimPrefix(strings.TrimPrefix(text, "https://"), "http://")
		text = strings.TrimPrefix(strings.TrimPrefix(text, "www."), "m.")
		for _, site := range []string{"vk.com/id", "vk.ru/id", "id"} {
			if rest, ok := strings.CutPrefix(text, site); ok {
				text = strings.TrimSuffix(rest, "/")
				break
			}
		}
	}
	id, err := strconv.ParseUint(text, 10, 63)
	if err != nil {
		return 0
	}
	return int64(id)
}

const nilGUID = "00000000-0000-0000-0000-000000000000"

// parseGUID makes a GUID small; empty if it is none, or the one of zeros.
func parseGUID(text string) string {
	if len(text) != len(nilGUID) || text == nilGUID {
		return ""
	}
	small := true
	for i := range len(nilGUID) {
		b := text[i]
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if b != '-' {
				return ""
			}
			continue
		}
		if b-'0' <= 9 {
			continue
		}
		lower := b | 0x20
		if lower < 'a' || lower > 'f' {
			return ""
		}
		small = small && b == lower
	}
	if small {
		return text
	}
	return strings.ToLower(text)
}

// parseZone knows the IANA names of the machine's or the program's time zone database.
func (c *checker) parseZone(text string) string {
	known, seen := c.zones[text]
	if !seen {
		_, err := time.LoadLocation(text)
		known = err == nil && text != "Local" && len(text) <= maxShort
		if len(c.zones) < 1000 && len(text) <= maxShort {
			c.zones[strings.Clone(text)] = known
		}
	}
	if !known {
		return ""
	}
	return text
}

var deliveries = map[string]engine.Delivery{
	"electronic": engine.Electronic, "электронная": engine.Electronic, "электронный": engine.Electronic, "электронно": engine.Electronic,
	"paper": engine.OnPaper, "бумажная": engine.OnPaper, "бумажный": engine.OnPaper, "бумага": engine.OnPaper, "набумаге": engine.OnPaper,
	"both": engine.Both, "обе": engine.Both, "оба": engine.Both, "электроннаяибумажная": engine.Both, "электронныйибумажный": engine.Both,
}

func parseDelivery(text string) string { return string(deliveries[plainHeader(text)]) }
