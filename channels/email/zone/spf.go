package zone

import (
	"net/netip"
	"strings"
)

// Bounds of evaluating SPF (RFC 7208 §4.6.4); beyond them a verifier gives up and the mail counts as unproven.
const (
	maxLookups = 10
	maxVoids   = 2
)

// spf is a record that lets the sender's hosts send.
func (s Sender) spf() Record {
	terms := "v=spf1"
	for _, host := range s.Hosts {
		terms += " " + mechanism(host)
	}
	if len(s.Hosts) == 0 {
		terms += " a mx"
	}
	return Record{"SPF", s.returns(), terms + " ~all"}
}

// mechanism is how SPF names a host.
func mechanism(host string) string {
	switch ip, err := netip.ParseAddr(host); {
	case err != nil:
		return "a:" + host
	case ip.Unmap().Is4():
		return "ip4:" + ip.Unmap().String()
	default:
		return "ip6:" + ip.String()
	}
}

// checkSPF reads the record of the domain mail is returned to, with all it includes.
func (s Sender) checkSPF(asked *asking) Finding {
	f := Finding{Record: s.spf()}
	w := walk{asking: asked}
	switch records := asked.spf(s.returns()); len(records) {
	case 0:
		f.Wrong = "записи нет: откуда может приходить почта домена, не сказано // no record: nothing says where mail of the domain may come from"
	case 1:
		w.read(records[0], s.returns(), true)
		f.Wrong, f.Note = w.wrong, w.note
		if f.Wrong == "" && f.Note == "" {
			f.Note = s.unnamed(&w)
		}
	default:
		f.Wrong = "записей несколько: не действует ни одна; сведите их в одну // there are several: none of them counts; make them one (RFC 7208 §4.5)"
	}
	return f
}

func (a *asking) spf(domain string) (list []string) {
	for _, text := range a.texts(domain) {
		if version, _, _ := strings.Cut(text, " "); strings.EqualFold(version, "v=spf1") {
			list = append(list, text)
		}
	}
	return list
}

// unnamed tells of hosts of ours that the record does not let send.
func (s Sender) unnamed(w *walk) string {
	for _, host := range s.Hosts {
		list := w.asking.addresses(host)
		if ip, err := netip.ParseAddr(host); err == nil {
			list = []netip.Addr{ip}
		}
		for _, ip := range list {
			if !w.allows(ip.Unmap()) && !w.unknown {
				return both("не называет %[1]s: если оно само доставляет почту, добавьте %[2]s; если через службу, её include // does not name %[1]s: if it delivers mail by itself, add %[2]s; if by a mail service, that one's include",
					host, mechanism(host))
			}
		}
	}
	return ""
}

// walk reads a record and what it includes, as a verifier does.
type walk struct {
	*asking
	lookups, voids int
	nets           []netip.Prefix // that may send
	unknown        bool           // whether an address may send can depend on the message (macros, exists)
	wrong, note    string
}

func (w *walk) allows(ip netip.Addr) bool {
	for _, net := range w.nets {
		if net.Contains(ip) {
			return true
		}
	}
	return false
}

func (w *walk) blame(phrase string, values ...any) {
	if w.wrong == "" {
		w.wrong = both(phrase, values...)
	}
}

// read goes through one record; top is the sender's own.
func (w *walk) read(record, domain string, top bool) {
	redirect, all := "", ""
	for _, term := range strings.Fields(record)[1:] {
		name, value, _ := strings.Cut(term, "=")
		if !strings.ContainsAny(name, ":/") && strings.Contains(term, "=") {
			if strings.EqualFold(name, "redirect") {
				redirect = value
			}
			continue // exp and modifiers nobody knows
		}
		qualifier := "+"
		if strings.ContainsAny(term[:1], "+-~?") {
			qualifier, term = term[:1], term[1:]
		}
		if strings.EqualFold(term, "all") {
			all = qualifier
			break // what follows is never read (RFC 7208 §5.1)
		}
		w.mechanism(term, domain, qualifier == "+")
		if w.wrong != "" || w.failed != nil {
			return
		}
	}
	switch {
	case all == "" && redirect != "":
		w.include(redirect, top)
	case top && all == "+":
		w.blame("+all: слать от имени домена может кто угодно // +all: anybody may send in the domain's name")
	case top && (all == "?" || all == ""):
		w.note = "не кончается на ~all или -all: подделкам ничто не мешает // does not end with ~all or -all: nothing hinders forgeries"
	}
}

// mechanism takes one term; pass says that what it matches may send.
func (w *walk) mechanism(term, domain string, pass bool) {
	name, value, _ := strings.Cut(term, ":")
	name, bits, _ := strings.Cut(name, "/")
	if strings.Contains(value, "%") {
		w.unknown = true
	}
	switch name = strings.ToLower(name); name {
	case "ip4", "ip6":
		w.network(value, term, pass)
	case "include":
		w.include(value, false)
	case "a", "mx":
		if host, mask, found := strings.Cut(value, "/"); found {
			value, bits = host, mask
		}
		if value == "" {
			value = domain
		}
		w.hosts(name, value, bits, pass)
	case "exists", "ptr":
		w.unknown = true
		w.ask()
	default:
		w.blame("непонятное слово %[1]q: вся запись не действует // %[1]q is not known: the whole record counts for nothing", term)
	}
}

// ask counts a question; it reports whether it may be put.
func (w *walk) ask() bool {
	if w.lookups++; w.lookups > maxLookups {
		w.blame("больше %[1]d запросов DNS: проверяющий бросит; замените include адресами // more than %[1]d lookups: verifiers give up; put addresses in place of includes", maxLookups)
		return false
	}
	return true
}

func (w *walk) empty(what string) {
	if w.voids++; w.voids > maxVoids {
		w.blame("больше %[1]d имён ведут в никуда, последнее %[2]s // more than %[1]d names lead nowhere, at last %[2]s", maxVoids, what)
	}
}

func (w *walk) include(domain string, top bool) {
	if strings.Contains(domain, "%") {
		w.unknown = true
		w.ask()
		return
	}
	if !w.ask() {
		return
	}
	switch records := w.spf(domain); {
	case w.failed != nil:
	case len(records) != 1:
		w.blame("%[1]s: записей SPF там %[2]d, нужна одна // %[1]s has %[2]d SPF records and needs one", domain, len(records))
	default:
		w.read(records[0], domain, top)
	}
}

// hosts takes the addresses of a host, or of the domain's mail servers.
func (w *walk) hosts(kind, domain, bits string, pass bool) {
	if !w.ask() || strings.Contains(domain, "%") {
		return
	}
	hosts := []string{domain}
	if kind == "mx" {
		hosts = w.mx(domain)
	}
	if len(hosts) > maxLookups {
		w.blame("mx:%[1]s: больше %[2]d серверов // mx:%[1]s: more than %[2]d servers", domain, maxLookups)
		return
	}
	seen := false
	for _, host := range hosts {
		for _, ip := range w.addresses(host) {
			seen = true
			if ip = ip.Unmap(); pass {
				w.nets = append(w.nets, around(ip, bits))
			}
		}
	}
	if !seen && w.failed == nil {
		w.empty(domain)
	}
}

// around is the network of an address by "24" or "24//64" (RFC 7208 §5.6); the address alone without.
func around(ip netip.Addr, bits string) netip.Prefix {
	four, six, _ := strings.Cut(bits, "//")
	mask := map[bool]string{true: four, false: six}[ip.Is4()]
	if net, err := netip.ParsePrefix(ip.String() + "/" + mask); err == nil {
		return net.Masked()
	}
	return netip.PrefixFrom(ip, ip.BitLen())
}

func (w *walk) network(text, term string, pass bool) {
	net, err := netip.ParsePrefix(text)
	if ip, single := netip.ParseAddr(text); single == nil {
		net, err = netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	if err != nil {
		w.blame("%[1]q — не адрес: вся запись не действует // %[1]q is no address: the whole record counts for nothing", term)
		return
	}
	if pass {
		w.nets = append(w.nets, net.Masked())
	}
}
