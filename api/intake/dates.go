package intake

import (
	"fmt"
	"strings"
	"time"
)

// months in the nominative and the genitive.
var months = [...][2]string{{"январь", "января"}, {"февраль", "февраля"}, {"март", "марта"}, {"апрель", "апреля"}, {"май", "мая"}, {"июнь", "июня"},
	{"июль", "июля"}, {"август", "августа"}, {"сентябрь", "сентября"}, {"октябрь", "октября"}, {"ноябрь", "ноября"}, {"декабрь", "декабря"}}

// parsePeriod reads 2026-10, 10.2026, 10/2026 and "октябрь 2026" with or without "г." as "2026-10"; empty if it is no month of this century.
func parsePeriod(text string) string {
	if len(text) == len("2026-10") {
		switch {
		case text[4] == '-':
			return monthOf(number(text[:4]), number(text[5:]))
		case text[2] == '.' || text[2] == '/':
			return monthOf(number(text[3:]), number(text[:2]))
		}
	}
	words := strings.Fields(strings.ToLower(text))
	if n := len(words); n < 2 || n > 3 || n == 3 && !strings.HasPrefix("года", strings.TrimSuffix(words[2], ".")) || len(words[1]) != 4 {
		return ""
	}
	for i, forms := range months {
		if words[0] == forms[0] || words[0] == forms[1] {
			return monthOf(number(words[1]), i+1)
		}
	}
	return ""
}

func monthOf(year, month int) string {
	if year < 2000 || year > 2099 || month < 1 || month > 12 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", year, month)
}

// parseDate reads 2026-11-10 and 10.11.2026 as "2026-11-10"; empty if there is no such day in this century.
func parseDate(text string) string {
	var year, month, day int
	if len(text) == len("2026-11-10") && text[4] == '-' && text[7] == '-' {
		year, month, day = number(text[:4]), number(text[5:7]), number(text[8:])
	} else if parts := strings.SplitN(text, ".", 4); len(parts) == 3 && len(parts[2]) == 4 && len(parts[0]) <= 2 && len(parts[1]) <= 2 {
		year, month, day = number(parts[2]), number(parts[1]), number(parts[0])
	}
	if monthOf(year, month) == "" || day < 1 || time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() != day {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
}

// number reads digits and nothing else; −1 if it is no number.
func number(text string) (n int) {
	for i := range len(text) {
		digit := text[i] - '0'
		if digit > 9 {
			return -1
		}
		n = n*10 + int(digit)
	}
	if text == "" {
		return -1
	}
	return n
}
