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
	point := strings.IndexAny(digits, ".,")
	n := decimal{negative: negative, whole: digits}
	if point >= 0 {
		n.whole, n.part = digits[:point], digits[point+1:]
		if n.part == "" {
			return n, false
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

// parseDate reads "2026-11-05", and a month as "2026-11" when the day is left out on purpose.
func parseDate(s string, layout string) (time.Time, bool) {
	if len(s) != len(layout) {
		return time.Time{}, false
	}
	t, err := time.Parse(layout, s)
	return t, err == nil && t.Year() > 0
}

// Layouts of days and months in variables; times are RFC 3339.
const (
	dayLayout   = time.DateOnly
	monthLayout = "2006-01"
)

func parseTime(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil && t.Year() > 0
}
