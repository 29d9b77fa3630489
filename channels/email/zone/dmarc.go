package zone

import (
	"slices"
	"strings"
)

// dmarc is what large mailbox providers ask of who sends much: a policy, however mild, and a place for the reports.
func (s Sender) dmarc() Record {
	return Record{"DMARC", "_dmarc." + s.From, "v=DMARC1; p=none; rua=mailto:postmaster@" + s.From}
}

// checkDMARC asks for the policy of the From domain, or of its organization (RFC 7489 §6.6.3), and whether our mail can pass it.
func (s Sender) checkDMARC(asked *asking) Finding {
	f := Finding{Record: s.dmarc()}
	policies := asked.policies(s.From)
	if whole := organization(s.From); len(policies) == 0 && whole != s.From {
		policies = asked.policies(whole)
	}
	switch len(policies) {
	case 0:
		f.Wrong = "записи нет: крупные почтовые службы не верят массовой почте без неё // no record: large mailbox providers do not trust bulk mail without one"
	case 1:
		f.Wrong, f.Note = s.judge(tags(policies[0]))
	default:
		f.Wrong = "записей несколько: не действует ни одна // there are several: none of them counts (RFC 7489 §6.6.3)"
	}
	return f
}

func (a *asking) policies(domain string) (list []string) {
	for _, text := range a.texts("_dmarc." + domain) {
		if version, _, _ := strings.Cut(text, ";"); strings.ReplaceAll(version, " ", "") == "v=DMARC1" {
			list = append(list, text)
		}
	}
	return list
}

// judge tells what is wrong with a policy, or with our mail under it.
func (s Sender) judge(policy map[string]string) (wrong, note string) {
	signed := slices.ContainsFunc(s.Keys, func(k Key) bool { return !k.Later && aligned(k.Domain, s.From, policy["adkim"] == "s") })
	returned := aligned(s.returns(), s.From, policy["aspf"] == "s")
	switch {
	case !slices.Contains([]string{"none", "quarantine", "reject"}, policy["p"]):
		return "p= должно быть none, quarantine или reject // p= must be none, quarantine or reject", ""
	case !signed && !returned && len(s.Keys) > 0:
		return both("письма не пройдут: ни подпись, ни обратный адрес (%[1]s) не от домена %[2]s // mail does not pass: neither the signature nor the return address (%[1]s) is of the domain %[2]s",
			s.returns(), s.From), ""
	case !signed && !returned:
		return "", both("здесь не подписывают, обратный адрес другого домена: письма пройдут, только если реле подписывает доменом %[1]s // nothing is signed here, and mail is returned to another domain: it passes only if the relay signs for %[1]s", s.From)
	case !signed:
		return "", "письма держатся на одном SPF: пересланные не пройдут; задайте ключ DKIM, если реле не подписывает // SPF alone carries the mail: what is forwarded does not pass; set a DKIM key unless the relay signs"
	case policy["rua"] == "":
		return "", "нет rua=: отчётов о подделках не будет // no rua=: there will be no reports of forgeries"
	case policy["p"] == "none":
		return "", "p=none: подделкам ничто не мешает; когда отчёты чисты, поставьте quarantine // p=none: nothing hinders forgeries; when the reports are clean, make it quarantine"
	}
	return "", ""
}
