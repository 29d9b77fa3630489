package bill

import (
	"fmt"
	"strings"

	"codeberg.org/go-fonts/dejavu/dejavusanscondensed"
	"codeberg.org/go-fonts/dejavu/dejavusanscondensedbold"
	"github.com/signintech/gopdf"
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

// names are those the faces have in a document.
var names = [...]string{regular: "DejaVuSansCondensed", bold: "DejaVuSansCondensed-Bold"}

// missing stands for a letter that no font of ours has: a name is never printed as if it were shorter.
const missing = '□'

// faces are both faces, ready to be used by many documents at once.
type faces struct {
	fonts    gopdf.FontContainer
	advances [2]map[rune]float64 // the width of a letter by its size
}

// russian are the letters that nearly every bill gets by with, and what this package itself prints.
func russian() []rune {
	return stretches([2]rune{' ', '~'}, [2]rune{0xA0, 0xA0}, [2]rune{'«', '«'}, [2]rune{'»', '»'}, [2]rune{'°', '³'}, [2]rune{'·', '·'}, [2]rune{'Ё', 'Ё'},
		[2]rune{'А', 'я'}, [2]rune{'ё', 'ё'}, [2]rune{'–', '—'}, [2]rune{'“', '„'}, [2]rune{'№', '№'}, [2]rune{'₽', '₽'}, [2]rune{'−', '−'})
}

// everyday are the Latin and Cyrillic letters of all kinds, and signs: what names in Russia are written in.
func everyday() []rune {
	return stretches([2]rune{' ', '~'}, [2]rune{0xA0, 0x17F}, [2]rune{0x400, 0x52F}, [2]rune{'Ə', 'Ə'}, [2]rune{'ə', 'ə'}, [2]rune{0x2010, 0x2026},
		[2]rune{'№', '№'}, [2]rune{'₽', '₽'}, [2]rune{'−', '−'}, [2]rune{missing, missing})
}

// stretches are the letters from the first to the last of each.
func stretches(list ...[2]rune) (letters []rune) {
	for _, stretch := range list {
		for letter := stretch[0]; letter <= stretch[1]; letter++ {
			letters = append(letters, letter)
		}
	}
	return letters
}

// newFaces cuts both faces down to some letters; nil: all they have in the Basic Multilingual Plane.
func newFaces(letters []rune) (*faces, error) {
	if letters == nil {
		for letter := rune(' '); letter < 0xFFFF; letter++ {
			letters = append(letters, letter)
		}
	}
	f := &faces{}
	for weight, whole := range [...][]byte{regular: dejavusanscondensed.TTF, bold: dejavusanscondensedbold.TTF} {
		cut, err := subset(whole, letters)
		if err != nil {
			return nil, err
		}
		if err := f.fonts.AddTTFFontData(names[weight], cut); err != nil {
			return nil, fmt.Errorf("read a font: %w", err)
		}
		if f.advances[weight], err = advances(cut, letters); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// advances measures the letters that a font has.
func advances(ttf []byte, letters []rune) (map[rune]float64, error) {
	parsed, err := sfnt.Parse(ttf)
	if err != nil {
		return nil, fmt.Errorf("read a font: %w", err)
	}
	var space sfnt.Buffer
	widths := map[rune]float64{}
	for _, letter := range letters {
		glyph, err := parsed.GlyphIndex(&space, letter)
		if err != nil || glyph == 0 {
			continue
		}
		advance, err := parsed.GlyphAdvance(&space, glyph, fixed.I(1000), font.HintingNone)
		if err != nil {
			return nil, fmt.Errorf("measure a font: %w", err)
		}
		widths[letter] = float64(advance) / 64 / 1000
	}
	return widths, nil
}

// has reports whether the faces have every letter of a text.
func (f *faces) has(text string) bool {
	for _, letter := range text {
		if _, ok := f.advances[regular][letter]; !ok {
			return false
		}
	}
	return true
}

// visible puts a sign in the place of every letter that a face does not have.
func (f *faces) visible(w weight, text string) string {
	return strings.Map(func(letter rune) rune {
		if _, ok := f.advances[w][letter]; ok {
			return letter
		}
		return missing
	}, text)
}

// width is how wide a text is at a size.
func (f *faces) width(w weight, size float64, text string) (width float64) {
	for _, letter := range text {
		width += f.advances[w][letter] * size
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
		if width += f.advances[w][letter] * size; width > most && at > 0 {
			return at
		}
	}
	return len(text)
}
