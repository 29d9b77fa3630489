package bill

import (
	"reflect"
	"testing"

	"codeberg.org/go-fonts/dejavu/dejavusanscondensed"
	"codeberg.org/go-fonts/dejavu/dejavusanscondensedbold"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// everyday are the Latin and Cyrillic letters of all kinds, and signs: what names in Russia are written in.
func everyday() []rune {
	return stretches([2]rune{' ', '~'}, [2]rune{0xA0, 0x17F}, [2]rune{0x400, 0x52F}, [2]rune{'Ə', 'Ə'}, [2]rune{'ə', 'ə'}, [2]rune{0x2010, 0x2026},
		[2]rune{'№', '№'}, [2]rune{'₽', '₽'}, [2]rune{'−', '−'}, [2]rune{missing, missing})
}

// TestSubsetDrawsTheSame holds a cut font to the whole one, letter by letter, by a reader that follows composite glyphs to any depth, and sees
// that no glyph is deeper than the one level that gopdf follows.
func TestSubsetDrawsTheSame(t *testing.T) {
	for _, whole := range [][]byte{dejavusanscondensed.TTF, dejavusanscondensedbold.TTF} {
		cut, err := subset(whole, everyday())
		if err != nil {
			t.Fatal(err)
		}
		if len(cut) > 90_000 {
			t.Errorf("the cut font has %d bytes", len(cut))
		}
		from, to := parse(t, whole), parse(t, cut)
		seen := 0
		for _, letter := range everyday() {
			want, ok := outline(t, from, letter)
			if !ok {
				continue
			}
			if got, ok := outline(t, to, letter); !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("%q is drawn otherwise", letter)
			}
			seen++
		}
		if seen < 600 {
			t.Errorf("only %d letters were compared", seen)
		}
		checkDepth(t, cut)
	}
}

func parse(t *testing.T, ttf []byte) *sfnt.Font {
	t.Helper()
	f, err := sfnt.Parse(ttf)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// outline gives how a letter is drawn; false if the font does not have it.
func outline(t *testing.T, f *sfnt.Font, letter rune) (sfnt.Segments, bool) {
	t.Helper()
	var space sfnt.Buffer
	glyph, err := f.GlyphIndex(&space, letter)
	if err != nil {
		t.Fatal(err)
	}
	if glyph == 0 {
		return nil, false
	}
	drawn, err := f.LoadGlyph(&space, glyph, fixed.I(2048), nil)
	if err != nil {
		t.Fatal(err)
	}
	return drawn, true
}

func checkDepth(t *testing.T, ttf []byte) {
	t.Helper()
	c, err := openFont(ttf)
	if err != nil {
		t.Fatal(err)
	}
	for glyph := range len(c.loca) - 1 {
		eachPart(c.outline(uint16(glyph)), func(part []byte) {
			eachPart(c.outline(be.Uint16(part[2:])), func([]byte) { t.Errorf("glyph %d is composite of composites", glyph) })
		})
	}
}

// TestSubsetOfNoFont takes what is no font, or only a part of one, for an error.
func TestSubsetOfNoFont(t *testing.T) {
	whole := dejavusanscondensed.TTF
	for _, length := range []int{0, 3, 12, 100, 300, 5_000, len(whole) / 2} {
		if _, err := subset(whole[:length], everyday()); err == nil {
			t.Errorf("the first %d bytes of a font were taken for one", length)
		}
	}
}
