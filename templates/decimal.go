package templates

import (
	"strings"
	"time"

	"vestnik/engine"
)

// decimal is a number as it was written: its decimals are part of what it says (a meter shows 5,120 and not 5,12).
type decimal struct {
	negative    bool
	whole, part string // digits only
}

// maxDigits bounds both sides of the comma.
const maxDigits = 12

// parseDecimal reads "12", "12.345", "12,345", "-0.5"; no exponents, no spaces.
func parseDecimal(s string) (decimal, bool) {
	digits, negative := strings.CutPrefix(s, "-")
	n := decimal{negative: negative, whole: digits}
	for i := 0; i < len(digits); i++ {
		if digits[i] == '.' || digits[i] == ',' {
			n.whole, n.part = digits[:i], digits[i+1:]
			if n.part == "" {
				return n, false
			}
			break
		}
	}
	fits := n.whole != "" && len(n.whole) <= maxDigits && len(n.part) <= maxDigits
	return n, fits && allDigits(n.whole) && allDigits(n.part)
}

func allDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// append writes the number with at least so many decimals.
func (n decimal) append(b []byte, decimals int) []byte {
	if n.negative {
		b = append(b, "−"...)
	}
	b = appendGrouped(b, n.whole)
	if n.part == "" && decimals == 0 {
		return b
	}
	b = append(append(b, ','), n.part...)
	for i := len(n.part); i < decimals; i++ {
		b = append(b, '0')
	}
	return b
}

// parseMoney reads what engine.ParseMoney reads, the plain form without its cost.
func parseMoney(s string) (engine.Money, bool) {
	n, ok := parseDecimal(s)
	if !ok || len(n.part) > 2 {
		m, err := engine.ParseMoney(s)
		return m, err == nil
	}
	kopecks := int64(0)
	for _, digits := range [2]string{n.whole, (n.part + "00")[:2]} {
		for i := 0; i < len(digits); i++ {
			kopecks = kopecks*10 + int64(digits[i]-'0')
		}
	}
	if n.negative {
		kopecks = -kopecks
	}
	return engine.Money(kopecks), true
}

// parseDay reads a day: "2026-11-05".
func parseDay(s string) (time.Time, bool) {
	if len(s) != len(time.DateOnly) || s[4] != '-' || s[7] != '-' || !allDigits(s[:4]) || !allDigits(s[5:7]) || !allDigits(s[8:]) {
		return time.Time{}, false
	}
	year, month, day := parseInt(s[:4]), parseInt(s[5:7]), parseInt(s[8:])
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return t, year > 0 && t.Day() == day && int(t.Month()) == month
}

// parseMonth reads a month, "2026-10", as its first day.
func parseMonth(s string) (time.Time, bool) {
	if len(s) != len("2006-01") {
		return time.Time{}, false
	}
	var day [len(time.DateOnly)]byte
	return parseDay(string(append(append(day[:0], s...), "-01"...)))
}

func parseInt(digits string) (n int) {
	for i := 0; i < len(digits); i++ {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

// parseTime reads a time with its offset as RFC 3339 writes it.
func parseTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil && t.Year() > 0
}
