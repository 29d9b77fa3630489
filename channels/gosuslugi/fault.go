package gosuslugi

import (
	"errors"
	"strings"
	"time"

	"vestnik/engine"
)

// rule says what a code of ГИС ЖКХ means.
type rule struct {
	code   string // the beginning is enough
	reason engine.Reason
	means  string        // in our words: those of ГИС ЖКХ may repeat what we sent
	pause  time.Duration // before the next try
	whole  bool          // it is not about this message
	doubt  bool          // nobody knows whether the request was taken
	stale  bool          // what is remembered of registries and accounts is out of date
	done   bool          // what was asked for is so already
	gone   bool          // what it refers to is not there: a report or news that this one was to change
}

// rules are the codes that public clients have met; the whole list is in the "Альбом ТФФ", which is given to participants only. The first that
// fits counts.
var rules = []rule{
	{code: "EXP001000", reason: engine.Unavailable, means: "overload or an internal error", whole: true, doubt: true},
	{code: "EXP002002", reason: engine.Unavailable, means: "a message with this identifier has come already", doubt: true},
	{code: "EXP002", reason: engine.Unavailable, means: "to be tried again"},
	{code: "INT002018", reason: engine.Unavailable, means: "to be tried again"},
	{code: "INT002029", reason: engine.Unavailable, means: "maintenance", pause: 10 * time.Minute, whole: true},
	{code: "INT002013", reason: engine.Unknown, means: "the request is not found any more", doubt: true},
	{code: "INT002012", reason: engine.BadAddress, means: "there is nothing to export"},
	{code: "INT002000", reason: engine.BadAddress, means: "a value is not in the registry: the account or the house"},
	{code: "INT002031", reason: engine.Unknown, means: "the identifier of the house has changed", stale: true},
	{code: "INT002034", reason: engine.Unknown, means: "a reference is out of date", stale: true, gone: true},
	{code: "INT008165", reason: engine.BadMessage, means: "the sums differ from those ГИС ЖКХ computes (see gis.confirm_amounts)"},
	{code: "INT0160", reason: engine.BadMessage, means: "an entry of a registry is not there", stale: true},
	{code: "SRV007079", reason: engine.Unknown, means: "the identifiers of a registry are another stand's", stale: true},
	{code: "SRV008070", reason: engine.Refused, means: "the document has been withdrawn already", done: true},
	{code: "SRV008071", reason: engine.Refused, means: "payments are acknowledged against the document: it cannot be withdrawn before they are cancelled"},
	{code: "SRV008076", reason: engine.BadMessage, means: "wrong services, or requisites that are not registered"},
	{code: "AUT", reason: engine.Misconfigured, means: "the organization or the information system has no rights", whole: true},
	{code: "FMT", reason: engine.Misconfigured, means: "the request is not as the format demands", whole: true},
	{code: "FIL", reason: engine.BadMessage, means: "a file is not accepted"},
}

// ruleOf gives the rule for a code; what no rule knows is Unknown, which is temporary.
func ruleOf(code string) rule {
	for _, r := range rules {
		if strings.HasPrefix(code, r.code) {
			return r
		}
	}
	return rule{reason: engine.Unknown, means: "a code that is not known"}
}

// refused is the failure for a code.
func refused(code string) *failure {
	r := ruleOf(code)
	return &failure{
		Fault: &engine.Fault{Reason: r.reason, Code: printable(code), RetryAfter: r.pause, Whole: r.whole, Err: errors.New(r.means)},
		code:  code, doubt: r.doubt,
	}
}

// printable keeps what a code is made of, so that nothing else gets into reports.
func printable(code string) string {
	code = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, code)
	return code[:min(len(code), 12)]
}

// exists reports whether an import was refused because it was done before. The code is not published; the words have been seen.
func (e wireError) exists() bool {
	return strings.Contains(e.Text, "с таким номером уже существует")
}
