package zone

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// fed is a Resolver that knows what it was told; a name beginning with "!" fails.
type fed map[string][]string

func (f fed) lookup(name string) ([]string, error) {
	if _, dead := f["!"+name]; dead {
		return nil, &net.DNSError{Err: "server misbehaving", Name: name, IsTemporary: true}
	}
	if list := f[name]; len(list) > 0 {
		return list, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (f fed) LookupTXT(_ context.Context, name string) ([]string, error) {
	return f.lookup("TXT " + strings.TrimSuffix(name, "."))
}

func (f fed) LookupMX(_ context.Context, name string) (list []*net.MX, err error) {
	hosts, err := f.lookup("MX " + strings.TrimSuffix(name, "."))
	for _, host := range hosts {
		list = append(list, &net.MX{Host: host + "."})
	}
	return list, err
}

func (f fed) LookupNetIP(_ context.Context, _, name string) (list []netip.Addr, err error) {
	hosts, err := f.lookup("A " + strings.TrimSuffix(name, "."))
	for _, host := range hosts {
		list = append(list, netip.MustParseAddr(host))
	}
	return list, err
}

// ours is a sender whose records are all there, in healthy.
var ours = Sender{From: "example.ru", Returns: "bounces.example.ru", Inbound: "vestnik.example.ru", Hosts: []string{"relay.example.ru"},
	Keys: []Key{{Name: "s1._domainkey.example.ru", Domain: "example.ru", Record: "v=DKIM1; k=rsa; p=MIIB"}}}

func healthy() fed {
	return fed{
		"TXT bounces.example.ru":       {"v=spf1 a:relay.example.ru ~all", "another text"},
		"A relay.example.ru":           {"203.0.113.5"},
		"TXT s1._domainkey.example.ru": {"v=DKIM1; k=rsa; p=MIIB"},
		"TXT _dmarc.example.ru":        {"v=DMARC1; p=quarantine; rua=mailto:postmaster@example.ru"},
		"MX bounces.example.ru":        {"vestnik.example.ru"},
	}
}

// TestFindings changes one thing in a healthy zone, or of its sender, and looks who notices.
func TestFindings(t *testing.T) {
	spf, key, dmarc, mx := "TXT bounces.example.ru", "TXT s1._domainkey.example.ru", "TXT _dmarc.example.ru", "MX bounces.example.ru"
	for _, test := range []struct {
		name, record string
		say          []string // instead of what stands there; nil: nothing
		kind         string   // of the finding; empty: all is well
		wrong, note  string   // words in it
	}{
		{"all well", dmarc, healthy()[dmarc], "", "", ""},
		{"no SPF", spf, nil, "SPF", "no record", ""},
		{"two SPF", spf, []string{"v=spf1 ~all", "v=spf1 -all"}, "SPF", "several", ""},
		{"SPF for everybody", spf, []string{"v=spf1 +all"}, "SPF", "anybody", ""},
		{"SPF with an open end", spf, []string{"v=spf1 a:relay.example.ru"}, "SPF", "", "hinders"},
		{"SPF of a typo", spf, []string{"v=spf1 ipv4:203.0.113.5 -all"}, "SPF", "not known", ""},
		{"SPF of no address", spf, []string{"v=spf1 ip4:203.0.113 -all"}, "SPF", "is no address", ""},
		{"SPF of somebody else", spf, []string{"v=spf1 ip4:198.51.100.0/24 -all"}, "SPF", "", "add a:relay.example.ru"},
		{"SPF by network", spf, []string{"v=spf1 ip4:203.0.113.0/24 -all"}, "", "", ""},
		{"SPF by a network around a host", spf, []string{"v=spf1 a:www.example.ru/24 -all"}, "", "", ""},
		{"SPF by include", spf, []string{"v=spf1 include:_spf.example.ru ~all"}, "", "", ""},
		{"SPF by redirect", spf, []string{"v=spf1 redirect=_spf.example.ru"}, "", "", ""},
		{"SPF by mail servers", spf, []string{"v=spf1 mx:example.ru -all"}, "", "", ""},
		{"SPF by macro", spf, []string{"v=spf1 exists:%{i}.list.example.ru -all"}, "", "", ""},
		{"SPF that includes nothing", spf, []string{"v=spf1 include:gone.example.ru ~all"}, "SPF", "gone.example.ru has 0 SPF records", ""},
		{"SPF that goes round", spf, []string{"v=spf1 include:round.example.ru ~all"}, "SPF", "more than 10 lookups", ""},
		{"SPF of many lookups", spf, []string{"v=spf1" + strings.Repeat(" a:relay.example.ru", 11) + " ~all"}, "SPF", "more than 10 lookups", ""},
		{"SPF of ten lookups", spf, []string{"v=spf1" + strings.Repeat(" a:relay.example.ru", 10) + " ~all"}, "", "", ""},
		{"SPF that leads nowhere", spf, []string{"v=spf1 a:x.example.ru a:y.example.ru a:z.example.ru ~all"}, "SPF", "lead nowhere, at last z.example.ru", ""},
		{"no key", key, nil, "DKIM", "no record", ""},
		{"a key in many pieces", key, []string{"v=DKIM1; p=MI IB"}, "", "", ""},
		{"another key", key, []string{"v=DKIM1; k=rsa; p=MIIC"}, "DKIM", "another key", ""},
		{"a revoked key", key, []string{"v=DKIM1; p="}, "DKIM", "revoked", ""},
		{"two keys", key, []string{"v=DKIM1; p=MIIB", "p=MIIC"}, "DKIM", "several", ""},
		{"a key of another kind", key, []string{"v=DKIM1; k=ed25519; p=MIIB"}, "DKIM", "k=ed25519, but the key is rsa", ""},
		{"a key for SHA-1", key, []string{"v=DKIM1; h=sha1; p=MIIB"}, "DKIM", "sha256", ""},
		{"a key not for mail", key, []string{"v=DKIM1; s=chat; p=MIIB"}, "DKIM", "mail", ""},
		{"a key on trial", key, []string{"v=DKIM1; t=y:s; p=MIIB"}, "DKIM", "", "trial"},
		{"no DMARC", dmarc, nil, "DMARC", "no record", ""},
		{"two DMARC", dmarc, []string{"v=DMARC1; p=none", "v=DMARC1; p=reject"}, "DMARC", "several", ""},
		{"DMARC without p", dmarc, []string{"v=DMARC1; rua=mailto:a@example.ru"}, "DMARC", "p= must", ""},
		{"DMARC without reports", dmarc, []string{"v=DMARC1; p=reject"}, "DMARC", "", "rua"},
		{"DMARC without teeth", dmarc, []string{"v=DMARC1;p=none;rua=mailto:a@example.ru"}, "DMARC", "", "nothing hinders"},
		{"strict DMARC", dmarc, []string{"v=DMARC1; p=reject; aspf=s; rua=mailto:a@example.ru"}, "", "", ""},
		{"no MX", mx, nil, "MX", "no record", ""},
		{"null MX", mx, []string{""}, "MX", "takes no mail", ""},
		{"another MX", mx, []string{"mx.yandex.net"}, "MX", "", "leads to mx.yandex.net"},
	} {
		t.Run(test.name, func(t *testing.T) {
			zone := healthy()
			zone["TXT _spf.example.ru"] = []string{"v=spf1 ip4:203.0.113.5 -all"}
			zone["TXT round.example.ru"] = []string{"v=spf1 include:round.example.ru -all"}
			zone["MX example.ru"], zone["A www.example.ru"] = []string{"relay.example.ru"}, []string{"203.0.113.99"}
			zone[test.record] = test.say
			expect(t, ours, zone, test.kind, test.wrong, test.note)
		})
	}
}

// expect checks that what is found is of one kind, or nothing.
func expect(t *testing.T, s Sender, zone fed, kind, wrong, note string) {
	t.Helper()
	list, err := s.Check(t.Context(), zone)
	if err != nil || len(list) != 3+len(s.Keys) {
		t.Fatal(list, err)
	}
	for _, f := range list {
		if f.Record.Kind != kind && (f.Wrong != "" || f.Note != "") {
			t.Errorf("%s: %s%s", f.Record.Kind, f.Wrong, f.Note)
		}
		if f.Record.Kind == kind && ((f.Wrong == "") != (wrong == "") || (f.Note == "") != (note == "") || !strings.Contains(f.Wrong, wrong) || !strings.Contains(f.Note, note)) {
			t.Errorf("%s: wrong %q, note %q; want %q, %q", kind, f.Wrong, f.Note, wrong, note)
		}
		if text := f.Wrong + f.Note; text != "" && (!strings.Contains(text, " // ") || strings.Contains(text, "%!")) {
			t.Errorf("not in both languages: %q", text)
		}
	}
}

// TestAlignment checks whose signature and whose return address vouch for the From domain.
func TestAlignment(t *testing.T) {
	zone := healthy()
	zone["TXT bounces.vestnik.ru"], zone["MX bounces.vestnik.ru"] = zone["TXT bounces.example.ru"], []string{"vestnik.example.ru"}
	zone["TXT s1._domainkey.vestnik.ru"] = zone["TXT s1._domainkey.example.ru"]
	away := ours
	away.Returns = "bounces.vestnik.ru"
	expect(t, away, zone, "", "", "") // the signature vouches
	unsigned := ours
	unsigned.Keys = nil
	expect(t, unsigned, zone, "DMARC", "", "SPF alone")
	unsigned.Returns = away.Returns
	expect(t, unsigned, zone, "DMARC", "", "only if the relay signs for example.ru")
	away.Keys = []Key{{Name: "s1._domainkey.vestnik.ru", Domain: "vestnik.ru", Record: "v=DKIM1; k=rsa; p=MIIB"}}
	expect(t, away, zone, "DMARC", "mail does not pass", "")
	below := ours // a From below the organization, under its policy
	below.From = "mail.example.ru"
	expect(t, below, zone, "", "", "")
	zone["TXT _dmarc.example.ru"] = []string{"v=DMARC1; p=reject; adkim=s; aspf=s; rua=mailto:a@example.ru"}
	expect(t, below, zone, "DMARC", "mail does not pass", "")
	later := ours
	later.Keys = append([]Key{{Name: "s2._domainkey.example.ru", Domain: "example.ru", Record: "v=DKIM1; k=rsa; p=MIID", Later: true}}, ours.Keys...)
	list, err := later.Check(t.Context(), healthy())
	if err != nil || list[1].Wrong != "" || !strings.Contains(list[1].Note, "does not sign yet") || list[2].Note != "" {
		t.Errorf("%+v, %v", list, err)
	}
	plain := Sender{From: "example.ru"}
	expect(t, plain, fed{"TXT example.ru": {"v=spf1 a ~all"}, "A example.ru": {"203.0.113.5"}, "TXT _dmarc.example.ru": {"v=DMARC1; p=reject; rua=mailto:a@b.ru"}},
		"DMARC", "", "SPF alone")
}

// TestDNSThatDoesNotAnswer tells nothing of the records.
func TestDNSThatDoesNotAnswer(t *testing.T) {
	for name := range healthy() {
		zone := healthy()
		zone["!"+name] = []string{}
		if list, err := ours.Check(t.Context(), zone); !errors.Is(err, ErrUnreachable) || list != nil {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
}

func TestRecords(t *testing.T) {
	long := ours
	long.Keys = []Key{{Name: "s1._domainkey.example.ru", Record: "v=DKIM1; k=rsa; p=" + strings.Repeat("A", 392)}}
	long.Hosts = []string{"relay.example.ru", "203.0.113.5", "2001:db8::5"}
	var lines []string
	for _, r := range long.Records() {
		lines = append(lines, r.String())
	}
	want := `bounces.example.ru. 3600 IN TXT "v=spf1 a:relay.example.ru ip4:203.0.113.5 ip6:2001:db8::5 ~all"
s1._domainkey.example.ru. 3600 IN TXT "v=DKIM1; k=rsa; p=` + strings.Repeat("A", 237) + `" "` + strings.Repeat("A", 155) + `"
_dmarc.example.ru. 3600 IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@example.ru"
bounces.example.ru. 3600 IN MX 10 vestnik.example.ru.`
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got := (Sender{From: "example.ru"}).Records()[0].Value; got != "v=spf1 a mx ~all" {
		t.Error(got)
	}
}
