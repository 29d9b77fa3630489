package inbound

import (
	"regexp"
	"strings"

	"vestnik/engine"
)

// status is why a message came back: an enhanced code (RFC 3463), the reply of a server (RFC 5321 §4.2), and words.
type status struct {
	enhanced string // "5.1.1"; empty: none was given
	reply    string // "550"; empty likewise
	text     string // in lower case; never kept
}

// cause gives the reason for a status that matches all it names: an enhanced code (with a trailing dot a prefix), one of some words.
type cause struct {
	enhanced string
	text     string // separated by |
	reason   engine.Reason
}

// causes are tried from the first to the last. Words of large mailbox providers come before codes: Yandex says 5.7.1 of an unknown user, and
// qmail and Exim give no code but 5.0.0.
var causes = []cause{
	{text: "no such user|user unknown|unknown user|user not found|user doesn't exist|user does not exist|unknown recipient|recipient unknown|" +
		"no such recipient|recipient not found|mailbox not found|no such mailbox|invalid mailbox|no mailbox|address does not exist|account does not exist|" +
		"email account that you tried to reach does not exist|no such address|unrouteable address|unknown address|invalid recipient|" +
		"user is terminated|account is disabled|no longer available|host or domain name not found|domain does not exist|domain not found|null mx",
		reason: engine.BadAddress},
	{text: "mailbox full|mailbox is full|over quota|overquota|quota exceeded|exceeded quota|quota is exceeded|exceeds quota|out of storage|" +
		"mailbox size limit|insufficient space|ящик переполнен", reason: engine.Unavailable},

	{enhanced: "5.1.7", reason: engine.Refused}, // the sender's address (RFC 3463 §3.2): ours
	{enhanced: "5.1.8", reason: engine.Refused},
	{enhanced: "5.1.", reason: engine.BadAddress},
	{enhanced: "5.2.3", reason: engine.BadMessage},
	{enhanced: "5.2.", reason: engine.Unavailable}, // disabled, full
	{enhanced: "5.3.4", reason: engine.BadMessage},
	{enhanced: "5.3.", reason: engine.Unavailable},
	{enhanced: "5.4.1", reason: engine.BadAddress},   // Exchange Online: nobody of this name
	{enhanced: "5.4.4", reason: engine.BadAddress},   // no route: the domain takes no mail
	{enhanced: "5.4.310", reason: engine.BadAddress}, // Exchange Online: the domain does not exist
	{enhanced: "5.4.", reason: engine.Unavailable},
	{enhanced: "5.6.7", reason: engine.BadAddress}, // needs SMTPUTF8 (RFC 6531 §3.5)
	{enhanced: "5.6.", reason: engine.BadMessage},
	{enhanced: "5.7.", reason: engine.Refused},
	{enhanced: "4.", reason: engine.Unavailable}, // tried in vain until its time was over

	{text: "message too large|message size exceeds|too big", reason: engine.BadMessage},
	{text: "spam|blocked|blacklist|blocklist|block list|policy|denied|reputation|rejected by|not accepted", reason: engine.Refused},
	{text: "timed out|timeout|connection refused|try again|too long|expired|temporar", reason: engine.Unavailable},
	{reason: engine.Unknown},
}

// reason finds the first cause that fits.
func (s status) reason() engine.Reason {
	for _, c := range causes {
		prefix := strings.HasSuffix(c.enhanced, ".")
		switch {
		case prefix && !strings.HasPrefix(s.enhanced, c.enhanced), !prefix && c.enhanced != "" && s.enhanced != c.enhanced:
		case c.text == "" || s.says(c.text):
			return c.reason
		}
	}
	return engine.Unknown
}

// says reports whether one of the words stands in the text.
func (s status) says(words string) bool {
	for word := range strings.SplitSeq(words, "|") {
		if strings.Contains(s.text, word) {
			return true
		}
	}
	return false
}

// code is what is kept: "550 5.1.1".
func (s status) code() string { return strings.TrimSpace(s.reply + " " + s.enhanced) }

// verdict is that on a message that came back with the status.
func (s status) verdict() verdict {
	v := returned(s.reason())
	v.code = s.code()
	return v
}

var (
	enhancedCode = regexp.MustCompile(`(?:^|[\s#(<:;-])([245]\.\d{1,3}\.\d{1,3})(?:$|[\s,;:)>])`)
	replyCode    = regexp.MustCompile(`(?:^|[\s#(:;])([45]\d\d)(?:[ -]|$)`)
)

// statusOf reads codes out of words. given is an enhanced code that came apart from them; one in the words that says more comes first.
func statusOf(given, words string) status {
	words = strings.ToLower(words)
	s := status{text: words}
	if found := enhancedCode.FindStringSubmatch(given); found != nil {
		s.enhanced = found[1]
	}
	if found := enhancedCode.FindStringSubmatch(words); found != nil && (s.enhanced == "" || strings.HasSuffix(s.enhanced, ".0.0")) && found[1][0] != '2' {
		s.enhanced = found[1]
	}
	if found := replyCode.FindStringSubmatch(words); found != nil {
		s.reply = found[1]
	}
	return s
}
