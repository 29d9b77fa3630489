package email

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
)

// A line of base64 holds 76 characters (RFC 2045 §6.8) and its end.
const (
	lineBytes  = 57
	lineLength = 78
)

// pairs gives the two characters that stand for twelve bits.
var pairs = func() (table [1 << 12]uint16) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for bits := range table {
		table[bits] = uint16(alphabet[bits>>6]) | uint16(alphabet[bits&63])<<8
	}
	return table
}()

// appendBase64 adds data in lines of base64. It takes six bytes at a time, which is more than twice as fast as package encoding/base64: encoding was the
// largest part of writing a letter.
func appendBase64(out, data []byte) []byte {
	out = slices.Grow(out, (len(data)+lineBytes-1)/lineBytes*lineLength)
	for len(data) >= 64 { // eight bytes are read for six
		from, to := (*[64]byte)(data), (*[lineLength]byte)(out[len(out):len(out)+lineLength])
		for i := range 9 {
			six := binary.BigEndian.Uint64(from[i*6 : i*6+8])
			binary.LittleEndian.PutUint64(to[i*8:i*8+8], uint64(pairs[six>>52])|uint64(pairs[six>>40&0xfff])<<16|
				uint64(pairs[six>>28&0xfff])<<32|uint64(pairs[six>>16&0xfff])<<48)
		}
		three := binary.BigEndian.Uint32(from[54:])
		binary.LittleEndian.PutUint32(to[72:], uint32(pairs[three>>20])|uint32(pairs[three>>8&0xfff])<<16)
		to[76], to[77] = '\r', '\n'
		out, data = out[:len(out)+lineLength], data[lineBytes:]
	}
	for len(data) > 0 {
		line := data[:min(lineBytes, len(data))]
		out = append(base64.StdEncoding.AppendEncode(out, line), "\r\n"...)
		data = data[len(line):]
	}
	return out
}
