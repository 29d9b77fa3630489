package bill

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"unicode/utf16"
)

// Numbers of the objects that every document has. Its fonts bring theirs, from firstFree on.
const (
	catalog = 1 + iota
	pageTree
	resources
	information
	firstFree
)

// codeName is that of the QR code on a page.
const codeName = "/Q1"

// paper is a document being written (ISO 32000-1, 7.5): one object after another, and the table that says where each begins.
type paper struct {
	out    []byte
	at     []int // by the objects' numbers; 0: there is none
	packer *zlib.Writer
	packed bytes.Buffer
}

// write gives the document of a sheet, good until the next one is written. pixels are those of the QR code, so many on each side; nil: it has none.
func (p *paper) write(s *sheet, b *Bill, pixels []byte, side int) []byte {
	p.at = append(p.at[:0], 0)
	p.out = append(p.out[:0], "%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"...) // the bytes tell programs that copy it that it is no text (7.5.2)
	for _, font := range s.faces.objects {
		p.begin(font.number)
		p.out = append(p.out, font.body...)
		p.end()
	}
	picture := ""
	if pixels != nil {
		number := len(p.at)
		p.stream(number, pixels, "/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceGray /BitsPerComponent 1 ", side, side)
		picture = fmt.Sprintf("/XObject <<%s %d 0 R>>", codeName, number)
	}
	p.object(resources, "<</Font <<%s %d 0 R %s %d 0 R>>%s>>", fontNames[regular], s.faces.fonts[regular], fontNames[bold], s.faces.fonts[bold], picture)
	kids := ""
	for _, page := range s.pages {
		number := len(p.at)
		p.stream(number, page, "")
		p.object(number+1, "<</Type /Page /Parent %d 0 R /Resources %d 0 R /Contents %d 0 R>>", pageTree, resources, number)
		kids += fmt.Sprintf("%d 0 R ", number+1)
	}
	p.object(pageTree, "<</Type /Pages /MediaBox [0 0 %.2f %.2f] /Count %d /Kids [%s]>>", pageWidth, pageHeight, len(s.pages), kids)
	p.object(catalog, "<</Type /Catalog /Pages %d 0 R /Lang (ru-RU)>>", pageTree)
	p.object(information, "<</Title <%X> /Author <%X> /Creator (Vestnik)>>", wide("Платёжный документ за "+period(b)), wide(b.Provider))
	return p.close()
}

// begin begins an object.
func (p *paper) begin(number int) {
	for len(p.at) <= number {
		p.at = append(p.at, 0)
	}
	p.at[number] = len(p.out)
	p.out = fmt.Appendf(p.out, "%d 0 obj\n", number)
}

func (p *paper) end() { p.out = append(p.out, "endobj\n"...) }

// object writes one without a stream.
func (p *paper) object(number int, format string, values ...any) {
	p.begin(number)
	p.out = append(fmt.Appendf(p.out, format, values...), '\n')
	p.end()
}

// stream writes an object with a stream; format says more about it.
func (p *paper) stream(number int, content []byte, format string, values ...any) {
	p.packed.Reset()
	p.packer.Reset(&p.packed)
	_, _ = p.packer.Write(content) // a buffer takes everything
	_ = p.packer.Close()
	p.begin(number)
	p.out = fmt.Appendf(append(p.out, "<<"...), format, values...)
	p.out = fmt.Appendf(p.out, "/Filter /FlateDecode /Length %d>>\nstream\n", p.packed.Len())
	p.out = append(append(p.out, p.packed.Bytes()...), "\nendstream\n"...)
	p.end()
}

// close writes the table and where it begins; its entries are of 20 bytes (7.5.4).
func (p *paper) close() []byte {
	table := len(p.out)
	p.out = fmt.Appendf(p.out, "xref\n0 %d\n0000000000 65535 f \n", len(p.at))
	for _, at := range p.at[1:] {
		state := 'n'
		if at == 0 {
			state = 'f'
		}
		p.out = fmt.Appendf(p.out, "%010d 00000 %c \n", at, state)
	}
	p.out = fmt.Appendf(p.out, "trailer\n<</Size %d /Root %d 0 R /Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(p.at), catalog, information, table)
	return p.out
}

// wide is a text as documents tell of themselves: UTF-16 with its mark (7.9.2.2).
func wide(text string) []byte {
	out := []byte{0xFE, 0xFF}
	for _, unit := range utf16.Encode([]rune(text)) {
		out = be.AppendUint16(out, unit)
	}
	return out
}
