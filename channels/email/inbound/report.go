package inbound

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // koi8-r, windows-1251: the words of older servers
)

// maxHead is how much of a message is read: reports say first what they are about, and a bill that comes back whole follows.
const maxHead = 256 << 10

// Bounds of what is looked at within it.
const (
	mostParts = 30
	deepest   = 5
	mostWords = 32 << 10
)

// report is what a message says, whoever it is from.
type report struct {
	verdict
	outer []string // addresses of ours that it was sent to, by its header
	inner []string // names in what it brings back
	human bool     // a person had it sent, as far as can be seen
}

// read takes a message apart; null tells that its envelope had no sender, as of all that must not be answered (RFC 5321 §4.5.5). It never
// fails: what cannot be understood is Unknown.
func read(raw []byte, null bool) report {
	raw = raw[:min(len(raw), maxHead)]
	root, err := message.Read(bytes.NewReader(raw))
	if root == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return report{verdict: verdict{class: Unknown}}
	}
	r := reader{null: null || strings.TrimSpace(root.Header.Get("Return-Path")) == "<>"}
	r.walk(root, 0)
	out := report{outer: addressed(root.Header), inner: r.names}
	out.verdict, out.human = r.conclude(root.Header)
	return out
}

// reader gathers what the parts of a message say.
type reader struct {
	null     bool
	parts    int
	delivery []group
	feedback group
	receipt  bool
	names    []string
	words    strings.Builder
}

// walk looks at a part and all below it.
func (r *reader) walk(e *message.Entity, depth int) {
	if r.parts++; r.parts > mostParts {
		return
	}
	if parts := e.MultipartReader(); parts != nil {
		for depth < deepest && r.parts <= mostParts {
			part, err := parts.NextPart()
			if part == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
				return // the end, or cut off: what was read counts
			}
			r.walk(part, depth+1)
		}
		return
	}
	kind, _, _ := e.Header.ContentType()
	switch kind = strings.ToLower(kind); {
	case kind == "message/delivery-status", kind == "message/global-delivery-status":
		r.delivery = append(r.delivery, groups(e.Body)...)
	case kind == "message/feedback-report":
		if list := groups(e.Body); len(list) > 0 && r.feedback == nil {
			r.feedback = list[0]
			r.names = append(r.names, inText([]byte(list[0]["original-mail-from"]))...)
		}
	case kind == "message/disposition-notification", kind == "message/global-disposition-notification":
		r.receipt = true
	case strings.HasPrefix(kind, "message/"), kind == "text/rfc822-headers": // what comes back
		r.names = append(r.names, inText(head(e.Body, maxHead))...)
	case strings.HasPrefix(kind, "text/") || kind == "":
		text := head(e.Body, mostWords)
		r.words.Write(text[:max(0, min(len(text), mostWords-r.words.Len()))])
		r.names = append(r.names, inText(text)...)
	}
}

// head reads the beginning of a part; one that is cut off, or not encoded as it says, has what could be read.
func head(body io.Reader, most int64) []byte {
	text, _ := io.ReadAll(io.LimitReader(body, most))
	return text
}

// conclude weighs what was found: reports in a standard form first, then bounces in a form of their own, then replies of machines.
func (r *reader) conclude(h message.Header) (v verdict, human bool) {
	hops := h.FieldsByKey("Received").Len()
	switch {
	case h.Has(returnField) || hops > mostHops:
		return verdict{class: Loop}, false
	case r.feedback != nil:
		return complaint(r.feedback), false
	case len(r.delivery) > 0:
		return delivery(r.delivery), false
	case r.receipt:
		return verdict{class: Receipt}, false
	}
	machine := r.null || daemon.MatchString(h.Get("From"))
	if v, is := oldBounce(h, r.words.String(), machine); is {
		return v, false
	}
	switch submitted := submitted(h); {
	case machine || replied(h) || submitted == "auto-replied":
		return verdict{class: AutoReply}, false
	case submitted != "" && submitted != "no": // a mail program that unsubscribes for somebody may say so
		return verdict{class: AutoReply}, true
	}
	return verdict{class: Unknown}, true
}

// mostHops is how many servers a message may have come through (RFC 5321 §6.3 asks for a hundred at least before it is called a loop; ours
// is the end of the way, and none comes through thirty).
const mostHops = 50

// complaint is the verdict on a feedback report (RFC 5965 §3.1, §7.3).
func complaint(g group) verdict {
	switch g.word("feedback-type") {
	case "abuse", "fraud", "other":
		return verdict{class: Complaint}
	case "opt-out", "opt-out-list":
		return verdict{class: Unsubscribed}
	}
	return verdict{class: Feedback}
}

// ranks tells which of the actions in a report counts when several addresses, behind an alias of the resident's, fared differently.
var ranks = []string{"failed", "delayed", "delivered", "relayed", "expanded"}

// delivery is the verdict on a delivery report (RFC 3464 §2.3): the first block is about the message, each further one about an address.
func delivery(list []group) verdict {
	best := len(ranks)
	var about group
	for _, g := range list {
		if rank := slices.Index(ranks, action(g)); rank >= 0 && rank < best {
			best, about = rank, g
		}
	}
	if about == nil {
		return verdict{class: Unknown}
	}
	switch ranks[best] {
	case "failed":
		return statusOf(about["status"], about["diagnostic-code"]).verdict()
	case "delayed":
		return verdict{class: Delayed}
	case "delivered":
		return verdict{class: Delivered}
	}
	return verdict{class: Relayed}
}

// action is what was done for an address; servers that do not say it give a status at least.
func action(g group) string {
	if said := g.word("action"); slices.Contains(ranks, said) {
		return said
	}
	switch status := g.word("status"); {
	case strings.HasPrefix(status, "5."):
		return "failed"
	case strings.HasPrefix(status, "4."):
		return "delayed"
	case strings.HasPrefix(status, "2."):
		return "delivered"
	}
	return ""
}

// returnField names a letter of ours in its header; package email writes it.
const returnField = "X-Vestnik-Return"

var (
	addressName = regexp.MustCompile(`(?i)\b[bu]\+([0-9a-z]{30,60})@`)
	fieldName   = regexp.MustCompile(`(?im)^` + returnField + `:[ \t]*([0-9a-z]{30,60})[ \t]*\r?$`)
)

// mostNames is how many names are tried; a report has one, in two places.
const mostNames = 10

// inText finds names in what comes back: the field that says it, and addresses such as those of Return-Path.
func inText(text []byte) (names []string) {
	for _, re := range []*regexp.Regexp{fieldName, addressName} {
		for _, found := range re.FindAllSubmatch(text, mostNames) {
			names = append(names, string(found[1]))
		}
	}
	return names
}

// addressed finds addresses of ours that a message was sent to, as far as its header tells.
func addressed(h message.Header) (addresses []string) {
	for _, key := range []string{"X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To"} {
		for fields := h.FieldsByKey(key); fields.Next(); {
			addresses = append(addresses, addressName.FindAllString(fields.Value(), mostNames)...)
		}
	}
	return addresses
}
