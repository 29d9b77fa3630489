package email

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// Domain bounds what goes to one provider of mailboxes from this process, over all relays together. Whatever the bounds, a provider that has no
// time for us (a temporary refusal) is left alone for a while and then written to more slowly, and others are not.
type Domain struct {
	Names     []string // domains that share the bounds: mail.ru, bk.ru. "*" alone: every other domain by itself
	AtOnce    int      // messages in the relays' hands at the same time; 0: as many as there are connections
	PerSecond int      // messages a second, over ten seconds; 0: as many as possible
}

// ParseDomains reads bounds, several separated by commas: names joined by +, then how many messages at once and how many a second, 0 for no
// bound:
//
//	mail.ru+bk.ru=4/50, gmail.com=5/100, *=10/0
//
// All mistakes are reported at once.
func ParseDomains(list string) ([]Domain, error) {
	var domains []Domain
	var mistakes []error
	known := map[string]bool{}
	for entry := range strings.SplitSeq(list, ",") {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		d, err := parseDomain(entry)
		for _, name := range d.Names {
			if known[name] {
				err = errors.Join(err, fmt.Errorf("%s stands there twice", name))
			}
			known[name] = true
		}
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%q: %w", entry, err))
		}
		domains = append(domains, d)
	}
	return domains, errors.Join(mistakes...)
}

var errBounds = errors.New("a domain's bounds are written like mail.ru+bk.ru=4/50: messages at once / a second, 0 for no bound")

func parseDomain(entry string) (Domain, error) {
	names, bounds, _ := strings.Cut(entry, "=")
	atOnce, perSecond, both := strings.Cut(strings.TrimSpace(bounds), "/")
	var d Domain
	var errs [2]error
	d.AtOnce, errs[0] = strconv.Atoi(atOnce)
	d.PerSecond, errs[1] = strconv.Atoi(perSecond)
	if !both || errors.Join(errs[:]...) != nil || d.AtOnce < 0 || d.PerSecond < 0 {
		return d, errBounds
	}
	for name := range strings.SplitSeq(names, "+") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "*" && !strings.Contains(names, "+") {
			d.Names = append(d.Names, name)
			continue
		}
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil || !plainDomain(ascii) {
			return d, fmt.Errorf("%q is no domain", name)
		}
		d.Names = append(d.Names, ascii)
	}
	return d, nil
}
