package intake

import "bytes"

// cell is one cell of a CSV row, as offsets in the row's text; quotes are outside of it.
type cell struct {
	from, to int
	quoted   bool
	doubled  bool // holds quotes written twice
}

// start is where the cell begins, its quote included.
func (c cell) start() int {
	if c.quoted {
		return c.from - 1
	}
	return c.from
}

// cut is what became of cutting a row into cells.
type cut struct {
	size  int    // of the row, without its line end
	code  string // of what makes it no row; empty if it is one
	at    int    // offset of the quote to blame
	short bool   // the row does not end in the text; code says what it is if there is no more to come
}

// cutPlain cuts a line without quotes.
func cutPlain(line []byte, delimiter byte, cells []cell) []cell {
	from := 0
	for {
		i := bytes.IndexByte(line[from:], delimiter)
		if i < 0 {
			return append(cells, cell{from: from, to: len(line)})
		}
		cells = append(cells, cell{from: from, to: from + i})
		from += i + 1
	}
}

// cutQuoted cuts the row that text begins with, by RFC 4180 §2: quoted cells may hold line ends. A text that is all there is ends its last row.
func cutQuoted(text []byte, delimiter byte, all bool, cells []cell) ([]cell, cut) {
	from, eol := 0, -1
	for {
		if from < len(text) && text[from] == '"' {
			one, verdict := quotedCell(text, from, delimiter, all)
			if verdict.code != "" {
				return cells, verdict
			}
			cells = append(cells, one)
			if from = one.to + 1; from == len(text) || text[from] != delimiter {
				return cells, cut{size: from}
			}
			from++
			continue
		}
		if eol < from {
			i := bytes.IndexByte(text[from:], '\n')
			if i < 0 && !all {
				return cells, cut{short: true, code: "row_too_long"}
			}
			if eol = from + i; i < 0 {
				eol = len(text)
			}
		}
		i := bytes.IndexByte(text[from:eol], delimiter)
		if i < 0 {
			end := from + len(bytes.TrimRight(text[from:eol], "\r"))
			return append(cells, cell{from: from, to: end}), cut{size: end}
		}
		cells = append(cells, cell{from: from, to: from + i})
		from += i + 1
	}
}

// quotedCell cuts the cell whose quote is at open, and sees to it that a delimiter or a line end follows.
func quotedCell(text []byte, open int, delimiter byte, all bool) (cell, cut) {
	one := cell{from: open + 1, quoted: true}
	short := cut{short: true, code: "unclosed_quote", at: open}
	for i := open + 1; ; i += 2 {
		next := bytes.IndexByte(text[i:], '"')
		if next < 0 && all {
			return one, cut{code: "unclosed_quote", at: open}
		}
		if next < 0 {
			return one, short
		}
		i += next
		if i+1 < len(text) && text[i+1] == '"' {
			one.doubled = true
			continue
		}
		one.to = i
		break
	}
	after := text[one.to+1:]
	if len(after) > 0 && after[0] == delimiter {
		return one, cut{}
	}
	rest := bytes.TrimLeft(after, "\r")
	switch {
	case len(rest) == 0 && !all:
		return one, short
	case len(rest) == 0 || rest[0] == '\n':
		return one, cut{}
	case bytes.IndexByte(text[open:one.to], '\n') >= 0:
		return one, cut{code: "unclosed_quote", at: open}
	}
	return one, cut{code: "bad_quote", at: one.to}
}
