package inbound

import (
	"io"
	"strings"
)

// Bounds of a block of fields: no report has more, whatever somebody sends.
const (
	mostGroups = 20
	mostFields = 100
	longest    = 4 << 10
)

// group is one block of fields, their names in lower case. Of a name that comes twice the first counts.
type group map[string]string

// groups reads blocks of fields as delivery reports (RFC 3464 §2.1) and feedback reports (RFC 5965 §3) have them. It is lenient: what is no
// field is passed over, since half of the reports that are broken have their fault elsewhere.
func groups(r io.Reader) (list []group) {
	text, _ := io.ReadAll(io.LimitReader(r, maxHead)) // a report that ends early has told what it has told
	now, last := group{}, ""
	end := func() {
		if len(now) > 0 {
			list = append(list, now)
		}
		now, last = group{}, ""
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		folded := line != "" && (line[0] == ' ' || line[0] == '\t')
		switch {
		case strings.TrimSpace(line) == "":
			end()
		case folded && last != "":
			if len(now[last]) < longest {
				now[last] += " " + strings.TrimSpace(line)
			}
		case !folded:
			last = now.add(line)
		}
		if len(list) == mostGroups {
			return list
		}
	}
	end()
	return list
}

// add takes a line of a new field and gives its name; empty when there is nothing to go on with.
func (g group) add(line string) string {
	name, value, found := strings.Cut(line, ":")
	name = strings.ToLower(strings.TrimSpace(name))
	if _, twice := g[name]; !found || twice || name == "" || len(g) == mostFields {
		return ""
	}
	g[name] = strings.TrimSpace(value)
	return name
}

// word is the first word of a field, in lower case, without what stands in brackets after it.
func (g group) word(name string) string {
	word, _, _ := strings.Cut(strings.ToLower(g[name]), "(")
	word, _, _ = strings.Cut(strings.TrimSpace(word), " ")
	return word
}
