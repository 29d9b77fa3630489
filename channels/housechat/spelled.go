package housechat

import "strings"

// Words of numbers in the first case, folded; those of the feminine stand before thousands.
var (
	units    = strings.Fields("ОДИН ДВА ТРИ ЧЕТЫРЕ ПЯТЬ ШЕСТЬ СЕМЬ ВОСЕМЬ ДЕВЯТЬ ДЕСЯТЬ ОДИННАДЦАТЬ ДВЕНАДЦАТЬ ТРИНАДЦАТЬ ЧЕТЫРНАДЦАТЬ ПЯТНАДЦАТЬ ШЕСТНАДЦАТЬ СЕМНАДЦАТЬ ВОСЕМНАДЦАТЬ ДЕВЯТНАДЦАТЬ")
	tens     = strings.Fields("ДВАДЦАТЬ ТРИДЦАТЬ СОРОК ПЯТЬДЕСЯТ ШЕСТЬДЕСЯТ СЕМЬДЕСЯТ ВОСЕМЬДЕСЯТ ДЕВЯНОСТО")
	hundreds = strings.Fields("СТО ДВЕСТИ ТРИСТА ЧЕТЫРЕСТА ПЯТЬСОТ ШЕСТЬСОТ СЕМЬСОТ ВОСЕМЬСОТ ДЕВЯТЬСОТ")
)

// spelled reports whether the text has the sum of roubles in words, as on a receipt: from a hundred on and below a million.
func (s *scan) spelled(n int64) bool {
	if n < 100 || n >= 1_000_000 {
		return false
	}
	words := inWords(n)
	pieces := make([]piece, len(words))
	for i, w := range words {
		pieces[i].text = w
	}
	for i := range s.words {
		if s.at(i, pieces) && strings.HasPrefix(s.word(i+len(pieces)).text, "РУБ") {
			return true
		}
	}
	return false
}

// inWords writes a number below a million.
func inWords(n int64) []string {
	words := []string{}
	if thousand := n / 1000; thousand > 0 {
		words = below1000(thousand, words)
		last := &words[len(words)-1]
		noun := "ТЫСЯЧ"
		switch *last {
		case "ОДИН":
			*last, noun = "ОДНА", "ТЫСЯЧА"
		case "ДВА":
			*last, noun = "ДВЕ", "ТЫСЯЧИ"
		case "ТРИ", "ЧЕТЫРЕ":
			noun = "ТЫСЯЧИ"
		}
		words = append(words, noun)
	}
	return below1000(n%1000, words)
}

func below1000(n int64, words []string) []string {
	if n >= 100 {
		words = append(words, hundreds[n/100-1])
	}
	if n %= 100; n >= 20 {
		words = append(words, tens[n/10-2])
		n %= 10
	}
	if n > 0 {
		words = append(words, units[n-1])
	}
	return words
}
