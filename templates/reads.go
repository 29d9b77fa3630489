package templates

import "vestnik/engine"

// slotSet is a set of slots: what a message tells, so that nothing else is derived or shown for it. A template of a few lines would otherwise
// cost as much as a bill.
type slotSet uint64

// There are never more slots than a slotSet has bits.
const _ = uint(64 - derivedCount - maxVariables)

func (s slotSet) has(slot int) bool { return s>>slot&1 != 0 }

// reads gives the slots that a program writes or tests.
func (p program) reads() (s slotSet) {
	for i := range p {
		n := &p[i]
		switch n.op {
		case opText, opHTML:
			s |= n.what.slots()
		case opIf:
			for _, what := range n.when.operands {
				s |= what.slots()
			}
		}
		s |= n.body.reads() | n.other.reads()
	}
	return s
}

func (o operand) slots() slotSet {
	if o.from == fromLine {
		return 0
	}
	return 1 << o.index
}

// need finds what each form of the message tells.
func (t *Template) need() {
	t.brief = t.complete(t.subject.reads() | t.short.reads())
	t.paper = t.complete(t.subject.reads() | t.why.reads() | t.text.reads())
	t.email = t.complete(t.paper | t.preheader.reads() | t.html.reads())
}

// complete adds the variables that derived slots are made of.
func (t *Template) complete(s slotSet) slotSet {
	for slot, names := range map[int][]string{slotGreeting: {"name"}, slotPay: {"pay_url", "link"}} {
		for _, name := range names {
			if i, ok := t.index[name]; ok && s.has(slot) {
				s |= 1 << (derivedCount + i)
			}
		}
	}
	return s
}

// needs gives the slots that the message over a channel tells.
func (t *Template) needs(ch engine.ChannelName) slotSet {
	switch ch {
	case engine.Email:
		return t.email
	case engine.Paper:
		return t.paper
	}
	return t.brief
}
