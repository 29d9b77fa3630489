package bill

import (
	"bytes"
	"compress/zlib"
	"fmt"

	"github.com/signintech/gopdf"
)

// fontNames are those of the faces on a page, as gopdf gives them out.
var fontNames = [...]string{regular: "/F1", bold: "/F2"}

// embedded are fonts as they stand in every document that is set in them: packing them anew for each was most of the work of printing.
type embedded struct {
	fonts   [2]int // the numbers of the objects that pages name, by weight
	objects []ready
}

// ready is an object as it is written.
type ready struct {
	number int
	body   []byte
}

// embed has gopdf set every letter of both faces and keeps the objects that it makes of the fonts.
func (e *embedded) embed(ttf [2][]byte, letters string) error {
	var pdf gopdf.GoPdf
	pdf.Start(gopdf.Config{PageSize: *gopdf.PageSizeA4})
	for weight, name := range names {
		if err := pdf.AddTTFFontData(name, ttf[weight]); err != nil {
			return fmt.Errorf("read a font: %w", err)
		}
	}
	pdf.AddPage()
	for _, name := range names {
		if err := pdf.SetFont(name, "", 10); err != nil {
			return fmt.Errorf("set a font: %w", err)
		}
		if err := pdf.Text(letters); err != nil {
			return fmt.Errorf("set a font: %w", err)
		}
	}
	written, err := pdf.GetBytesPdfReturnErr()
	if err != nil {
		return fmt.Errorf("embed fonts: %w", err)
	}
	return e.take(written)
}

// take takes the fonts out of a document.
func (e *embedded) take(pdf []byte) error {
	r := reader{}
	if err := r.open(pdf); err != nil {
		return err
	}
	resources, err := r.follow(r.trailer, "/Root", "/Pages", "/Kids", "/Resources")
	if err != nil {
		return err
	}
	for weight, name := range fontNames {
		e.fonts[weight] = numberOf(resources.dict, name)
		if err := e.keep(&r, e.fonts[weight]); err != nil {
			return err
		}
	}
	return nil
}

// keep takes an object, and those of a font that it names.
func (e *embedded) keep(r *reader, number int) error {
	o, err := r.object(number)
	if err != nil {
		return err
	}
	if number < firstFree {
		return fmt.Errorf("object %d of a font has a number of ours: %w", number, errUnreadable)
	}
	e.objects = append(e.objects, ready{number, written(o)})
	for _, key := range []string{"/DescendantFonts", "/FontDescriptor", "/FontFile2", "/ToUnicode"} {
		if other := numberOf(o.dict, key); other > 0 {
			if err := e.keep(r, other); err != nil {
				return err
			}
		}
	}
	return nil
}

// written is an object as it stands in a document; gopdf leaves the maps of letters unpacked.
func written(o object) []byte {
	if o.stream == nil || bytes.Contains(o.dict, []byte("/Filter")) {
		return wrapped(string(o.dict), o.stream)
	}
	var packed bytes.Buffer
	packer := zlib.NewWriter(&packed)
	_, _ = packer.Write(o.stream) // a buffer takes everything
	_ = packer.Close()
	return wrapped(fmt.Sprintf("<</Filter /FlateDecode /Length %d>>\n", packed.Len()), packed.Bytes())
}

func wrapped(dict string, stream []byte) []byte {
	if stream == nil {
		return []byte(dict)
	}
	return append(append([]byte(dict+"stream\n"), stream...), "\nendstream\n"...)
}
