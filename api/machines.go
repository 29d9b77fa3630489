package api

import (
	"net/http"
	"strings"
	"time"

	"vestnik/engine"
)

// Who asks for a message's picture or follows its links is not always its reader. Mailboxes fetch pictures before anybody looks, and scanners
// follow links to see whether they are safe: that is told as engine.OpenedByProxy, and never counts as opened or clicked. In doubt it was a
// reader, whose act would be lost otherwise; what a scanner with the manners of a browser does a minute later is not told apart.

// tooSoon is how soon after a message was written nobody can have read it: it has to be sent, taken and shown first.
const tooSoon = time.Second

// onBehalf are marks of proxies that fetch when the reader opens the message, and so tell of a real opening, though only of the first where
// they keep pictures: Gmail and Yahoo (Validity, "What do the different provider categories mean"; Return Path, "Web Proxy"), and Yandex
// Mail, whose name says "bots" all the same.
var onBehalf = []string{"googleimageproxy", "yahoomailproxy", "yandeximageresizer"}

// ahead are user agents, as a whole, that fetch ahead of the reader: Apple's Mail Privacy Protection, and Gmail while a session of the reader
// is open (Bird, "Gmail is prefetching images").
var ahead = []string{
	"mozilla/5.0",
	"mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/42.0.2311.135 safari/537.36 edge/12.246 mozilla/5.0",
}

// scanners are parts of the user agents of programs that look at what they are sent: security gateways, and previews of links that people
// pass on. Libraries of programmers are not among them: some mailboxes fetch with one.
var scanners = []string{
	"gmail-content-sampling", "barracuda", "mimecast", "proofpoint", "safelinks", "microsoft-urlanalyzer", "urldefense", "trendmicro", "trend micro",
	"symantec", "messagelabs", "sophos", "fireeye", "fortinet", "fortimail", "forcepoint", "ironport", "mcafee", "kaspersky", "drweb", "virustotal",
	"urlscan", "avast", "bitdefender", "bingpreview", "skypeuripreview", "facebookexternalhit", "vkshare", "whatsapp/", "headlesschrome",
	"bot/", "bot;", "bot)", "bots)", "spider", "crawler", "mail.ru_bot", "prefetch",
}

// machine reports whether a program has asked on its own, for a message that was written at a time (zero: not known).
func machine(r *http.Request, written, now time.Time) bool {
	agent := strings.ToLower(strings.TrimSpace(r.UserAgent()))
	switch {
	case r.Method == http.MethodHead, announced(r.Header), agent != "" && one(ahead, agent, equals):
		return true
	case one(onBehalf, agent, contains):
		return early(written, now) // too soon for any reader's sake
	case one(scanners, agent, contains):
		return true
	}
	// What says that it is no browser was made by somebody who asks on purpose.
	pretends := agent == "" || strings.HasPrefix(agent, "mozilla/")
	return pretends && early(written, now)
}

// early reports whether nobody can have read the message yet.
func early(written, now time.Time) bool { return !written.IsZero() && now.Sub(written) < tooSoon }

// announced reports whether the request says that nobody has asked for what it fetches.
func announced(header http.Header) bool {
	for _, name := range []string{"Sec-Purpose", "Purpose", "X-Purpose", "X-Moz"} { // the last three of older browsers
		if value := strings.ToLower(header.Get(name)); strings.Contains(value, "prefetch") || strings.Contains(value, "preview") {
			return true
		}
	}
	return false
}

func equals(agent, mark string) bool   { return agent == mark }
func contains(agent, mark string) bool { return strings.Contains(agent, mark) }

// one reports whether the agent bears one of the marks.
func one(marks []string, agent string, bears func(agent, mark string) bool) bool {
	for _, mark := range marks {
		if bears(agent, mark) {
			return true
		}
	}
	return false
}

// factOf is what a request tells: the fact, or that a machine has looked.
func factOf(r *http.Request, pass engine.Pass, fact engine.Fact) engine.Fact {
	if machine(r, pass.Written, time.Now()) {
		return engine.OpenedByProxy
	}
	return fact
}
