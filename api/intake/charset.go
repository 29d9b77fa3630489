package intake

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// charset is the encoding of a text.
type charset uint8

const (
	unknownCharset charset = iota // found out at the first byte that is not ASCII
	utf8Charset
	windows1251
	neither
)

// foreign names what a file is that begins like no text in a known encoding; empty if it may be text.
func foreign(head []byte) string {
	for _, known := range []struct{ magic, code string }{
		{"\xFF\xFE", "utf16"}, {"\xFE\xFF", "utf16"},
		{"PK\x03\x04", "workbook"}, {"\xD0\xCF\x11\xE0", "workbook"},
		{"\x1F\x8B", "undeclared_gzip"}, {"\x28\xB5\x2F\xFD", "undeclared_zstd"},
	} {
		if bytes.HasPrefix(head, []byte(known.magic)) {
			return known.code
		}
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if nul := bytes.Count(line, []byte{0}); nul > 0 && nul >= len(line)/8 { // UTF-16 without a mark: Russian letters have no zero bytes, delimiters have
		return "utf16"
	}
	return ""
}

// guess decides about a text from its first byte that is not ASCII. In Windows-1251 Russian letters are the bytes C0–FF, which hardly ever
// make UTF-8; the older code pages 866 and of Macs have theirs at 80–BF, where 1251 keeps rare signs.
func guess(text []byte, complete bool) charset {
	runes, bad, letters, signs := 0, 0, 0, 0
	for i := 0; i < len(text); {
		b := text[i]
		if b < utf8.RuneSelf {
			i++
			continue
		}
		if b >= 0xC0 || b == 0xA8 || b == 0xB8 {
			letters++
		} else if bytes.IndexByte([]byte("\x84\x85\x91\x92\x93\x94\x96\x97\xA0\xAB\xB9\xBB"), b) < 0 {
			signs++
		}
		_, size := utf8.DecodeRune(text[i:])
		switch {
		case size > 1:
			runes++
		case !complete && !utf8.FullRune(text[i:]):
		default:
			bad++
		}
		i += size
	}
	switch {
	case runes >= bad:
		return utf8Charset
	case signs > letters:
		return neither
	}
	return windows1251
}

// decoder1251 decodes Windows-1251 and watches for text that is UTF-8 after all.
type decoder1251 struct {
	lead  bool // the last byte begins a Russian letter of UTF-8
	pairs int  // such letters in a row, with nothing between them but ASCII
}

// tooManyPairs never stand in a row in Windows-1251, where they are Р or С before signs that Russian does not use.
const tooManyPairs = 32

// append appends text as UTF-8. The one byte that means nothing stays as it is, which is no UTF-8.
func (d *decoder1251) append(to, text []byte) []byte {
	for _, b := range text {
		if b < utf8.RuneSelf {
			to = append(to, b)
			continue
		}
		switch {
		case d.lead && b < 0xC0:
			d.lead = false
			d.pairs++
		case b|1 == 0xD1 && !d.lead:
			d.lead = true
		case d.pairs < tooManyPairs:
			d.lead, d.pairs = false, 0
		}
		if r := charmap.Windows1251.DecodeByte(b); r != utf8.RuneError {
			to = utf8.AppendRune(to, r)
		} else {
			to = append(to, b)
		}
	}
	return to
}

// mistaken tells that the text is UTF-8.
func (d *decoder1251) mistaken() bool { return d.pairs >= tooManyPairs }

// Eight bytes at once.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// notASCII finds the first byte that is not ASCII, or −1.
func notASCII(text []byte) int {
	i := 0
	for ; i+8 <= len(text) && binary.LittleEndian.Uint64(text[i:])&highs == 0; i += 8 {
	}
	for ; i < len(text); i++ {
		if text[i] >= utf8.RuneSelf {
			return i
		}
	}
	return -1
}

// survey tells whether a text holds control characters, and whether it holds anything beyond ASCII.
func survey(text []byte) (controls, high bool) {
	var control, beyond uint64
	i := 0
	for ; i+8 <= len(text); i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		deleted := word ^ 0x7f*ones
		control |= (word-0x20*ones)&^word | (deleted-ones)&^deleted
		beyond |= word
	}
	for ; i < len(text); i++ {
		if text[i] < 0x20 || text[i] == 0x7f {
			control |= highs
		}
		beyond |= uint64(text[i])
	}
	return control&highs != 0, beyond&highs != 0
}
