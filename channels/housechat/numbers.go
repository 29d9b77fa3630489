package housechat

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"vestnik/engine"
)

// Words beside which a number is an account, or a flat.
var (
	accounts = []string{"ЛС.", "С.", "СЧ.", "СЧЕТ", "ЛИЦЕВ", "АККАУНТ", "АССОUNТ"} // the last is "account", folded; "л/с" ends in С
	flats    = []string{"КВ.", "КВАРТИР", "ПОМ.", "ПОМЕЩ", "КОМН", "ОФ.", "ОФИС", "АПАРТ", "АРТ.", "FLАТ"}
	houses   = append([]string{"Д.", "ДОМ.", "ДОМЕ.", "ДОМУ.", "К.", "КОРП", "СТР."}, streets...)
	times    = []string{"ЯНВ", "ФЕВ", "МАРТ", "АПР", "МАЯ.", "ИЮН", "ИЮЛ", "АВГ", "СЕНТ", "ОКТ", "НОЯБ", "ДЕК", "Ч.", "ЧАС", "ДН", "МИН"}
)

// account reports whether the text has an account, whatever stands between its digits. A short one may be any number: it needs a word
// beside it.
func (s *scan) account(account string) bool {
	parts := newScan(account).words
	digits, all := 0, 0
	for _, p := range parts {
		all += len([]rune(p.text))
		if p.number {
			digits = max(digits, len(p.text))
		}
		if p.number && len(p.text) >= 6 && len(parts) > 1 && s.number(p.text) { // without its letters
			return true
		}
	}
	if digits == 0 {
		return all >= 4 && s.number(account)
	}
	if all >= 4 {
		return s.number(account)
	}
	for i := range s.words {
		if s.at(i, parts) && slices.ContainsFunc([]int{1, 2, 3}, func(k int) bool { return begins(s.word(i-k).text, accounts) }) {
			return true
		}
	}
	return false
}

// number reports whether the letters and digits of a number stand in the text, those of a long one with up to two signs between any of them.
func (s *scan) number(number string) bool {
	want := []rune(strings.Map(func(r rune) rune {
		if r = folded(r); unicode.IsLetter(r) || isDigit(r) {
			return r
		}
		return -1
	}, number))
	if len(want) == 0 {
		return false
	}
	between := 0
	if len(want) >= 6 {
		between = 2
	}
	text := []rune(s.text)
	for i := range text {
		if text[i] == want[0] && (i == 0 || !sameKind(text[i-1], text[i])) && spells(text[i:], want, between) {
			return true
		}
	}
	return false
}

// spells reports whether text begins with want and goes on with something else.
func spells(text, want []rune, between int) bool {
	k, skipped := 0, 0
	for i, r := range text {
		if k == len(want) {
			return !sameKind(text[i-1], r)
		}
		switch {
		case r == want[k]:
			k, skipped = k+1, 0
		case strings.ContainsRune(" -._/\\", r) && skipped < between:
			skipped++
		default:
			return false
		}
	}
	return k == len(want)
}

func sameKind(a, b rune) bool {
	return isDigit(a) && isDigit(b) || unicode.IsLetter(a) && unicode.IsLetter(b)
}

// premises reports whether the text names a flat: "кв. 12", "квартиры 10, 11 и 12", "12-я квартира", "д. 5-12". The bare number is no flat:
// every date and hour would be one. A span of flats (кв. 1–60) names none of them.
func (s *scan) premises(number string) bool {
	want := newScan(number).words
	for len(want) > 0 && !want[0].number && begins(want[0].text, flats) {
		want = want[1:]
	}
	if len(want) == 0 {
		return false
	}
	for i := range s.words {
		after := s.word(i + len(want))
		if !s.at(i, want) || after.gap == "" && (after.number || len([]rune(after.text)) == 1 && !strings.ContainsAny(after.text, "ЯИ")) {
			continue
		}
		if s.listed(i, after) || s.ordinal(i+len(want)) || s.dashed(i, after) {
			return true
		}
	}
	return false
}

// listed reports whether word i is one of the numbers after a word for flats.
func (s *scan) listed(i int, after piece) bool {
	if s.word(i).number && (s.word(i-1).number && strings.Contains(s.word(i).gap, "-") || after.number && strings.Contains(after.gap, "-")) {
		return false
	}
	for k := i - 1; k >= 0 && k > i-200; k-- {
		w := s.word(k)
		if begins(w.text, flats) {
			return !strings.Contains(s.word(k+1).gap, "\n")
		}
		if !w.number && len([]rune(w.text)) > 1 && w.text != "НОМЕР" || strings.Contains(s.word(k+1).gap, "\n") {
			return false
		}
	}
	return false
}

// ordinal reports whether the word after the number is its ending, and then one for flats: "12-я квартира". "12 квартир" are twelve.
func (s *scan) ordinal(i int) bool {
	return slices.Contains([]string{"Я", "АЯ", "И", "ОИ", "ЕИ", "Ю", "УЮ"}, s.word(i).text) && strings.Trim(s.word(i).gap, "-") == "" &&
		begins(s.word(i+1).text, flats)
}

// dashed reports whether the number stands behind that of a house: "ул. Кирова, 5-12". Days and hours do not.
func (s *scan) dashed(i int, after piece) bool {
	if house := s.word(i - 1); strings.TrimSpace(s.word(i).gap) != "-" || !house.number && len([]rune(house.text)) > 1 || begins(after.text, times) {
		return false
	}
	for k := 2; k <= 5; k++ {
		if strings.Contains(s.word(i-k+1).gap, "\n") {
			return false
		}
		if begins(s.word(i-k).text, houses) {
			return true
		}
	}
	return false
}

// How sums are written, in the folded spelling.
const (
	thousands = `[ '’.,_]?`
	roubles   = ` ?(?:РУБ[А-Я]*|Р|₽|RUВ|RUR)`
	before    = `(?:^|[^0-9])`
	behind    = `(?:[^0-9]|$)`
	rounding  = `(?:[^0-9.,]|[.,](?:[^0-9]|$)|$)` // behind a sum without kopecks
	owed      = `(?:СУММ|ДОЛГ|ЗАДОЛЖ|НАЧИСЛ|ОПЛАТ|УПЛАТ|ПЕРЕПЛАТ|ИТОГ|ПЕНИ|ПЕНЯ|НЕДОИМ|₽|РУБ\.?)[^0-9\n]{0,24}`
)

// amount reports whether the text has a sum, with its kopecks or rounded, however its thousands are set apart: "1 234,56", "1.234,56",
// "1234 руб. 56 коп.", "1 235 ₽", "одна тысяча двести…". Rounded it needs roubles or a word for debts beside it, or five digits.
func (s *scan) amount(sum engine.Money) bool {
	if sum < 0 {
		sum = -sum
	}
	if sum == 0 {
		return false
	}
	whole, rest := int64(sum)/100, int64(sum)%100
	if whole > 0 && !s.near(whole) {
		return s.spelled(whole) || rest >= 50 && s.spelled(whole+1)
	}
	exact := grouped(whole)
	ways := []string{fmt.Sprintf(`%s%s ?[.,-] ?%02d%s`, before, exact, rest, behind), fmt.Sprintf(`%s%s%s\.?,? ?%02d%s`, before, exact, roubles, rest, behind)}
	if rest%10 == 0 {
		ways = append(ways, fmt.Sprintf(`%s%s[.,]%d%s`, before, exact, rest/10, behind))
	}
	rounded := []int64{whole}
	if rest >= 50 {
		rounded = append(rounded, whole+1)
	}
	for _, n := range rounded {
		if n == 0 {
			continue
		}
		if s.spelled(n) {
			return true
		}
		digits := grouped(n)
		ways = append(ways, before+digits+` ?(?:РУБ|₽|RUВ|RUR|Р(?:[^А-Я]|$))`, owed+before+`?`+digits+rounding)
		if n >= 10_000 {
			ways = append(ways, before+digits+rounding)
		}
	}
	return regexp.MustCompile(strings.Join(ways, "|")).MatchString(s.text)
}

// near reports whether the digits of a number, or of the next, follow each other in the text whatever stands between them: without them
// there is nothing to look for closely.
func (s *scan) near(n int64) bool {
	digits := strings.Map(func(r rune) rune {
		if isDigit(r) {
			return r
		}
		return -1
	}, s.text)
	return strings.Contains(digits, strconv.FormatInt(n, 10)) || strings.Contains(digits, strconv.FormatInt(n+1, 10))
}

// grouped is a pattern of a whole number with or without its thousands set apart.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	head := (len(digits)-1)%3 + 1
	pattern := digits[:head]
	for ; head < len(digits); head += 3 {
		pattern += thousands + digits[head:head+3]
	}
	return pattern
}
