package bill

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
)

// printed is what a document says: its texts in the order in which they were set, and the payload of its QR code.
type printed struct {
	texts []string
	code  string // empty: there is none
}

// object is one of a document: what it says about itself, and its stream.
type object struct {
	dict   string
	stream []byte
}

var errUnreadable = errors.New("the document cannot be read back")

// What a document that gopdf writes says where.
var (
	fontUse   = regexp.MustCompile(`/(F\d+) (\d+) 0 R`)
	toUnicode = regexp.MustCompile(`/ToUnicode (\d+) 0 R`)
	mapping   = regexp.MustCompile(`(?m)^<([0-9A-F]{4})><[0-9A-F]{4}><([0-9A-F]{4})>$`)
	imageSize = regexp.MustCompile(`/Width (\d+)\s+/Height (\d+)`)
)

// reread reads a document as a program that shows it would: fonts and pictures by number, letters by the maps of their fonts, streams unpacked.
func reread(pdf []byte) (p printed, err error) {
	if !bytes.HasSuffix(pdf, []byte("%%EOF\n")) {
		return p, fmt.Errorf("it has no end: %w", errUnreadable)
	}
	objects, err := objectsOf(pdf)
	if err != nil {
		return p, err
	}
	fonts := map[string]map[string]rune{}
	for _, o := range objects {
		for _, use := range fontUse.FindAllStringSubmatch(o.dict, -1) {
			if fonts[use[1]], err = lettersOf(objects, use[2]); err != nil {
				return p, err
			}
		}
	}
	for number := range len(objects) + 1 {
		o := objects[number]
		switch {
		case strings.Contains(o.dict, "/Subtype /Image"):
			if p.code != "" {
				return p, fmt.Errorf("a second picture: %w", errUnreadable)
			}
			if p.code, err = readCode(o); err != nil {
				return p, err
			}
		case strings.HasPrefix(o.dict, "<<\n/Filter/FlateDecode/Length"): // what a page shows
			content, err := unpack(o.stream)
			if err != nil {
				return p, err
			}
			if p.texts, err = appendTexts(p.texts, string(content), fonts); err != nil {
				return p, err
			}
		}
	}
	return p, nil
}

// objectsOf finds the objects of a document, one after another.
func objectsOf(pdf []byte) (map[int]object, error) {
	list := map[int]object{}
	for {
		head := bytes.Index(pdf, []byte(" 0 obj\n"))
		if head < 0 {
			return list, nil
		}
		number, err := strconv.Atoi(string(pdf[bytes.LastIndexByte(pdf[:head], '\n')+1 : head]))
		if err != nil {
			return nil, fmt.Errorf("an object without a number: %w", errUnreadable)
		}
		pdf = pdf[head+len(" 0 obj\n"):]
		end, stream := bytes.Index(pdf, []byte("endobj")), bytes.Index(pdf, []byte("stream\n"))
		if end < 0 {
			return nil, fmt.Errorf("an object without an end: %w", errUnreadable)
		}
		if stream < 0 || stream > end {
			list[number], pdf = object{dict: string(pdf[:end])}, pdf[end:]
			continue
		}
		dict, rest := string(pdf[:stream]), pdf[stream+len("stream\n"):]
		_, length, _ := strings.Cut(dict, "/Length ")
		n, err := strconv.Atoi(length[:max(0, strings.IndexByte(length, '\n'))])
		if err != nil || n < 0 || n > len(rest) {
			return nil, fmt.Errorf("a stream without a length: %w", errUnreadable)
		}
		list[number], pdf = object{dict, rest[:n]}, rest[n:]
	}
}

// lettersOf gives the letters of a font by their codes.
func lettersOf(objects map[int]object, font string) (map[string]rune, error) {
	number, _ := strconv.Atoi(font)
	to := toUnicode.FindStringSubmatch(objects[number].dict)
	if to == nil {
		return nil, fmt.Errorf("a font without letters: %w", errUnreadable)
	}
	number, _ = strconv.Atoi(to[1])
	letters := map[string]rune{}
	for _, each := range mapping.FindAllStringSubmatch(string(objects[number].stream), -1) {
		letter, _ := strconv.ParseUint(each[2], 16, 16)
		letters[each[1]] = rune(letter)
	}
	return letters, nil
}

func unpack(stream []byte) ([]byte, error) {
	packed, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		return nil, fmt.Errorf("unpack a stream: %w", err)
	}
	content, err := io.ReadAll(packed)
	if err != nil {
		return nil, fmt.Errorf("unpack a stream: %w", err)
	}
	return content, nil
}

// appendTexts reads the operators of a page that set texts.
func appendTexts(texts []string, content string, fonts map[string]map[string]rune) ([]string, error) {
	var letters map[string]rune
	for operator := range strings.Lines(content) {
		if font, sets := strings.CutPrefix(operator, "/F"); sets {
			number, _, _ := strings.Cut(font, " ")
			letters = fonts["F"+number]
		}
		codes, isText := strings.CutPrefix(operator, "[<")
		if !isText {
			continue
		}
		codes, _, _ = strings.Cut(codes, ">")
		text := make([]rune, 0, len(codes)/4)
		for ; len(codes) >= 4; codes = codes[4:] {
			letter, known := letters[codes[:4]]
			if !known {
				return nil, fmt.Errorf("a code that stands for no letter: %w", errUnreadable)
			}
			text = append(text, letter)
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

// readCode reads the QR code of a picture as it was written, dot by dot, by a decoder that knows nothing of who encoded it.
func readCode(picture object) (string, error) {
	size := imageSize.FindStringSubmatch(picture.dict)
	pixels, err := unpack(picture.stream)
	if err != nil {
		return "", err
	}
	if size == nil || size[1] != size[2] {
		return "", fmt.Errorf("a picture that is no square: %w", errUnreadable)
	}
	side, _ := strconv.Atoi(size[1])
	stride := 1 + (side+7)/8 // the first byte of a row is its filter (PNG), and we write none
	if len(pixels) != side*stride || side%dots != 0 {
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
			if at := (x+quiet)*dots + dots/2; row[1+at/8]>>(7-at%8)&1 == 0 {
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
