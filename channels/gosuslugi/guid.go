package gosuslugi

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// newGUID makes a random identifier (RFC 9562, version 4): of a message that travels once.
func newGUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return spell(b, 4)
}

// guidOf makes the identifier of something that has a name of ours (RFC 9562, version 8): the same whenever it is sent.
func guidOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return spell([16]byte(sum[:16]), 8)
}

func spell(b [16]byte, version byte) string {
	b[6], b[8] = b[6]&0x0f|version<<4, b[8]&0x3f|0x80
	var text [36]byte
	at := 0
	for i, part := range [][]byte{b[:4], b[4:6], b[6:8], b[8:10], b[10:]} {
		if i > 0 {
			text[at] = '-'
			at++
		}
		at += hex.Encode(text[at:], part)
	}
	return string(text[:])
}

// isGUID reports whether a text has the form the schemas ask of identifiers.
func isGUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		c := text[i] | 0x20 // small letters, and digits stay what they are
		if dash != (text[i] == '-') || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
