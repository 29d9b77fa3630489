package templates

import (
	"strings"
	"time"
)

// A page keeps what the letters of a batch have in common: only the first of them pays for it. Whether it still holds is found by comparing what
// it was made from, so a page may go from one campaign to another at any time.

// constant is a text that is the same in every letter of a batch, and how it is shown.
type constant struct{ raw, shown string }

// constants are what the vars of a campaign tell all its recipients, checked and shown in one zone.
type constants struct {
	vars  string
	whole bool // vars is a JSON object
	zone  *time.Location
	data  []datum
	shown []string // of all but services
	wrong []*fault
}

// read makes vars what is common, unless they are already.
func (c *constants) read(t *Template, vars []byte, zone *time.Location) {
	if c.zone == zone && c.vars == string(vars) {
		return
	}
	n := len(t.variables)
	*c = constants{vars: string(vars), zone: zone, data: make([]datum, n), shown: make([]string, n), wrong: make([]*fault, n)}
	c.whole = t.scan(c.data, c.vars)
	for i := range t.variables {
		v, d := &t.variables[i], c.data[i]
		if v.Type == TypeServices && !d.blank() {
			continue // they become lines of the page
		}
		if c.wrong[i] = v.check(d); c.wrong[i] == nil && !d.blank() {
			c.shown[i] = v.Type.show(d, zone)
		}
	}
}

// place is where a recipient lives, as far as clocks are concerned.
type place struct {
	own, home string // names of zones: the recipient's, the provider's
	zone      *time.Location
}

// in gives the zone of a recipient whose zone has this name, and whose provider's has that one.
func (p *place) in(z *zones, own, home string) *time.Location {
	if p.zone == nil || p.own != own || p.home != home {
		*p = place{strings.Clone(own), home, z.of(own, home)} // a part of a chunk would keep all of the chunk
	}
	return p.zone
}

// spell is the span of time a message is about, and how it is told.
type spell struct {
	raw        []string // the variables it is told from, in the order of Template.times
	zone       *time.Location
	home       string // the provider's zone
	when, hint string
}
