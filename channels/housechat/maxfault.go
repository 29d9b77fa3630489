package housechat

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"vestnik/engine"
)

// maxRule says what an answer of MAX means. The first that fits holds.
type maxRule struct {
	status int    // exact, or of a class when below 10
	code   string // exact; empty: any
	reason engine.Reason
	whole  bool
	lost   bool
	open   bool // it is not known whether it was done
}

// maxRules: there is no public list of codes. The statuses and their meanings are those of dev.max.ru/docs-api and of its schema (2026-07-01);
// "verify.token" and "attachment.not.ready" stand in the official Go client (stabs/error.*.json), "chat.denied" is what programs in the
// field meet when a bot was put out.
var maxRules = []maxRule{
	{status: 400, code: "attachment.not.ready", reason: engine.Unavailable}, // an upload is still being worked on: soon
	{status: 400, code: "verify.token", reason: engine.Misconfigured, whole: true},
	{status: 400, reason: engine.BadMessage},
	{status: 401, reason: engine.Misconfigured, whole: true}, // the token is wrong or was revoked
	{status: 403, code: "verify.token", reason: engine.Misconfigured, whole: true},
	{status: 403, reason: engine.Refused, lost: true}, // the bot was put out, or has no right to write there
	{status: 404, reason: engine.Refused, lost: true}, // there is no such chat
	{status: 405, reason: engine.Misconfigured, whole: true},
	{status: 408, reason: engine.Unavailable, open: true},
	{status: 413, reason: engine.BadMessage},
	{status: 415, reason: engine.Misconfigured, whole: true},
	{status: 429, reason: engine.Throttled}, // 30 a second for a bot, 2 a second for a chat
	{status: 503, reason: engine.Unavailable, whole: true},
	{status: 5, reason: engine.Unavailable, whole: true, open: true},
	{status: 3, reason: engine.Misconfigured, whole: true}, // the API never redirects: the address is not its own
}

func (r maxRule) fits(status int, code string) bool {
	return (r.status == status || r.status == status/100) && (r.code == "" || r.code == code)
}

// maxRefusal classifies an answer that is no success. The words of MAX may name people and are left out.
func maxRefusal(response *http.Response, answer []byte) *failure {
	var said struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(answer, &said) // what is no JSON has no code
	if !codeWord.MatchString(said.Code) {
		said.Code = ""
	}
	code := strings.TrimSpace(fmt.Sprintf("MAX %d %s", response.StatusCode, said.Code))
	f := because(engine.Unknown, code, nil)
	for _, rule := range maxRules {
		if rule.fits(response.StatusCode, said.Code) {
			f.Reason, f.Whole, f.lost, f.unknown = rule.reason, rule.whole, rule.lost, rule.open
			break
		}
	}
	if f.Reason.Temporary() {
		f.RetryAfter = retryAfter(response.Header.Get("Retry-After"), time.Now())
	}
	if f.Reason == engine.Throttled && f.RetryAfter == 0 {
		f.RetryAfter = time.Second
	}
	return f
}

// codeWord is what codes of MAX look like: anything else is not repeated.
var codeWord = regexp.MustCompile(`^[a-z][a-z._-]{0,63}$`)

// retryAfter reads the header of that name (RFC 9110 §10.2.3); no more than a day is believed.
func retryAfter(header string, now time.Time) time.Duration {
	var wish time.Duration
	if seconds, err := strconv.Atoi(header); err == nil {
		wish = time.Duration(min(seconds, 86400)) * time.Second
	} else if date, err := http.ParseTime(header); err == nil {
		wish = date.Sub(now)
	}
	return min(max(wish, 0), 24*time.Hour)
}
