// Package zone tells which DNS records a sender's domains must have so that mailbox providers trust its mail (SPF, RFC 7208; DKIM, RFC 6376;
// DMARC, RFC 7489), and looks whether they are there. It only asks; it never changes a zone and never sends mail.
package zone

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// Sender is everything of a sender that stands in DNS. Domains and hosts are in ASCII.
type Sender struct {
	From    string   // domain of the From address
	Returns string   // domain that mail is returned to; empty: From
	Inbound string   // host that takes what is returned there; empty: not ours, no MX is asked for
	Hosts   []string // that hand our mail to the world, by name or address; none: the domain's own
	Keys    []Key    // letters are signed with; none: the relay signs
}

// Key is the public half of a DKIM key.
type Key struct {
	Name   string // where it stands: "selector._domainkey.example.ru"
	Domain string // for which it signs
	Record string // the text of its TXT record
	Later  bool   // it does not sign yet
}

// Record is one record as it should be.
type Record struct {
	Kind  string // SPF, DKIM, DMARC or MX
	Name  string // without the final dot
	Value string // of a TXT record; for MX priority and host
}

// String is the record as a line of a zone file (RFC 1035 §5.1), ready to be pasted; a text is parted at 255 characters (RFC 7208 §3.3).
func (r Record) String() string {
	if r.Kind == "MX" {
		return r.Name + ". 3600 IN MX " + r.Value + "."
	}
	line, rest := r.Name+". 3600 IN TXT", r.Value
	for len(rest) > 255 {
		line, rest = line+` "`+rest[:255]+`"`, rest[255:]
	}
	return line + ` "` + rest + `"`
}

// Finding is what came of looking for one record. Its texts are "по-русски // in English".
type Finding struct {
	Record Record // as it should be
	Wrong  string // empty: it does its work
	Note   string // to know all the same
}

// Resolver asks DNS, as net.Resolver does.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// At gives a Resolver that asks one DNS server, host:port; an empty one those of the system.
func At(server string) Resolver {
	if server == "" {
		return &net.Resolver{}
	}
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 3 * time.Second}).DialContext(ctx, network, server)
	}}
}

// returns is where the sender's mail is returned to, whose SPF counts (RFC 7208 §2.4).
func (s Sender) returns() string {
	if s.Returns != "" {
		return s.Returns
	}
	return s.From
}

// Records lists what the sender's domains should have when they have nothing yet.
func (s Sender) Records() []Record {
	list := []Record{s.spf()}
	for _, key := range s.Keys {
		list = append(list, key.record())
	}
	list = append(list, s.dmarc())
	if s.Inbound != "" {
		list = append(list, s.mx())
	}
	return list
}

func (s Sender) mx() Record { return Record{"MX", s.returns(), "10 " + s.Inbound} }

// ErrUnreachable says that DNS did not answer: nothing is known of the records.
var ErrUnreachable = errors.New("DNS does not answer")

// Check looks for the records. The error is ErrUnreachable or nil.
func (s Sender) Check(ctx context.Context, dns Resolver) ([]Finding, error) {
	asked := &asking{ctx: ctx, dns: dns}
	list := []Finding{s.checkSPF(asked)}
	for _, key := range s.Keys {
		list = append(list, key.check(asked))
	}
	list = append(list, s.checkDMARC(asked), s.checkMX(asked))
	if asked.failed != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, asked.failed)
	}
	return list, nil
}

// checkMX asks whether the answers, and what is returned, find somebody.
func (s Sender) checkMX(asked *asking) Finding {
	f := Finding{Record: Record{"MX", s.returns(), "10 mail." + s.From}}
	if s.Inbound != "" {
		f.Record = s.mx()
	}
	hosts := asked.mx(s.returns())
	switch {
	case len(hosts) == 1 && hosts[0] == "": // RFC 7505
		f.Wrong = "домен объявил, что почту не принимает: возвраты пропадут // the domain says that it takes no mail: what is returned is lost"
	case len(hosts) == 0 && (s.Inbound != "" || len(asked.addresses(s.returns())) == 0): // without an MX the domain itself is meant (RFC 5321 §5.1)
		f.Wrong = "записи нет: возвраты и ответы пропадут // no record: what is returned or answered is lost"
	case s.Inbound != "" && !has(hosts, s.Inbound):
		f.Note = both("ведёт на %[1]s, а не на %[2]s: оттуда возвраты должны дойти до нас // leads to %[1]s and not to %[2]s: from there the returns must come to us",
			strings.Join(hosts, ", "), s.Inbound)
	}
	return f
}

// asking puts questions until one is not answered; what comes after it is answered with nothing.
type asking struct {
	ctx    context.Context
	dns    Resolver
	failed error
}

// found is answers as they are, or nothing when there is no such name or record.
func found[T any](a *asking, ask func() (T, error)) (answer T) {
	var none T
	if a.failed != nil {
		return none
	}
	answer, err := ask()
	if missing, ok := errors.AsType[*net.DNSError](err); ok && missing.IsNotFound {
		return none
	}
	if err != nil {
		a.failed = err
		return none
	}
	return answer
}

func (a *asking) texts(name string) []string {
	return found(a, func() ([]string, error) { return a.dns.LookupTXT(a.ctx, name+".") })
}

func (a *asking) addresses(host string) []netip.Addr {
	return found(a, func() ([]netip.Addr, error) { return a.dns.LookupNetIP(a.ctx, "ip", host+".") })
}

// mx gives the hosts in lower case without the final dot; a null MX is "".
func (a *asking) mx(domain string) (hosts []string) {
	for _, mx := range found(a, func() ([]*net.MX, error) { return a.dns.LookupMX(a.ctx, domain+".") }) {
		hosts = append(hosts, strings.ToLower(strings.TrimSuffix(mx.Host, ".")))
	}
	return hosts
}

// tags reads "v=DMARC1; p=none": names in lower case, no spaces around.
func tags(text string) map[string]string {
	list := map[string]string{}
	for tag := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(tag, "=")
		list[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	return list
}

// aligned reports whether a domain may vouch for another (RFC 7489 §3.1): both belong to one organization, or are the same.
func aligned(domain, from string, strict bool) bool {
	return strings.EqualFold(domain, from) || !strict && strings.EqualFold(organization(domain), organization(from))
}

// organization is the domain somebody has registered (RFC 7489 §3.2).
func organization(domain string) string {
	if whole, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(domain)); err == nil {
		return whole
	}
	return domain
}

func has(list []string, one string) bool {
	for _, is := range list {
		if strings.EqualFold(is, one) {
			return true
		}
	}
	return false
}

// both fills a phrase of two languages: each half with all the values, numbered.
func both(phrase string, values ...any) string { return fmt.Sprintf(phrase, values...) }
