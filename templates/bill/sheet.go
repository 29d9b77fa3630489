package bill

import "strconv"

// Measures of the page in points: A4 with margins of 14 mm, which every printer leaves alone.
const (
	pageWidth  = 595.28
	pageHeight = 841.89
	margin     = 40.0
	width      = pageWidth - 2*margin
	bottom     = pageHeight - margin - 14 // above the foot
)

// shade is a colour.
type shade [3]uint8

// The colours: one blue beside black and grey, so that the page is as clear on an office printer.
var (
	ink   = shade{0x18, 0x20, 0x2b}
	grey  = shade{0x56, 0x63, 0x73}
	blue  = shade{0x0b, 0x57, 0xc4}
	mist  = shade{0xee, 0xf4, 0xfc}
	ruled = shade{0xd5, 0xdd, 0xe6}
)

// style is how a text is set.
type style struct {
	weight weight
	size   float64
	shade  shade
}

// sheet is a document being drawn, from the top down.
type sheet struct {
	faces *faces
	pages [][]byte // what each shows, in the operators of ISO 32000-1 (8.5, 9.4)
	on    int      // the page that is drawn on
	y     float64  // where the next block begins
	style style    // what the page is set to
}

// begin forgets what was drawn before.
func (s *sheet) begin(f *faces) {
	s.faces, s.pages = f, s.pages[:0]
	s.page()
}

// page begins a page.
func (s *sheet) page() {
	s.on = len(s.pages)
	if s.on < cap(s.pages) {
		s.pages = s.pages[:s.on+1]
		s.pages[s.on] = s.pages[s.on][:0]
	} else {
		s.pages = append(s.pages, nil)
	}
	s.y, s.style = margin, style{}
}

// operate adds an operator behind its operands.
func (s *sheet) operate(operator string, operands ...float64) {
	page := s.pages[s.on]
	for _, operand := range operands {
		page = append(strconv.AppendFloat(page, operand, 'f', 2, 64), ' ')
	}
	s.pages[s.on] = append(append(page, operator...), '\n')
}

// colour sets that of what is filled, texts too ("rg"), or of lines ("RG").
func (s *sheet) colour(operator string, c shade) {
	s.operate(operator, float64(c[0])/255, float64(c[1])/255, float64(c[2])/255)
}

// text sets a text on a base line, beginning at x.
func (s *sheet) text(x, y float64, st style, text string) {
	if text == "" {
		return
	}
	s.operate("BT")
	if s.style != st {
		s.pages[s.on] = append(append(s.pages[s.on], fontNames[st.weight]...), ' ')
		s.operate("Tf", st.size)
		s.colour("rg", st.shade)
		s.style = st
	}
	s.operate("Td", x, pageHeight-y)
	page := append(s.pages[s.on], '<')
	for _, letter := range text {
		page = appendCode(page, s.faces.letter(st.weight, letter).code)
	}
	s.pages[s.on] = append(page, "> Tj\nET\n"...)
}

// appendCode adds two bytes as hexadecimal digits.
func appendCode(b []byte, code uint16) []byte {
	const digits = "0123456789ABCDEF"
	return append(b, digits[code>>12], digits[code>>8&15], digits[code>>4&15], digits[code&15])
}

// right sets a text that ends at x.
func (s *sheet) right(x, y float64, st style, text string) {
	s.text(x-s.faces.width(st.weight, st.size, text), y, st, text)
}

// fit sets a text on one line of at most so much width, smaller if it has to be: what is compared with the bill is never broken.
func (s *sheet) fit(x, y, most float64, st style, text string) {
	if wide := s.faces.width(st.weight, st.size, text); wide > most {
		st.size *= most / wide
	}
	s.text(x, y, st, text)
}

// lines sets a text in lines and gives the height they take.
func (s *sheet) lines(x, y, most, leading float64, st style, text string) (height float64) {
	for _, line := range s.faces.wrap(st.weight, st.size, most, text) {
		s.text(x, y+height, st, line)
		height += leading
	}
	return height
}

// box fills a rectangle.
func (s *sheet) box(x, y, w, h float64, fill shade) {
	s.colour("rg", fill)
	s.operate("re", x, pageHeight-y-h, w, h)
	s.operate("f")
	s.style = style{} // a fill changes the colour of text too
}

// line draws a line across the page's text.
func (s *sheet) line(x, y, w, thick float64, stroke shade) {
	s.operate("w", thick)
	s.colour("RG", stroke)
	s.operate("m", x, pageHeight-y)
	s.operate("l", x+w, pageHeight-y)
	s.operate("S")
}

// picture places the QR code, its white border included.
func (s *sheet) picture(x, y, side float64) {
	s.operate("q")
	s.operate("cm", side, 0, 0, side, x, pageHeight-y-side)
	s.operate(codeName + " Do")
	s.operate("Q")
}

// feet writes the foot of every page.
func (s *sheet) feet(b *Bill) {
	small := style{regular, 7, grey}
	for s.on = range s.pages {
		s.style = style{}
		y := pageHeight - margin
		s.line(margin, y-10, width, 0.5, ruled)
		s.text(margin, y, small, foot(b))
		s.right(margin+width, y, small, "Страница "+strconv.Itoa(s.on+1)+" из "+strconv.Itoa(len(s.pages)))
	}
}
