package bill

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/image/font/sfnt"
)

// subset makes a small TrueType font of the letters that are to be kept (those that the font has), without hints: gopdf carries the tables
// that are as long as the font has glyphs, and the font's hints, in every document. Tables are those of the OpenType specification 1.9.
func subset(font []byte, letters []rune) ([]byte, error) {
	c, err := openFont(font)
	if err != nil {
		return nil, fmt.Errorf("read a font: %w", err)
	}
	parsed, err := sfnt.Parse(font)
	if err != nil {
		return nil, fmt.Errorf("read a font: %w", err)
	}
	var space sfnt.Buffer
	glyphs := map[rune]uint16{} // as the font numbers them
	for _, letter := range letters {
		if glyph, err := parsed.GlyphIndex(&space, letter); err == nil && glyph != 0 && letter < 0xFFFF { // more, the table of letters does not hold
			glyphs[letter] = uint16(glyph)
			c.keep(uint16(glyph))
		}
	}
	return c.write(glyphs)
}

// cutter cuts a font down to some glyphs. Glyph 0, which stands for letters that are not there, always stays.
type cutter struct {
	tables   map[string][]byte
	loca     []int             // where each glyph begins in glyf; one more: where the last ends
	advances int               // how many glyphs have an advance of their own in hmtx
	kept     []uint16          // as the font numbers them, in the order of their new numbers
	numbers  map[uint16]uint16 // the new ones
}

var errFont = errors.New("this is no TrueType font we can cut")

var be = binary.BigEndian

func openFont(font []byte) (*cutter, error) {
	c := &cutter{tables: map[string][]byte{}, kept: []uint16{0}, numbers: map[uint16]uint16{0: 0}}
	if len(font) < 12 || len(font) < 12+16*int(be.Uint16(font[4:])) {
		return nil, errFont
	}
	for i := range int(be.Uint16(font[4:])) {
		entry := font[12+16*i:]
		from, length := int(be.Uint32(entry[8:])), int(be.Uint32(entry[12:]))
		if from+length > len(font) {
			return nil, errFont
		}
		c.tables[string(entry[:4])] = font[from : from+length]
	}
	head, hhea, maxp, loca := c.tables["head"], c.tables["hhea"], c.tables["maxp"], c.tables["loca"]
	if len(head) < 54 || len(hhea) < 36 || len(maxp) < 6 {
		return nil, errFont
	}
	glyphs := int(be.Uint16(maxp[4:]))
	c.advances = int(be.Uint16(hhea[34:]))
	long := be.Uint16(head[50:]) == 1
	if c.advances == 0 || len(c.tables["hmtx"]) < 2*(glyphs+c.advances) || !long && len(loca) < 2*(glyphs+1) || long && len(loca) < 4*(glyphs+1) {
		return nil, errFont
	}
	for i := range glyphs + 1 {
		at := 0
		if long {
			at = int(be.Uint32(loca[4*i:]))
		} else {
			at = 2 * int(be.Uint16(loca[2*i:]))
		}
		if at > len(c.tables["glyf"]) || i > 0 && at < c.loca[i-1] {
			return nil, errFont
		}
		c.loca = append(c.loca, at)
	}
	return c, nil
}

// keep gives a glyph, and those it is put together from, a new number.
func (c *cutter) keep(glyph uint16) {
	if _, known := c.numbers[glyph]; known || int(glyph) >= len(c.loca)-1 {
		return
	}
	c.numbers[glyph] = uint16(len(c.kept))
	c.kept = append(c.kept, glyph)
	eachPart(c.outline(glyph), func(part []byte) { c.keep(be.Uint16(part[2:])) })
}

func (c *cutter) outline(glyph uint16) []byte { return c.tables["glyf"][c.loca[glyph]:c.loca[glyph+1]] }

// Flags of a part of a composite glyph (table glyf).
const (
	wordArguments = 0x0001
	shifted       = 0x0002
	rounded       = 0x0004
	oneScale      = 0x0008
	moreParts     = 0x0020
	twoScales     = 0x0040
	fourScales    = 0x0080
)

func scaleLength(flags uint16) int {
	switch {
	case flags&oneScale != 0:
		return 2
	case flags&twoScales != 0:
		return 4
	case flags&fourScales != 0:
		return 8
	}
	return 0
}

// eachPart visits the parts of a composite glyph, each beginning with its flags and the number of its glyph.
func eachPart(outline []byte, visit func(part []byte)) {
	if len(outline) < 10 || int16(be.Uint16(outline)) >= 0 {
		return
	}
	for at := 10; at+6 <= len(outline); {
		flags := be.Uint16(outline[at:])
		length := 6 + scaleLength(flags) + 2*int(flags&wordArguments)
		if at+length > len(outline) {
			return
		}
		visit(outline[at : at+length])
		if at += length; flags&moreParts == 0 {
			return
		}
	}
}

// copied gives a kept glyph with new numbers and without hints.
func (c *cutter) copied(glyph uint16) []byte {
	outline := slices.Clone(c.outline(glyph))
	if len(outline) < 10 {
		return nil
	}
	if int16(be.Uint16(outline)) < 0 {
		return c.composed(outline[:10], c.parts(glyph, 0, 0))
	}
	hints := 10 + 2*int(be.Uint16(outline)) // behind the ends of the contours
	if hints+2 > len(outline) {
		return outline
	}
	behind := hints + 2 + int(be.Uint16(outline[hints:]))
	be.PutUint16(outline[hints:], 0)
	return slices.Delete(outline, hints+2, min(behind, len(outline)))
}

// part is a glyph within a composite one.
type part struct {
	flags  uint16
	glyph  uint16 // as the font numbers it
	dx, dy int16  // or, without the flag shifted, points of the outlines that meet
	scale  []byte
}

// parts gives those of a composite glyph, and in the place of a part that is composite again its own parts: gopdf does not see what lies
// deeper than one level, and Ё would be printed as Е. A part of parts that is scaled or fastened to a point stays as it is.
func (c *cutter) parts(glyph uint16, dx, dy int16) (list []part) {
	eachPart(c.outline(glyph), func(b []byte) {
		p := readPart(b)
		if p.flags&shifted != 0 {
			p.dx, p.dy = p.dx+dx, p.dy+dy
		}
		var inner []part
		if p.flags&shifted != 0 && len(p.scale) == 0 {
			inner = c.parts(p.glyph, p.dx, p.dy)
		}
		if slices.ContainsFunc(inner, func(p part) bool { return p.flags&shifted == 0 }) {
			inner = nil
		}
		if inner == nil {
			inner = []part{p}
		}
		list = append(list, inner...)
	})
	return list
}

// readPart reads one part; eachPart has seen that it is whole.
func readPart(b []byte) (p part) {
	p.flags, p.glyph = be.Uint16(b), be.Uint16(b[2:])
	scale := b[6:]
	if p.flags&wordArguments != 0 {
		p.dx, p.dy, scale = int16(be.Uint16(b[4:])), int16(be.Uint16(b[6:])), b[8:]
	} else if p.flags&shifted != 0 {
		p.dx, p.dy = int16(int8(b[4])), int16(int8(b[5]))
	} else {
		p.dx, p.dy = int16(b[4]), int16(b[5])
	}
	p.scale = scale[:scaleLength(p.flags)]
	return p
}

// composed writes a composite glyph.
func (c *cutter) composed(head []byte, parts []part) []byte {
	outline := slices.Clone(head)
	for i, p := range parts {
		flags := p.flags&(shifted|rounded|oneScale|twoScales|fourScales) | wordArguments
		if i < len(parts)-1 {
			flags |= moreParts
		}
		outline = be.AppendUint16(be.AppendUint16(outline, flags), c.numbers[p.glyph])
		outline = be.AppendUint16(be.AppendUint16(outline, uint16(p.dx)), uint16(p.dy))
		outline = append(outline, p.scale...)
	}
	return outline
}

// write gives the font of the kept glyphs; letters names the glyph of each letter.
func (c *cutter) write(letters map[rune]uint16) ([]byte, error) {
	var glyf, loca, hmtx []byte
	for _, glyph := range c.kept {
		loca = be.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, c.copied(glyph)...)
		glyf = append(glyf, make([]byte, -len(glyf)&3)...)
		hmtx = c.appendMetrics(hmtx, int(glyph))
	}
	loca = be.AppendUint32(loca, uint32(len(glyf)))
	head, hhea, maxp := slices.Clone(c.tables["head"]), slices.Clone(c.tables["hhea"]), slices.Clone(c.tables["maxp"])
	be.PutUint16(head[50:], 1)
	be.PutUint16(hhea[34:], uint16(len(c.kept)))
	be.PutUint16(maxp[4:], uint16(len(c.kept)))
	tables := map[string][]byte{"head": head, "hhea": hhea, "maxp": maxp, "hmtx": hmtx, "loca": loca, "glyf": glyf, "cmap": c.cmap(letters),
		"name": c.tables["name"], "OS/2": c.tables["OS/2"], "post": c.post()}
	names := []string{"OS/2", "cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "name", "post"} // in the order of their bytes
	font := be.AppendUint16([]byte{0, 1, 0, 0}, uint16(len(names)))
	font = append(font, 0, 0x80, 0, 3, 0, 0x20) // for the search among ten tables
	at := 12 + 16*len(names)
	var bodies []byte
	for _, name := range names {
		table := tables[name]
		if len(table) == 0 {
			return nil, fmt.Errorf("table %s: %w", name, errFont)
		}
		font = be.AppendUint32(append(font, name...), checksum(table))
		font = be.AppendUint32(be.AppendUint32(font, uint32(at+len(bodies))), uint32(len(table)))
		bodies = append(bodies, table...)
		bodies = append(bodies, make([]byte, -len(bodies)&3)...)
	}
	return append(font, bodies...), nil
}

// post is the table without the names of glyphs: version 3.
func (c *cutter) post() []byte {
	post := slices.Clone(c.tables["post"])
	if len(post) < 32 {
		return nil
	}
	be.PutUint32(post, 0x00030000)
	return post[:32]
}

// appendMetrics adds the advance and the left side of a glyph; those after the last advance share it.
func (c *cutter) appendMetrics(b []byte, glyph int) []byte {
	hmtx := c.tables["hmtx"]
	if glyph < c.advances {
		return append(b, hmtx[4*glyph:4*glyph+4]...)
	}
	b = append(b, hmtx[4*(c.advances-1):4*(c.advances-1)+2]...)
	side := 4*c.advances + 2*(glyph-c.advances)
	return append(b, hmtx[side:side+2]...)
}

// cmap maps letters to glyphs in format 4, one segment a letter.
func (c *cutter) cmap(letters map[rune]uint16) []byte {
	var codes []uint16
	for letter := range letters {
		codes = append(codes, uint16(letter))
	}
	slices.Sort(codes)
	codes = append(codes, 0xFFFF)
	var ends, starts, deltas, offsets []byte
	for _, code := range codes {
		delta := uint16(1) // of the last: to glyph 0
		if code != 0xFFFF {
			delta = c.numbers[letters[rune(code)]] - code
		}
		ends, starts = be.AppendUint16(ends, code), be.AppendUint16(starts, code)
		deltas, offsets = be.AppendUint16(deltas, delta), be.AppendUint16(offsets, 0)
	}
	b := []byte{0, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0, 12, 0, 4} // one table: Windows, Unicode; it begins at 12, of format 4
	b = be.AppendUint16(b, uint16(16+4*len(ends)))
	b = be.AppendUint16(append(b, 0, 0), uint16(2*len(codes)))
	b = append(b, 0, 0, 0, 0, 0, 0) // for a search that readers do their own way
	return slices.Concat(b, ends, []byte{0, 0}, starts, deltas, offsets)
}

func checksum(table []byte) (sum uint32) {
	for at := 0; at < len(table); at += 4 {
		var word [4]byte
		copy(word[:], table[at:])
		sum += be.Uint32(word[:])
	}
	return sum
}
