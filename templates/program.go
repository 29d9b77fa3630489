package templates

import (
	"strings"
)

// program is a template compiled: what to write, in order. It is immutable, and running it cannot fail: everything that can has been
// found when it was compiled or when the page was filled.
type program []node

// node is one thing to write or to decide.
type node struct {
	op    op
	text  string  // opLiteral
	what  operand // of the writing ops
	when  test    // opIf
	body  program // opIf, opEach
	other program // opIf: else
}

type op uint8

const (
	opLiteral op = iota
	opText       // the operand as it is
	opHTML       // the operand escaped
	opIf
	opEach // the body for every service of a bill
)

// operand is a string of the page.
type operand struct {
	from  source
	index int
}

type source uint8

const (
	fromSlot source = iota // slot index
	fromLine               // part index of the line that opEach is at
	fromLink               // slot index, a destination, turned into the address that leads there
)

// test decides an opIf: whether its operands are not empty; all of them, or any.
type test struct {
	operands []operand
	any      bool
	negated  bool
}

func (t *test) holds(pg *page) bool {
	result := !t.any
	for _, what := range t.operands {
		if full := pg.get(what) != ""; full == t.any {
			result = full
			break
		}
	}
	return result != t.negated
}

// run writes the program's output to the end of the page.
func (p program) run(pg *page) {
	for i := range p {
		switch n := &p[i]; n.op {
		case opLiteral:
			pg.out = append(pg.out, n.text...)
		case opText:
			pg.out = append(pg.out, pg.get(n.what)...)
		case opHTML:
			pg.out = append(pg.out, pg.escaped(n.what)...)
		case opIf:
			if n.when.holds(pg) {
				n.body.run(pg)
			} else {
				n.other.run(pg)
			}
		case opEach:
			for i := range pg.lines {
				pg.line = &pg.lines[i]
				n.body.run(pg)
			}
		}
	}
}

// literal adds text, joined to a literal that stands before it.
func (p program) literal(text string) program {
	if text == "" {
		return p
	}
	if last := len(p) - 1; last >= 0 && p[last].op == opLiteral {
		p[last].text += text
		return p
	}
	return append(p, node{op: opLiteral, text: text})
}

// join adds the nodes of more.
func (p program) join(more program) program {
	for _, n := range more {
		if n.op == opLiteral {
			p = p.literal(n.text)
		} else {
			p = append(p, n)
		}
	}
	return p
}

// dedent takes the indentation of lines out of a file, which would only make messages longer.
func dedent(file string) string {
	var b strings.Builder
	for text := range strings.Lines(file) {
		b.WriteString(strings.TrimLeft(text, " \t"))
	}
	return b.String()
}
