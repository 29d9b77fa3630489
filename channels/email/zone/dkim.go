package zone

import (
	"slices"
	"strings"
)

func (k Key) record() Record { return Record{"DKIM", k.Name, k.Record} }

// check asks whether mail signed with the key can be verified.
func (k Key) check(asked *asking) Finding {
	f := Finding{Record: k.record()}
	var keys []string
	for _, text := range asked.texts(k.Name) {
		if published := tags(text); published["v"] == "DKIM1" || published["v"] == "" && published["p"] != "" {
			keys = append(keys, text)
		}
	}
	switch {
	case len(keys) == 0 && k.Later:
		f.Note = "ключ ещё не действует, записи ещё нет: добавьте её за несколько дней до смены // the key does not sign yet and has no record yet: add it some days before it does"
	case len(keys) == 0:
		f.Wrong = "записи нет: подпись нельзя проверить // no record: the signature cannot be verified"
	case len(keys) > 1:
		f.Wrong = "записей несколько: какую возьмёт проверяющий, неизвестно // there are several: which of them is taken, nobody knows (RFC 6376 §3.6.2.2)"
	default:
		f.Wrong, f.Note = differences(tags(keys[0]), tags(k.Record))
	}
	return f
}

// differences tells why a published key is not the one we sign with.
func differences(published, ours map[string]string) (wrong, note string) {
	squeeze := func(text string) string { return strings.Join(strings.Fields(text), "") }
	kind := published["k"]
	if kind == "" {
		kind = "rsa" // RFC 6376 §3.6.1
	}
	list := func(tag string) []string { return strings.Split(squeeze(strings.ToLower(published[tag])), ":") }
	switch {
	case published["p"] == "":
		return "ключ отозван: p= пуст // the key is revoked: p= is empty", ""
	case squeeze(published["p"]) != ours["p"]:
		return "там другой ключ: подпись не сойдётся // another key is there: no signature fits", ""
	case kind != ours["k"]:
		return both("k=%[1]s, а ключ %[2]s // k=%[1]s, but the key is %[2]s", kind, ours["k"]), ""
	case published["h"] != "" && !slices.Contains(list("h"), "sha256"):
		return "h= не допускает sha256 // h= does not allow sha256", ""
	case published["s"] != "" && !slices.Contains(list("s"), "*") && !slices.Contains(list("s"), "email"):
		return "s= не допускает почту // s= does not allow mail", ""
	case published["t"] != "" && slices.Contains(list("t"), "y"):
		return "", "t=y: ключ объявлен пробным, подпись могут не учитывать; уберите, когда всё работает // t=y: the key is said to be a trial and may count for nothing; take it out when all works"
	}
	return "", ""
}
