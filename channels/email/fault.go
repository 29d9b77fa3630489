package email

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/wneessen/go-mail/smtp"

	"vestnik/engine"
)

// stage is the part of the conversation in which a reply came.
type stage uint8

const (
	connecting stage = 1 << iota // greeting, EHLO, STARTTLS
	auth                         // AUTH
	mailFrom                     // MAIL
	rcptTo                       // RCPT
	content                      // DATA and after its final dot
)

var stageNames = map[stage]string{connecting: "connect", auth: "AUTH", mailFrom: "MAIL", rcptTo: "RCPT", content: "DATA"}

// reply is what the relay answered; Code 0 says that no answer came.
type reply struct {
	Code     int    // RFC 5321 §4.2
	Enhanced string // RFC 3463, "5.1.1"; empty when the relay gives none
	Text     string // the rest, for people
}

// replyOf takes a relay's answer apart.
func replyOf(code int, message string) reply {
	first, rest, _ := strings.Cut(message, " ")
	if enhanced.MatchString(first) && code/100 == int(first[0]-'0') {
		return reply{code, first, rest}
	}
	return reply{code, "", message}
}

var enhanced = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}$`)

// code is the Fault's code: "550 5.1.1", "421"; empty when there was no answer.
func (r reply) code() string {
	if r.Code == 0 {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", r.Code, r.Enhanced))
}

// rule gives the reason for replies that match all it names. Zero values match everything.
type rule struct {
	in       stage
	code     int    // exact, or a class: 4, 5
	enhanced string // exact, or with a trailing dot a prefix: "5.1."
	text     string // one of these words, separated by |, stands in the lower-cased text
	reason   engine.Reason
	own      bool // it is about this one mailbox, without doubt
}

// rules are tried from the first to the last. Where enhanced codes and common practice disagree, practice wins: a word in a text of
// a big mailbox provider is better known than its codes.
var rules = []rule{
	{code: 0, reason: engine.Unavailable}, // nobody answered: not sent, or sent with an unknown end, which the stable Message-ID makes harmless

	// Temporary replies. 421 closes the connection (RFC 5321 §3.8), 4.7.x is policy, nearly always the pace.
	{code: 4, in: auth, reason: engine.Unavailable},
	{code: 4, text: "greylist|graylist|greylisted", reason: engine.Unavailable},
	{code: 4, in: rcptTo | content, enhanced: "4.2.2", reason: engine.Unavailable, own: true},
	{code: 4, enhanced: "4.7.", reason: engine.Throttled},
	{code: 4, enhanced: "4.3.", reason: engine.Unavailable},
	{code: 4, text: hurried, reason: engine.Throttled},
	{code: 421, enhanced: "4.", reason: engine.Unavailable},
	{code: 421, reason: engine.Throttled},
	{code: 4, reason: engine.Unavailable},

	// Our own account, sender or settings: RFC 4954 §6 and the relay's view of us. Nothing is wrong with the recipient.
	{code: 530, reason: engine.Misconfigured},
	{code: 534, reason: engine.Misconfigured},
	{code: 535, reason: engine.Misconfigured},
	{code: 538, reason: engine.Misconfigured},
	{code: 5, enhanced: "5.7.8", reason: engine.Misconfigured},
	{code: 5, enhanced: "5.7.9", reason: engine.Misconfigured},
	{code: 5, enhanced: "5.7.11", reason: engine.Misconfigured},
	{code: 5, enhanced: "5.7.14", reason: engine.Misconfigured},
	{code: 5, enhanced: "5.1.7", reason: engine.Misconfigured},
	{code: 5, enhanced: "5.1.8", reason: engine.Misconfigured},
	{code: 5, in: rcptTo, text: "relay access denied|relaying denied|not permitted to relay|unable to relay|relay not permitted", reason: engine.Misconfigured},
	{code: 5, in: connecting | auth, reason: engine.Misconfigured},
	{code: 5, in: mailFrom, enhanced: "5.3.4", reason: engine.BadMessage},
	{code: 552, in: mailFrom, reason: engine.BadMessage},
	{code: 5, in: mailFrom, reason: engine.Misconfigured},

	// The mailbox is there but takes nothing now (RFC 3463 §3.3). 552 alone means either that or a large message (RFC 5321 §4.2.3).
	{code: 5, enhanced: "5.2.1", reason: engine.Unavailable, own: true},
	{code: 5, enhanced: "5.2.2", reason: engine.Unavailable, own: true},
	{code: 5, text: "mailbox full|mailbox is full|over quota|quota exceeded|exceeded quota|overquota", reason: engine.Unavailable, own: true},
	{code: 5, enhanced: "5.3.1", reason: engine.Unavailable},
	{code: 5, enhanced: "5.3.2", reason: engine.Unavailable},
	{code: 5, enhanced: "5.4.7", reason: engine.Unavailable},

	// The message.
	{code: 5, enhanced: "5.2.3", reason: engine.BadMessage},
	{code: 5, enhanced: "5.3.4", reason: engine.BadMessage},
	{code: 5, enhanced: "5.6.7", reason: engine.BadAddress, own: true},
	{code: 5, enhanced: "5.6.", reason: engine.BadMessage},
	{code: 552, reason: engine.BadMessage},

	// The address. 5.4.1 is what Microsoft answers for an unknown recipient, 556 is RFC 7504.
	{code: 5, enhanced: "5.1.", reason: engine.BadAddress, own: true},
	{code: 5, enhanced: "5.4.1", reason: engine.BadAddress, own: true},
	{code: 5, enhanced: "5.4.4", reason: engine.BadAddress, own: true},
	{code: 5, enhanced: "5.4.", reason: engine.Refused},
	{code: 5, enhanced: "5.7.", reason: engine.Refused},
	{code: 5, text: "user unknown|unknown user|no such user|user not found|mailbox not found|mailbox unavailable|does not exist|invalid mailbox|no mailbox|unknown recipient|recipient unknown", reason: engine.BadAddress, own: true},
	{code: 5, text: "spam|blocked|blacklist|block list|blocklist|policy|denied|rejected by|reputation", reason: engine.Refused},
	{code: 550, in: rcptTo, reason: engine.BadAddress},
	{code: 551, in: rcptTo, reason: engine.BadAddress},
	{code: 553, in: rcptTo, reason: engine.BadAddress},
	{code: 501, in: rcptTo, reason: engine.BadAddress},
	{code: 556, in: rcptTo, reason: engine.BadAddress, own: true},

	// A relay that does not speak as we do.
	{code: 500, reason: engine.Misconfigured},
	{code: 502, reason: engine.Misconfigured},
	{code: 503, reason: engine.Misconfigured},
	{code: 504, reason: engine.Misconfigured},
	{code: 555, reason: engine.Misconfigured},
	{code: 5, reason: engine.Refused},
}

func (r rule) matches(in stage, got reply) bool {
	switch {
	case r.in != 0 && r.in&in == 0:
		return false
	case r.code != got.Code && (r.code == 0 || r.code != got.Code/100):
		return false
	case strings.HasSuffix(r.enhanced, ".") && !strings.HasPrefix(got.Enhanced, r.enhanced):
		return false
	case r.enhanced != "" && !strings.HasSuffix(r.enhanced, ".") && got.Enhanced != r.enhanced:
		return false
	case r.text == "":
		return true
	}
	return anyOf(r.text, strings.ToLower(got.Text))
}

// classify gives the reason of a refusal from the stage it came in, the reply's code (RFC 5321 §4.2), its enhanced status (RFC 3463)
// and, where those leave it open, its words; own tells that it is about this one mailbox. What no rule knows is Unknown, which is temporary.
func classify(in stage, got reply) (why engine.Reason, own bool) {
	for _, r := range rules {
		if r.matches(in, got) {
			return r.reason, r.own && in&(rcptTo|content) != 0
		}
	}
	return engine.Unknown, false
}

// hint is what a temporary refusal says of our pace.
type hint uint8

const (
	silent   hint = iota // nothing
	unwell               // the domain has no time, whatever the reason
	tooQuick             // we are too quick for it
)

// hintOf tells what a refusal says of the pace at which the recipient's domain may be written to: nothing if it is about the mailbox (4.1, 4.2; RFC
// 3463 §3), or greylisting, which has every sender come again once.
func hintOf(in stage, got reply) hint {
	if in&(rcptTo|content) == 0 || got.Code/100 != 4 || strings.HasPrefix(got.Enhanced, "4.1.") || strings.HasPrefix(got.Enhanced, "4.2.") {
		return silent
	}
	text := strings.ToLower(got.Text)
	switch {
	case anyOf("greylist|graylist", text):
		return silent
	case got.Code == 421 && strings.HasPrefix(got.Enhanced, "4.7."), anyOf(hurried, text):
		return tooQuick
	}
	return unwell
}

// hurried are words by which mailbox providers ask to slow down.
const hurried = "rate limit|too many|too much|slow down|throttl"

// anyOf reports whether one of the words, separated by |, stands in a lower-cased text.
func anyOf(words, text string) bool {
	for word := range strings.SplitSeq(words, "|") {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// refusal is the Fault for a relay's reply to a message for the given address.
func refusal(in stage, got reply, recipient string) *engine.Fault {
	why, own := classify(in, got)
	return &engine.Fault{Reason: why, Code: got.code(), Own: own, Whole: in&(connecting|auth) != 0,
		Err: fmt.Errorf("%s: %d %s", stageNames[in], got.Code, anonymous(got.Text, recipient))}
}

// breakdown is the Fault for an error of the network, of TLS or of the conversation while connecting.
func breakdown(in stage, err error) *engine.Fault {
	if said, ok := errors.AsType[*textproto.Error](err); ok {
		return refusal(in, replyOf(said.Code, said.Msg), "")
	}
	reason := engine.Unavailable
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok || errors.Is(err, errSettings) || errors.Is(err, smtp.ErrUnencrypted) {
		reason = engine.Misconfigured
	}
	return &engine.Fault{Reason: reason, Whole: true, Err: fmt.Errorf("%s: %w", stageNames[in], err)}
}

// errSettings marks a relay that cannot do what its settings ask for.
var errSettings = errors.New("the relay does not offer what its settings ask for")

// anonymous takes whatever looks like an address, and the recipient's local part, out of a relay's words, which often repeat them.
func anonymous(text, recipient string) string {
	text = addressLike.ReplaceAllString(text, "<address>")
	if local, _, _ := strings.Cut(recipient, "@"); local != "" {
		if own, err := regexp.Compile(`(?i)(^|[^\pL\pN])` + regexp.QuoteMeta(local) + `($|[^\pL\pN])`); err == nil {
			text = own.ReplaceAllString(text, "$1<address>$2")
		}
	}
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "?")
	if letters := []rune(text); len(letters) > 200 {
		text = string(letters[:200]) + "…"
	}
	return text
}

var addressLike = regexp.MustCompile(`(?i)[^\s<>()\[\]"',;:]+(@|%40)[^\s<>()\[\]"',;]*`)
