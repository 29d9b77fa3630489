package engine

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Money is a sum in kopecks. In JSON it is a decimal string in roubles: "1234.56".
type Money int64

// errMoney is what ParseMoney answers; it names no value, which may be personal.
var errMoney = errors.New(`a sum is written in roubles with at most two decimals, like "1234.56"`)

// maxRoubles bounds a sum so that adding up a country's bills cannot overflow.
const maxRoubles = 1_000_000_000_000

// spreadsheet takes out what spreadsheets put into sums: spaces of three kinds between thousands, and a comma for the point.
var spreadsheet = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", ",", ".")

// ParseMoney reads a decimal sum in roubles: "1234.56", "1234,5", "-10" and, as spreadsheets write it, "1 234,56" with spaces or
// no-break spaces between thousands.
func ParseMoney(s string) (Money, error) {
	s = spreadsheet.Replace(strings.TrimSpace(s))
	digits, negative := strings.CutPrefix(s, "-")
	whole, part, hasPart := strings.Cut(digits, ".")
	if whole == "" || len(part) > 2 || hasPart && part == "" || !allDigits(whole) || !allDigits(part) {
		return 0, errMoney
	}
	roubles, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || roubles > maxRoubles {
		return 0, errMoney
	}
	kopecks, _ := strconv.ParseInt((part + "00")[:2], 10, 64)
	sum := Money(roubles*100 + kopecks)
	if negative {
		sum = -sum
	}
	return sum, nil
}

func allDigits(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' }) < 0
}

// String writes the sum in roubles with two decimals and a point: "1234.56".
func (m Money) String() string {
	sign, n := "", int64(m)
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// MarshalText writes the sum as String does.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what ParseMoney reads.
func (m *Money) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMoney(string(text))
	return err
}
