package housechat

import (
	"slices"
	"strings"
	"unicode"
)

// scan is a text as the guard reads it: in one spelling, and cut into words and numbers.
type scan struct {
	text  string
	words []piece
}

// piece is a run of letters or of digits.
type piece struct {
	text    string
	gap     string // what stands between the piece before and this one
	number  bool
	capital bool // it began with a capital letter
	exempt  bool // it belongs to a name that everybody may read
}

// alike are Latin letters, and Russian ones, that are written or read for one another.
var alike = map[rune]rune{'A': 'А', 'B': 'В', 'C': 'С', 'E': 'Е', 'H': 'Н', 'K': 'К', 'M': 'М', 'O': 'О', 'P': 'Р', 'T': 'Т', 'X': 'Х', 'Y': 'У',
	'Ё': 'Е', 'Й': 'И'}

// folded gives a letter in the one spelling; zero for what nobody sees, such as soft hyphens and accents.
func folded(r rune) rune {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Cf):
		return 0
	case r >= '０' && r <= '９':
		return r - '０' + '0'
	case r != '\n' && unicode.IsSpace(r):
		return ' '
	case strings.ContainsRune("‐‑‒–—−", r):
		return '-'
	}
	r = unicode.ToUpper(r)
	if same, ok := alike[r]; ok {
		return same
	}
	return r
}

// fold brings a text into the one spelling: capitals, Latin letters that look Russian as Russian, every blank a space.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		if r = folded(r); r == 0 {
			return -1
		}
		return r
	}, text)
}

func newScan(text string) *scan {
	s := &scan{text: fold(text), words: make([]piece, 0, 64)}
	var run, gap strings.Builder
	var last rune // of the run
	capital := false
	end := func() {
		if run.Len() > 0 {
			s.words = append(s.words, piece{text: run.String(), gap: gap.String(), number: isDigit(last), capital: capital})
			run.Reset()
			gap.Reset()
		}
	}
	for _, r := range text {
		f := folded(r)
		switch {
		case f == 0:
			continue
		case !unicode.IsLetter(f) && !isDigit(f):
			end()
			gap.WriteRune(f)
			last = 0
			continue
		case run.Len() > 0 && isDigit(f) != isDigit(last):
			end()
		}
		if run.Len() == 0 {
			capital = unicode.IsUpper(r)
		}
		run.WriteRune(f)
		last = f
	}
	end()
	return s
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// exempt marks every place where a public name stands.
func (s *scan) exempt(name string) {
	public := newScan(name).words
	for i := range s.words {
		if len(public) == 0 || !s.at(i, public) {
			continue
		}
		for k := range public {
			s.words[i+k].exempt = true
		}
	}
}

// at reports whether the words stand at place i, whatever is between them.
func (s *scan) at(i int, words []piece) bool {
	return i+len(words) <= len(s.words) && slices.EqualFunc(s.words[i:i+len(words)], words, func(a, b piece) bool { return a.text == b.text })
}

// has reports whether the words stand anywhere.
func (s *scan) has(words []piece) bool {
	for i := range s.words {
		if s.at(i, words) {
			return true
		}
	}
	return false
}

// word gives a piece of the text; an empty one outside it.
func (s *scan) word(i int) piece {
	if i < 0 || i >= len(s.words) {
		return piece{gap: "\n"}
	}
	return s.words[i]
}

// begins reports whether the word begins with one of the stems; a stem with a point at its end is a whole word.
func begins(word string, stems []string) bool {
	return slices.ContainsFunc(stems, func(stem string) bool {
		if whole, is := strings.CutSuffix(stem, "."); is {
			return word == whole
		}
		return strings.HasPrefix(word, stem)
	})
}
