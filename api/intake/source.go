package intake

import (
	"bytes"
	"io"
	"slices"
)

// block is how much is read at once, and how much of a text is looked at to find its encoding out.
const block = 64 << 10

// refusal is the code of why a text cannot be read at all.
type refusal string

func (r refusal) Error() string { return string(r) }

// source is the text of a stream, seen through a window that slides over it: UTF-8, or bytes that are no UTF-8 where the text was bad.
type source struct {
	stream   *inflater
	charset  charset
	started  bool
	table    bool   // CSV, whose lines may end in CR alone
	cr       bool   // they do
	buf      []byte // buf[pos:] is the window
	pos      int
	raw      []byte // a block before it was decoded
	cyrillic decoder1251
	err      error // why there is nothing behind the window; io.EOF at the end
}

func (s *source) window() []byte { return s.buf[s.pos:] }
func (s *source) consume(n int)  { s.pos += n }

// fill widens the window to at least n bytes, or to all there are. Earlier windows are void.
func (s *source) fill(n int) {
	if !s.started {
		s.started = true
		s.start()
	}
	for s.err == nil && len(s.buf)-s.pos < n {
		s.more()
	}
}

// start reads the first block and looks what it is.
func (s *source) start() {
	first := s.read(block)
	head := s.buf[:first]
	switch {
	case s.err != nil && s.err != io.EOF && first == 0:
		return
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		s.charset, s.pos = utf8Charset, 3
	case s.charset == unknownCharset || bytes.IndexByte(head, 0) >= 0:
		if code := foreign(head); code != "" {
			s.buf, s.err = s.buf[:0], refusal(code)
			return
		}
	}
	s.cr = s.table && endsInCR(head)
	s.decode(s.pos)
}

// more reads one block behind the window.
func (s *source) more() {
	if s.pos > 0 {
		s.buf = s.buf[:copy(s.buf, s.buf[s.pos:])]
		s.pos = 0
	}
	from := len(s.buf)
	s.read(block)
	s.decode(from)
}

// read appends at least n bytes as they come, up to a block, and tells how many.
func (s *source) read(n int) int {
	from := len(s.buf)
	s.buf = slices.Grow(s.buf, block)
	for idle := 0; s.err == nil && len(s.buf)-from < n; idle++ {
		var got int
		got, s.err = s.stream.Read(s.buf[len(s.buf) : from+block])
		s.buf = s.buf[:len(s.buf)+got]
		if got > 0 {
			idle = 0
		} else if idle > 100 && s.err == nil {
			s.err = io.ErrNoProgress
		}
	}
	return len(s.buf) - from
}

// decode makes UTF-8 of what lies behind from, and finds out what it was at the first byte that is not ASCII.
func (s *source) decode(from int) {
	if s.charset == unknownCharset {
		at := notASCII(s.buf[from:])
		if at >= 0 {
			if got := len(s.buf) - from - at; got < block && s.err == nil {
				s.read(block - got)
			}
			s.charset = guess(s.buf[from+at:], s.err != nil)
		}
	}
	switch s.charset {
	case windows1251:
		s.raw = append(s.raw[:0], s.buf[from:]...)
		if s.buf = s.cyrillic.append(s.buf[:from], s.raw); s.cyrillic.mistaken() {
			s.buf, s.err = s.buf[:from], refusal("mixed_encoding")
			return
		}
	case neither:
		s.buf, s.err = s.buf[:from], refusal("unknown_encoding")
	}
	if s.cr {
		for text := s.buf[from:]; ; {
			i := bytes.IndexByte(text, '\r')
			if i < 0 {
				break
			}
			text[i] = '\n'
			text = text[i+1:]
		}
	}
}

// line measures the physical line at the window's start: its size with its line end. Zero: there is none, because the stream
// ended (see err). Negative: it is longer than MaxRow, and its first MaxRow bytes are in the window.
func (s *source) line() int {
	for seen := 0; ; {
		window := s.window()
		if i := bytes.IndexByte(window[seen:], '\n'); i >= 0 {
			if seen+i >= MaxRow {
				return -1
			}
			return seen + i + 1
		}
		seen = len(window)
		if seen > MaxRow {
			return -1
		}
		if s.started && s.err != nil {
			if s.err != io.EOF {
				return 0
			}
			return seen
		}
		s.fill(seen + 1)
	}
}

// skip consumes a line of any length without keeping it.
func (s *source) skip() {
	for {
		if i := bytes.IndexByte(s.window(), '\n'); i >= 0 {
			s.consume(i + 1)
			return
		}
		s.consume(len(s.window()))
		if s.err != nil {
			return
		}
		s.fill(1)
	}
}

// endsInCR tells whether the first line of a text ends in CR alone, as old Macs wrote. Any number of CRs before an LF is an LF.
func endsInCR(text []byte) bool {
	quoted := false
	for i, b := range text {
		switch {
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '\n':
			return false
		case b == '\r':
			rest := bytes.TrimLeft(text[i:], "\r")
			return len(rest) == 0 || rest[0] != '\n'
		}
	}
	return false
}
