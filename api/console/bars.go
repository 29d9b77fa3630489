package console

import (
	"strconv"
	"strings"

	"vestnik/engine"
)

// bar is a stacked bar as SVG draws it. Its widths are attributes and not styles, which the page's policy forbids.
type bar struct {
	Text  string // for those who do not see it
	Parts []part
}

// part is a piece of a bar: where it begins and how long it is, in per cent.
type part struct{ Class, X, Width string }

// leastWidth keeps a few recipients of a million visible, in per cent.
const leastWidth = 0.8

// stack lays counts side by side. Nothing gets no place, and everything else some; all of them fill the bar when they add up to whole.
func stack(whole int64, counts []int64, classes []string) []part {
	if whole <= 0 {
		return nil
	}
	widths := make([]float64, len(counts))
	total, spare := 0.0, 0.0 // spare: what lies above the least width, and can give
	for i, n := range counts {
		if n <= 0 {
			continue
		}
		widths[i] = max(100*float64(n)/float64(whole), leastWidth)
		total += widths[i]
		spare += widths[i] - leastWidth
	}
	var parts []part
	x := 0.0
	for i, w := range widths {
		if w == 0 {
			continue
		}
		if over := total - 100; over > 0 && spare > 0 {
			w -= over * (w - leastWidth) / spare
		}
		parts = append(parts, part{classes[i], decimals(x), decimals(w)})
		x += w
	}
	return parts
}

// share is a bar of one part.
func share(class string, n, whole int64) bar {
	return bar{Parts: stack(max(whole, n), []int64{n}, []string{class})}
}

// decimals writes a number of per cent with at most two decimals.
func decimals(x float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(x, 'f', 2, 64), "0"), ".")
}

// outcomeOrder is the order in which people see outcomes: what is done, what is on its way, what went wrong.
var outcomeOrder = []engine.Outcome{
	engine.Delivered, engine.InFlight, engine.Undelivered, engine.Suppressed, engine.Expired, engine.Cancelled,
}

// ledger is a balance as people see it.
type ledger struct {
	Bar      bar
	Ordered  string
	Outcomes []outcome
	Balanced bool
	Empty    bool // nobody was ordered yet
}

// outcome is one line of a ledger.
type outcome struct{ Class, Name, Count, Percent string }

// ledgerOf shows a balance. What is in flight of a campaign that has not begun waits for its start.
func (v voice) ledgerOf(b engine.Balance, begun bool) ledger {
	l := ledger{Ordered: v.number(b.Ordered), Balanced: b.Balanced(), Empty: b.Ordered == 0}
	var counts []int64
	var classes, texts []string
	for _, o := range outcomeOrder {
		name := v.Say("outcome." + string(o))
		class := string(o)
		if o == engine.InFlight && !begun {
			name, class = v.Say("outcome.before"), "before"
		}
		n := b.Of(o)
		counts, classes = append(counts, n), append(classes, class)
		if n == 0 && o != engine.Delivered {
			continue
		}
		l.Outcomes = append(l.Outcomes, outcome{class, name, v.number(n), v.percent(n, b.Ordered)})
		texts = append(texts, name+" "+v.number(n))
	}
	l.Bar = bar{Text: strings.Join(texts, ", "), Parts: stack(b.Ordered, counts, classes)}
	return l
}
