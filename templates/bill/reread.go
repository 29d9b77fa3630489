package bill

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// printed is what a document says: its texts in the order in which they were set, each on a line of its own, and the payload of its QR code.
type printed struct {
	texts string
	code  string // empty: there is none
}

var errUnreadable = errors.New("the document cannot be read back")

// reader reads documents, one at a time, as a program does that shows them: from the table at the end to the pages, their fonts and pictures by
// number, letters by the maps of their fonts, streams unpacked. It knows nothing of who wrote them.
type reader struct {
	file
	unpacker io.ReadCloser
	unpacked bytes.Buffer
	letters  [len(fontNames)][]rune // by their codes
	texts    []rune
}

// read gives what a document says.
func (r *reader) read(pdf []byte) (p printed, err error) {
	if err := r.open(pdf); err != nil {
		return p, err
	}
	tree, err := r.follow(r.trailer, "/Root", "/Pages")
	if err != nil {
		return p, err
	}
	r.texts = r.texts[:0]
	fonts := 0 // the object of the fonts and pictures that were read
	for _, number := range references(tree.dict, "/Kids") {
		page, err := r.object(number)
		if err != nil {
			return p, err
		}
		if own := numberOf(page.dict, "/Resources"); own != fonts {
			if fonts = own; p.code != "" {
				return p, fmt.Errorf("a second picture: %w", errUnreadable)
			}
			if p.code, err = r.readResources(own); err != nil {
				return p, err
			}
		}
		content, err := r.follow(page.dict, "/Contents")
		if err != nil {
			return p, err
		}
		if err := r.readTexts(content); err != nil {
			return p, err
		}
	}
	p.texts = string(r.texts)
	return p, nil
}

// readResources reads the letters of the fonts, and the QR code.
func (r *reader) readResources(number int) (code string, err error) {
	resources, err := r.object(number)
	if err != nil {
		return "", err
	}
	for i, name := range fontNames {
		to, err := r.follow(resources.dict, name, "/ToUnicode")
		if err != nil {
			return "", err
		}
		if r.letters[i], err = r.readLetters(r.letters[i][:0], to); err != nil {
			return "", err
		}
	}
	if numberOf(resources.dict, codeName) == 0 {
		return "", nil
	}
	picture, err := r.follow(resources.dict, codeName)
	if err != nil {
		return "", err
	}
	return r.readCode(picture)
}

// readLetters reads which letter each code stands for: lines of <code><same code><letter>.
func (r *reader) readLetters(letters []rune, o object) ([]rune, error) {
	content, err := r.unpack(o)
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(content) {
		if len(line) != len("<0000><0000><0000>\n") || line[0] != '<' || line[5] != '>' {
			continue
		}
		code, okay := number16(line[1:5])
		letter, ok := number16(line[13:17])
		if !okay || !ok {
			return nil, fmt.Errorf("a letter without a code: %w", errUnreadable)
		}
		for len(letters) <= int(code) {
			letters = append(letters, 0)
		}
		letters[code] = rune(letter)
	}
	return letters, nil
}

// number16 reads four hexadecimal digits.
func number16(digits []byte) (number uint16, ok bool) {
	for _, digit := range digits[:4] {
		at := strings.IndexByte("0123456789ABCDEF", digit)
		if at < 0 {
			return 0, false
		}
		number = number<<4 | uint16(at)
	}
	return number, true
}

// readTexts reads the operators of a page that choose fonts and set texts.
func (r *reader) readTexts(o object) error {
	content, err := r.unpack(o)
	if err != nil {
		return err
	}
	var letters []rune
	for line := range bytes.Lines(content) {
		if bytes.HasSuffix(line, []byte(" Tf\n")) {
			for i, name := range fontNames {
				if bytes.HasPrefix(line, []byte(name+" ")) {
					letters = r.letters[i]
				}
			}
		}
		codes, sets := bytes.CutSuffix(line, []byte("> Tj\n"))
		if !sets {
			continue
		}
		for codes = bytes.TrimPrefix(codes, []byte("<")); len(codes) >= 4; codes = codes[4:] {
			code, ok := number16(codes)
			if !ok || int(code) >= len(letters) || letters[code] == 0 {
				return fmt.Errorf("a code that stands for no letter: %w", errUnreadable)
			}
			r.texts = append(r.texts, letters[code])
		}
		r.texts = append(r.texts, '\n')
	}
	return nil
}

// readCode reads the QR code of a picture as it was written, dot by dot, by a decoder that knows nothing of who encoded it.
func (r *reader) readCode(picture object) (string, error) {
	side := numberOf(picture.dict, "/Width")
	pixels, err := r.unpack(picture)
	if err != nil {
		return "", err
	}
	stride := (side + 7) / 8
	if side <= 0 || side != numberOf(picture.dict, "/Height") || len(pixels) != side*stride || side%dots != 0 {
		return "", fmt.Errorf("a picture of another size: %w", errUnreadable)
	}
	modules := side/dots - 2*quiet
	matrix, err := gozxing.NewSquareBitMatrix(modules)
	if err != nil {
		return "", fmt.Errorf("read the QR code: %w", err)
	}
	for y := range modules {
		row := pixels[((y+quiet)*dots+dots/2)*stride:][:stride]
		for x := range modules {
			if at := (x+quiet)*dots + dots/2; row[at/8]>>(7-at%8)&1 == 0 {
				matrix.Set(x, y)
			}
		}
	}
	read, err := decoder.NewDecoder().DecodeWithoutHint(matrix)
	if err != nil {
		return "", fmt.Errorf("read the QR code: %w", err)
	}
	return string(bytes.Join(read.GetByteSegments(), nil)), nil
}

// unpack gives the content of a stream, good until the next one is unpacked.
func (r *reader) unpack(o object) (content []byte, err error) {
	if r.unpacker == nil {
		r.unpacker, err = zlib.NewReader(bytes.NewReader(o.stream))
	} else {
		err = r.unpacker.(zlib.Resetter).Reset(bytes.NewReader(o.stream), nil)
	}
	r.unpacked.Reset()
	if err == nil {
		_, err = r.unpacked.ReadFrom(r.unpacker)
	}
	if err != nil {
		return nil, fmt.Errorf("unpack a stream: %w: %w", errUnreadable, err)
	}
	return r.unpacked.Bytes(), nil
}
