package bill

import (
	"fmt"
	"strings"

	"codeberg.org/go-fonts/dejavu/dejavusanscondensed"
	"codeberg.org/go-fonts/dejavu/dejavusanscondensedbold"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// weight is one of the two faces a bill is set in: DejaVu Sans Condensed, which has the letters of all peoples of Russia, and the sign of the
// rouble.
type weight int

const (
	regular weight = iota
	bold
)

// names are those of the faces.
var names = [...]string{regular: "DejaVuSansCondensed", bold: "DejaVuSansCondensed-Bold"}

// missing stands for a letter that no font of ours has: a name is never printed as if it were shorter.
const missing = '□'

// faces are both faces, cut down to some letters, ready to be used by many documents at once.
type faces struct {
	letters [2][]letter // by their numbers in Unicode, up to the last
	embedded
}

// letter is one of a face; without a code the face does not have it.
type letter struct {
	code    uint16
	advance float32 // by the size
}

// cyrillic are the letters that most bills get by with, and what this package itself prints: documents with few letters are smaller.
func cyrillic() []rune {
	return stretches([2]rune{' ', '@'}, [2]rune{'Q', 'R'}, [2]rune{'[', '`'}, [2]rune{'{', '~'}, [2]rune{0xA0, 0xA0}, [2]rune{'«', '«'}, [2]rune{'»', '»'},
		[2]rune{'°', '³'}, [2]rune{'·', '·'}, [2]rune{'Ё', 'Ё'}, [2]rune{'А', 'я'}, [2]rune{'ё', 'ё'}, [2]rune{'–', '—'}, [2]rune{'“', '„'},
		[2]rune{'№', '№'}, [2]rune{'₽', '₽'}, [2]rune{'−', '−'})
}

// latin are the letters that some names and numbers have beside.
func latin() []rune { return stretches([2]rune{'A', 'Z'}, [2]rune{'a', 'z'}) }

// stretches are the letters from the first to the last of each.
func stretches(list ...[2]rune) (letters []rune) {
	for _, stretch := range list {
		for letter := stretch[0]; letter <= stretch[1]; letter++ {
			letters = append(letters, letter)
		}
	}
	return letters
}

// newFaces cuts both faces down to some letters.
func newFaces(letters []rune) (*faces, error) {
	f := &faces{}
	cut := [2][]byte{}
	for weight, whole := range [...][]byte{regular: dejavusanscondensed.TTF, bold: dejavusanscondensedbold.TTF} {
		var err error
		if cut[weight], err = subset(whole, letters); err != nil {
			return nil, err
		}
		if f.letters[weight], err = advances(cut[weight], letters); err != nil {
			return nil, err
		}
	}
	return f, f.embed(cut, string(letters))
}

// advances measures the letters that a font has.
func advances(ttf []byte, letters []rune) ([]letter, error) {
	parsed, err := sfnt.Parse(ttf)
	if err != nil {
		return nil, fmt.Errorf("read a font: %w", err)
	}
	var space sfnt.Buffer
	var list []letter
	for _, each := range letters {
		glyph, err := parsed.GlyphIndex(&space, each)
		if err != nil || glyph == 0 {
			continue
		}
		advance, err := parsed.GlyphAdvance(&space, glyph, fixed.I(1000), font.HintingNone)
		if err != nil {
			return nil, fmt.Errorf("measure a font: %w", err)
		}
		for len(list) <= int(each) {
			list = append(list, letter{})
		}
		list[each] = letter{uint16(glyph), float32(advance) / 64 / 1000}
	}
	return list, nil
}

// has reports whether a face has a letter.
func (f *faces) has(w weight, r rune) bool {
	return r >= 0 && int(r) < len(f.letters[w]) && f.letters[w][r].code != 0
}

// lacking adds the letters of some texts that the faces do not have.
func (f *faces) lacking(letters []rune, texts []string) []rune {
	for _, text := range texts {
		for _, letter := range text {
			if !f.has(regular, letter) {
				letters = append(letters, letter)
			}
		}
	}
	return letters
}

// letter gives a letter of a face, or the sign that stands in the place of every one that it does not have.
func (f *faces) letter(w weight, r rune) letter {
	switch {
	case f.has(w, r):
		return f.letters[w][r]
	case f.has(w, missing):
		return f.letters[w][missing]
	}
	return letter{}
}

// width is how wide a text is at a size.
func (f *faces) width(w weight, size float64, text string) (width float64) {
	for _, letter := range text {
		width += float64(f.letter(w, letter).advance) * size
	}
	return width
}

// wrap breaks a text into lines of at most so much width, at spaces, or within a word that is wider than a line.
func (f *faces) wrap(w weight, size, most float64, text string) (lines []string) {
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		if line != "" && f.width(w, size, line+" "+word) <= most {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = word; f.width(w, size, line) > most; {
			cut := f.fitting(w, size, most, line)
			lines, line = append(lines, line[:cut]), line[cut:]
		}
	}
	return append(lines, line)
}

// fitting is how many bytes of a text fit into a width: one letter at least.
func (f *faces) fitting(w weight, size, most float64, text string) int {
	width := 0.0
	for at, letter := range text {
		if width += float64(f.letter(w, letter).advance) * size; width > most && at > 0 {
			return at
		}
	}
	return len(text)
}
