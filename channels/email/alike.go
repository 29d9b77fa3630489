package email

import "strings"

// alike is what one part of the letters of a batch begins with, encoded once: the head of the HTML, up to the first words that are for one reader
// alone, is more than half of a letter.
type alike struct {
	last    string // the letter before
	begin   string // what the last ones begin with: whole lines
	encoded []byte // as much of it as makes whole lines of base64
	rest    []byte // and what is left, with the line ends of the wire
}

// worthwhile is how long a common beginning has to be.
const worthwhile = 256

// learn finds what a text has in common with the one before.
func (a *alike) learn(text string) {
	n := 0
	for n < len(text) && n < len(a.last) && text[n] == a.last[n] {
		n++
	}
	n = strings.LastIndexByte(text[:n], '\n') + 1
	if n < worthwhile {
		n = 0
	}
	a.begin = text[:n]
	a.rest = appendLines(a.rest[:0], a.begin)
	whole := len(a.rest) / lineBytes * lineBytes
	a.encoded = appendBase64(a.encoded[:0], a.rest[:whole])
	a.rest = a.rest[whole:]
}
