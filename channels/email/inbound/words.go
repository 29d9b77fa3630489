package inbound

import (
	"regexp"
	"strings"

	"github.com/emersion/go-message"
)

// Bounces in no standard form: qmail's (QSBMF), Exim's of old, Exchange's of old, and those that servers of mailbox providers write by hand.

var (
	daemon = regexp.MustCompile(`(?i)(mailer-?daemon|postmaster|mail-?daemon|mdaemon|mail delivery (sub)?system|microsoft ?exchange)`)

	bounceSubject = regexp.MustCompile(`(?i)(undeliver|delivery (status|failure|failed|problem|error)|mail delivery|delivery has failed|` +
		`failure notice|failed mail|returned mail|mail returned|returned to sender|could not be (delivered|sent)|mail system error|` +
		`недоставл|не доставл|не может быть доставл|не удалось доставить|ошибка доставки|невозможно доставить|возвращ[её]н)`)

	delayWords = regexp.MustCompile(`(?i)(message delayed|delivery (is |has been )?delayed|still being retried|could not send message for past|` +
		`warning: message .* delayed|temporary delivery|will (keep|continue) trying|delivery status notification \(delay\)|доставка .*задерж|будет повтор)`)

	// What stands above the copy of the letter that comes back.
	copyBelow = regexp.MustCompile(`(?im)^[-_* ]{2,}.*(below this line|copy of (the|your) message|original message|returned message|` +
		`header of the original|headers? follow|undelivered message|исходное сообщение|заголовки).*$`)

	autoSubject = regexp.MustCompile(`(?i)^\W*(auto(matic)?[ :-]*(re(ply|sponse)|generated reply)|autoreply|out of (the )?office|on vacation|vacation|away from|` +
		`автоответ|автоматический ответ|автоматическое уведомление|меня нет в офисе|нахожусь в отпуске|я в отпуске|в отпуске)`)
)

// oldBounce reads a bounce that is no report; false when the message is none. machine tells that its sender is no person.
func oldBounce(h message.Header, words string, machine bool) (verdict, bool) {
	subject := subject(h)
	qmail := strings.Contains(words, "This is the qmail-send program")
	late := delayWords.MatchString(subject)
	if h.Get("X-Failed-Recipients") == "" && !qmail && (!machine || !late && !bounceSubject.MatchString(subject)) {
		return verdict{}, false
	}
	if at := copyBelow.FindStringIndex(words); at != nil {
		words = words[:at[0]]
	}
	if late || delayWords.MatchString(words) {
		return verdict{class: Delayed}, true
	}
	return statusOf("", words).verdict(), true
}

// subject is the Subject in plain letters, or as it stands when nobody can read it.
func subject(h message.Header) string {
	text, err := h.Text("Subject")
	if err != nil {
		return h.Get("Subject")
	}
	return text
}

// submitted is how a message says it came to be (RFC 3834 §5); empty when it says nothing.
func submitted(h message.Header) string {
	words := strings.FieldsFunc(strings.ToLower(h.Get("Auto-Submitted")), func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') })
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// replied reports whether a program answered, by what was usual before there was Auto-Submitted, and by the subject people know it by.
func replied(h message.Header) bool {
	for _, key := range []string{"X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply-From", "List-Id"} {
		if h.Has(key) {
			return true
		}
	}
	switch strings.ToLower(strings.TrimSpace(h.Get("Precedence"))) {
	case "auto_reply", "auto-reply", "bulk", "junk", "list":
		return true
	}
	return autoSubject.MatchString(subject(h))
}
