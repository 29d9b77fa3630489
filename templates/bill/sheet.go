package bill

import (
	"bytes"
	"compress/zlib"
	"fmt"

	"github.com/signintech/gopdf"
)

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

// sheet is a document being drawn, from the top down. Its first error stays.
type sheet struct {
	pdf   gopdf.GoPdf
	faces *faces
	y     float64 // where the next block begins
	pages int
	style style // what the document is set to
	err   error
}

func newSheet(f *faces) *sheet {
	s := &sheet{faces: f}
	s.pdf.Start(gopdf.Config{PageSize: gopdf.Rect{W: pageWidth, H: pageHeight}})
	s.pdf.SetCompressLevel(zlib.BestSpeed)
	for _, name := range names {
		s.do(s.pdf.AddTTFFontFromFontContainer(name, &f.fonts))
	}
	s.page()
	return s
}

func (s *sheet) do(err error) {
	if s.err == nil {
		s.err = err
	}
}

// page begins a page.
func (s *sheet) page() {
	s.pdf.AddPage()
	s.pages++
	s.y, s.style = margin, style{}
}

// text sets a text on a base line, beginning at x.
func (s *sheet) text(x, y float64, st style, text string) {
	if text == "" {
		return
	}
	if s.style != st {
		s.do(s.pdf.SetFont(names[st.weight], "", st.size))
		s.pdf.SetTextColor(st.shade[0], st.shade[1], st.shade[2])
		s.style = st
	}
	s.pdf.SetXY(x, y)
	s.do(s.pdf.Text(s.faces.visible(st.weight, text)))
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
	s.pdf.SetFillColor(fill[0], fill[1], fill[2])
	s.pdf.RectFromUpperLeftWithStyle(x, y, w, h, "F")
	s.style = style{} // a fill changes the colour of text too
}

// line draws a line across the page's text.
func (s *sheet) line(x, y, w, thick float64, stroke shade) {
	s.pdf.SetLineWidth(thick)
	s.pdf.SetStrokeColor(stroke[0], stroke[1], stroke[2])
	s.pdf.Line(x, y, x+w, y)
}

// picture places the QR code, its white border included.
func (s *sheet) picture(x, y, side float64, png []byte) {
	holder, err := gopdf.ImageHolderByBytes(png)
	if err != nil {
		s.do(fmt.Errorf("place the QR code: %w", err))
		return
	}
	s.do(s.pdf.ImageByHolder(holder, x, y, &gopdf.Rect{W: side, H: side}))
}

// finish writes the foot of every page and gives the document.
func (s *sheet) finish(b *Bill) ([]byte, error) {
	small := style{regular, 7, grey}
	for n := 1; n <= s.pages && s.err == nil; n++ {
		s.do(s.pdf.SetPage(n))
		s.style = style{}
		y := pageHeight - margin
		s.line(margin, y-10, width, 0.5, ruled)
		s.text(margin, y, small, foot(b))
		s.right(margin+width, y, small, fmt.Sprintf("Страница %d из %d", n, s.pages))
	}
	s.pdf.SetInfo(gopdf.PdfInfo{Title: "Платёжный документ за " + period(b), Author: b.Provider, Creator: "Vestnik"})
	var out bytes.Buffer
	if s.err == nil {
		_, err := s.pdf.WriteTo(&out)
		s.do(err)
	}
	return out.Bytes(), s.err
}
