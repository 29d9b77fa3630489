package email

import (
	"errors"
	"fmt"
	"strings"

	"vestnik/engine"
)

// filesBoundary parts the text from the files (see boundary).
const filesBoundary = "=_files"

// content writes the text, and the files that go with it behind it (RFC 2046 §5.1.3). They are made now, so that no more of them lie in memory than
// are on the wire.
func (l *letter) content(c *engine.Content) error {
	if len(c.Files) == 0 {
		l.text(c)
		return nil
	}
	l.line(`Content-Type: multipart/mixed; boundary="` + filesBoundary + "\"\r\n\r\n--" + filesBoundary)
	l.text(c)
	for _, f := range c.Files {
		data, err := f.Bytes()
		if err != nil {
			return fmt.Errorf("make a file: %w", err)
		}
		l.line("--" + filesBoundary)
		if err := l.file(f, data); err != nil {
			return err
		}
	}
	l.line("--" + filesBoundary + "--")
	return nil
}

// file writes a part that is to be saved under its name.
func (l *letter) file(f engine.File, data []byte) error {
	if f.Name == "" || f.Type == "" || strings.ContainsAny(f.Type, "\r\n") {
		return errors.New("a file has no name or no type")
	}
	l.line("Content-Type: ", f.Type)
	l.out = append(l.out, "Content-Disposition: attachment"...)
	l.out = append(appendName(l.out, f.Name), "\r\n"...)
	l.line("Content-Transfer-Encoding: base64\r\n")
	l.out = appendBase64(l.out, data)
	return nil
}

// appendName writes the parameter filename (RFC 2183 §2.3) in pieces of UTF-8 (RFC 2231 §3 and §4), each on a line of its own.
func appendName(out []byte, name string) []byte {
	const room, hex = 56, "0123456789ABCDEF"
	used := room
	for piece, i := 0, 0; i < len(name); i++ {
		if used >= room && name[i]&0xC0 != 0x80 { // a letter is never torn
			out = fmt.Appendf(out, ";\r\n filename*%d*=", piece)
			if piece == 0 {
				out = append(out, "utf-8''"...)
			}
			piece, used = piece+1, 0
		}
		if c := name[i]; c > ' ' && c < 0x7f && strings.IndexByte("*'%()<>@,;:\\\"/[]?=", c) < 0 {
			out, used = append(out, c), used+1
		} else {
			out, used = append(out, '%', hex[c>>4], hex[c&15]), used+3
		}
	}
	return out
}
