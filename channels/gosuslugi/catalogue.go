package gosuslugi

import (
	"fmt"
	"strings"
)

// catalogue finds the services of bills in the registries. It remembers what it found: the same few names stand in every bill, and to compare
// names as people write them costs more than to write the document.
type catalogue struct {
	known registries
	found map[called]listed
}

// called is how a bill names a service.
type called struct{ name, code string }

// listed is where a service stands.
type listed struct {
	number int // of the registry; 0: in none
	entry  entry
}

// capitalRepairs is the number find gives for the capital repair, which no registry has: it has a place of its own in the document.
const capitalRepairs = -1

func newCatalogue(known registries) catalogue { return catalogue{known, map[called]listed{}} }

// find looks a service up, by its code or by its name; number 0: there is none.
func (c catalogue) find(l line) (number int, found entry) {
	at, seen := c.found[called{l.Name, l.Code}]
	if !seen {
		at = c.search(l)
		c.found[called{l.Name, l.Code}] = at
	}
	return at.number, at.entry
}

func (c catalogue) search(l line) listed {
	if strings.Contains(plain(l.Name), "капитальный ремонт") {
		return listed{number: capitalRepairs}
	}
	for _, number := range []int{utilityServices, housingServices, extraServices} {
		if code, given := strings.CutPrefix(l.Code, fmt.Sprint(number)+"/"); given {
			if found, there := c.known.coded(number, code); there {
				return listed{number, found}
			}
		}
		if found, there := c.known.named(number, l.Name); there && l.Code == "" {
			return listed{number, found}
		}
	}
	return listed{}
}
