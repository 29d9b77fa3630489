package housechat

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// forms are the words of a "name" that are nobody's.
var forms = []string{"ООО", "ОАО", "ПАО", "ЗАО", "АО", "ИП", "ТСЖ", "ТСН", "ЖСК", "ГСК", "УК", "ОГЛЫ", "КЫЗЫ", "УЛЫ", "ДЕ", "ФОН", "ВАН"}

// endings are what Russian names end in, in all cases, after the stem.
var endings = strings.Fields(`А Я У Ю Е Ы И О Ь ОИ ЕИ ЕЮ ОЮ ИИ ИЯ ИЮ ИЕ ЕМ ОМ ЫМ ИМ АМИ ЯМИ АХ ЯХ ЫХ ИХ АМ ЯМ ОГО ЕГО ОМУ ЕМУ АЯ ЯЯ УЮ ЮЮ ИМИ ЫМИ
 ЕЯ ЕЕМ ЕЕ ИЕМ ИЕИ ЬЯ ЬЮ ЬЕМ ЬЕ ЬИ ЬЕИ`)

// streets are words beside which a name is that of a street, and no resident's.
var streets = []string{"УЛ.", "УЛИЦ", "ПР.", "ПРОСПЕКТ", "ПЕР.", "ПЕРЕУЛ", "ПЛ.", "ПЛОЩАД", "БУЛЬВАР", "НАБ.", "НАБЕРЕЖН", "ШОССЕ", "ПРОЕЗД", "АЛЛЕ",
	"ТУПИК", "МКР.", "МИКРОРАИОН", "ИМЕНИ.", "СКВЕР", "ПАРК", "ПОС.", "ПОСЕЛ", "СЕЛО.", "ДЕРЕВ"}

// names reports whether the text has a part of a person's name: surname, first name or patronymic, in any case, with е for ё or with Latin
// letters among the Russian.
func (s *scan) names(name string) bool {
	var parts []string
	for _, p := range newScan(name).words {
		if !p.number && utf8.RuneCountInString(p.text) > 1 && !slices.Contains(forms, p.text) {
			parts = append(parts, p.text)
		}
	}
	if len(parts) == 0 {
		return false
	}
	for i, w := range s.words {
		if w.number || w.exempt {
			continue
		}
		for _, part := range parts {
			if s.isName(i, part, parts) && !s.street(i, part) {
				return true
			}
		}
	}
	return false
}

// isName reports whether word i is the part. In another case than the first it has to begin with a capital, or else the frost (мороза)
// would be the family Moroz. A part of two letters may be any word: it needs another part, or an initial, beside it.
func (s *scan) isName(i int, part string, parts []string) bool {
	w := s.words[i]
	if w.text != part && (!w.capital || !inflected(w.text, part)) {
		return false
	}
	if utf8.RuneCountInString(part) > 2 {
		return true
	}
	return slices.ContainsFunc([]piece{s.word(i - 1), s.word(i + 1)}, func(beside piece) bool {
		return slices.ContainsFunc(parts, func(other string) bool {
			return other != part && beside.text != "" && (strings.HasPrefix(other, beside.text) || inflected(beside.text, other))
		})
	})
}

// inflected reports whether the word may be another case of the name.
func inflected(word, name string) bool {
	stem := strings.TrimRight(name, "АЕИОУЫЮЯЬ")
	stems := []string{stem}
	if letters := []rune(stem); len(letters) >= 3 && strings.ContainsRune("ЕО", letters[len(letters)-2]) { // Павел, Павла; Лев, Льва
		head, tail := string(letters[:len(letters)-2]), string(letters[len(letters)-1:])
		stems = append(stems, head+tail, head+"Ь"+tail)
	}
	for _, stem := range stems {
		ending, is := strings.CutPrefix(word, stem)
		if is && utf8.RuneCountInString(stem) >= 3 && (ending == "" || slices.Contains(endings, ending)) {
			return true
		}
	}
	return false
}

// street reports whether word i is the name of a street: beside the word "street" on the same line and in the same phrase, or, when it is not
// in the first case (улица маршала Жукова), with one word between.
func (s *scan) street(i int, part string) bool {
	together := func(gap string) bool { return !strings.ContainsAny(gap, ",;:\n()!?") }
	w := s.word(i)
	if together(w.gap) && begins(s.word(i-1).text, streets) {
		return true
	}
	if next := s.word(i + 1); together(next.gap) && begins(next.text, streets) && w.text != part {
		return true
	}
	return w.text != part && together(w.gap) && together(s.word(i-1).gap) && begins(s.word(i-2).text, streets)
}
