package intake

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// column is what a column of the file holds.
type column struct {
	field field
	name  string // of a variable, as it was written
	key   string // of a variable, as its JSON begins: `"name":"`
}

// csvRows reads the rows of a CSV file.
type csvRows struct {
	*Reader
	source    *source
	columns   []column // nil: the header was not read yet
	delimiter byte
	cells     []cell
	vars      []byte // scratch
	rescanned int    // bytes looked at in vain for the end of a quote
	consumed  int
	suspect   int // the last line that a bad row of several lines took for its own
}

// forgiven is how many bytes may be scanned again however small a file is.
const forgiven = 16 << 20

func (c *csvRows) next() error {
	if c.columns == nil {
		if err := c.header(); err != nil {
			return err
		}
	}
	for {
		size, verdict, err := c.record(c.delimiter)
		if c.line < c.suspect && verdict.code == "" {
			verdict = c.remainder()
		}
		switch {
		case err == io.EOF && !c.found:
			return c.refuse(c.line, "no_rows")
		case err != nil:
			return err
		case verdict.code != "":
			c.row.Line = c.line + 1
			c.blame(verdict)
			return nil
		}
		if c.empty(c.cells) {
			c.take(size)
			continue
		}
		c.row.Line = c.line + 1
		if excess := c.cells[min(len(c.cells), len(c.columns)):]; len(c.cells) < len(c.columns) || !c.empty(excess) {
			c.row.Problems = append(c.row.Problems, c.told(c.row.Line, 0, "", "wrong_cell_count", len(c.cells), len(c.columns)))
			c.takeFirst(size)
			return nil
		}
		c.fill(size)
		return nil
	}
}

// record cuts the row at the window's start into c.cells and tells its size with its line end, consuming nothing.
func (c *csvRows) record(delimiter byte) (size int, verdict cut, err error) {
	c.cells = c.cells[:0]
	size = c.source.line()
	switch {
	case size == 0:
		return 0, cut{}, c.broken(c.line+1, c.source)
	case size < 0:
		return 0, cut{code: "row_too_long"}, nil
	}
	line := c.source.window()[:size]
	if bytes.IndexByte(line, '"') < 0 {
		c.cells = cutPlain(bytes.TrimRight(line, "\r\n"), delimiter, c.cells)
		return size, cut{}, nil
	}
	if c.rescanned > forgiven+4*c.consumed {
		c.cells, verdict = cutQuoted(line, delimiter, true, c.cells)
		return size, verdict, nil
	}
	for {
		window := c.source.window()
		ended := c.source.err != nil && len(window) <= MaxRow
		window = window[:min(len(window), MaxRow)]
		c.cells, verdict = cutQuoted(window, delimiter, ended && c.source.err == io.EOF, c.cells[:0])
		switch {
		case verdict.code == "":
			rest := bytes.TrimLeft(window[verdict.size:], "\r")
			return len(window) - len(rest) + min(1, len(rest)), verdict, nil
		case verdict.short && ended:
			return 0, verdict, c.broken(c.line+1+bytes.Count(window, []byte("\n")), c.source)
		case verdict.short && len(window) < MaxRow:
			c.source.fill(min(MaxRow, 2*len(window)))
			continue
		}
		c.rescanned += len(window) - size
		return 0, verdict, nil
	}
}

// take consumes a row with the line ends in it.
func (c *csvRows) take(size int) {
	text := c.source.window()[:size]
	if c.line += bytes.Count(text, []byte("\n")); !bytes.HasSuffix(text, []byte("\n")) {
		c.line++ // the last line of the file
	}
	c.consumed += size
	c.source.consume(size)
}

// takeFirst consumes the first physical line of a row in which a quote may have swallowed good rows.
func (c *csvRows) takeFirst(size int) {
	first := c.source.line()
	c.suspect = max(c.suspect, c.line+1+bytes.Count(bytes.TrimRight(c.source.window()[:size], "\r\n"), []byte("\n")))
	c.rescanned += size - first
	c.take(first)
}

// remainder finds quotes inside cells without quotes. Elsewhere they are harmless, but behind the first line of a bad row they are what is left
// of a quoted cell, and no recipient may be made of that.
func (c *csvRows) remainder() cut {
	for _, one := range c.cells {
		if at := bytes.IndexByte(c.source.window()[one.from:one.to], '"'); at >= 0 && !one.quoted {
			return cut{code: "bad_quote", at: one.from + at}
		}
	}
	return cut{}
}

// blame reports why the line at the window's start is no row, and consumes that line alone.
func (c *csvRows) blame(verdict cut) {
	if verdict.code == "row_too_long" {
		c.row.Problems = append(c.row.Problems, c.told(c.line+1, 0, "", verdict.code, MaxRow>>10))
		c.source.skip()
		c.line++
		return
	}
	line, column := c.place(verdict.at)
	c.row.Problems = append(c.row.Problems, c.told(line, column, "", verdict.code))
	c.take(c.source.line())
}

// place tells the line and the column of an offset in the row at the window's start.
func (c *csvRows) place(at int) (line, column int) {
	before := c.source.window()[:at]
	bol := bytes.LastIndexByte(before, '\n') + 1
	return c.line + 1 + bytes.Count(before, []byte("\n")), utf8.RuneCount(before[bol:]) + 1
}

// empty tells whether there is nothing but space in the cells.
func (c *csvRows) empty(cells []cell) bool {
	for _, one := range cells {
		if len(bytes.TrimSpace(c.source.window()[one.from:one.to])) > 0 {
			return false
		}
	}
	return true
}

// fill reads the cells into the recipient and consumes them.
func (c *csvRows) fill(size int) {
	raw := c.source.window()[:size]
	controls, high := survey(bytes.TrimRight(raw, "\r\n"))
	dirty := controls || high && !utf8.Valid(raw)
	text := string(raw) // all strings of a row share one allocation
	c.vars = c.vars[:0]
	for i := range c.columns {
		one, column := c.cells[i], &c.columns[i]
		if one.from == one.to && column.field != account || dirty && c.dirty(one, column) {
			continue
		}
		value := text[one.from:one.to]
		if one.doubled {
			value = strings.ReplaceAll(value, `""`, `"`)
		}
		if code := c.set(column, value); code != "" {
			c.report(one.start(), column, code)
		}
	}
	if len(c.vars) > 0 {
		c.row.Recipient.Vars = slices.Clone(append(c.vars, '}'))
	}
	if slices.ContainsFunc(c.row.Problems, func(p Problem) bool { return p.Code == "line_end" }) {
		c.takeFirst(size)
		return
	}
	before := c.line
	c.take(size)
	c.row.Lines = c.line - before
}

// set puts a cell's value where it belongs, or answers with the code of what is wrong with it.
func (c *csvRows) set(column *column, value string) string {
	if formula(value) && column.field != amount {
		return "formula"
	}
	value = trim(value)
	switch {
	case value == "" && column.field == account:
		return "required"
	case value == "":
	case column.field == nameless:
		return "no_column_name"
	case value[0] == '#' && spreadsheetErrors[value]:
		return "spreadsheet_error"
	case column.field != variable:
		return c.check(&c.row.Recipient, column.field, value)
	default:
		if len(c.vars) == 0 {
			c.vars = append(c.vars, '{')
		} else {
			c.vars = append(c.vars, ',')
		}
		c.vars = append(c.vars, column.key...)
		c.vars = append(appendEscaped(c.vars, value), '"')
	}
	return ""
}

// dirty reports the first character of a cell that must not be there, if there is one. Variables may hold line ends and tabs.
func (c *csvRows) dirty(one cell, column *column) bool {
	text := c.source.window()[one.from:one.to]
	inner := bytes.TrimSpace(text)
	at := one.from + bytes.Index(text, inner)
	for i := 0; i < len(inner); {
		r, size := utf8.DecodeRune(inner[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			c.report(at+i, column, "bad_encoding")
			return true
		case r == '\t' || r == '\n' || r == '\r':
			if column.field != variable {
				c.report(at+i, column, "line_end")
				return true
			}
		case r < ' ' || r == 0x7f:
			c.report(at+i, column, "bad_character")
			return true
		}
		i += size
	}
	return false
}

// report adds a problem with a cell of the row at the window's start.
func (c *csvRows) report(at int, column *column, code string, args ...any) {
	line, character := c.place(at)
	c.row.Problems = append(c.row.Problems, c.told(line, character, column.title(), code, args...))
}
