package templates

import (
	"net/url"
	"strings"
)

// entities are the characters that mean something in HTML, and what stands for them.
var entities = [256]string{'&': "&amp;", '<': "&lt;", '>': "&gt;", '"': "&#34;", '\'': "&#39;",
	'+': "&#43;", // old browsers took "+ADw-" for UTF-7
	0:   "\uFFFD"}

// escapeHTML writes s so that it is text and nothing else, in an element as well as in a quoted attribute. It writes what html/template
// would, byte for byte.
func escapeHTML(s string) string {
	var b []byte
	done := 0
	for i := range len(s) {
		if entity := entities[s[i]]; entity != "" {
			b = append(append(b, s[done:i]...), entity...)
			done = i + 1
		}
	}
	if done == 0 {
		return s
	}
	return string(append(b, s[done:]...))
}

// normalURL percent-encodes what may not stand in a URL (RFC 3986, 2.1) and leaves what is encoded already.
func normalURL(s string) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = inURL(s, i)
	}
	if clean {
		return s
	}
	const hex = "0123456789abcdef"
	b := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); i++ {
		if c := s[i]; inURL(s, i) {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

// inURL reports whether the i-th byte of s may stand in a URL as it is.
func inURL(s string, i int) bool {
	switch c := s[i]; {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	case c == '%':
		return i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])
	default:
		// ' ( ) may stand there too, but are encoded like html/template does.
		return strings.IndexByte("-._~!#$&*+,/:;=?@[]", c) >= 0
	}
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// maxLink is the longest link in bytes that browsers and mail programs are sure to follow.
const maxLink = 2000

// parseLink reads an absolute http or https address and gives it ready for any part of a message.
func parseLink(s string) (string, bool) {
	if len(s) > maxLink {
		return "", false
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || (u.Scheme != "http" && u.Scheme != "https") {
		return "", false
	}
	return normalURL(s), true
}
