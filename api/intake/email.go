package intake

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// validEmail tells addresses that mail may reach: one @, a local part of the characters of RFC 5322 §3.2.3, a domain with a dot, in any
// script (RFC 5890), of 254 bytes at most (RFC 5321 §4.5.3.1.3). Quoted local parts and addresses of hosts, which no resident has, are none.
//
// Letters that look alike are the usual slip in Russian lists, so a label is in one script, and a local part beyond ASCII (RFC 6531) needs a
// domain beyond ASCII.
func validEmail(text string) bool {
	at := strings.IndexByte(text, '@')
	if at < 1 || at > 64 || len(text) > 254 {
		return false
	}
	local, domain := text[:at], text[at+1:]
	localASCII, ok := validLocal(local)
	if !ok {
		return false
	}
	domainASCII, labels := true, 0
	for rest, more := domain, true; more; labels++ {
		var label string
		label, rest, more = strings.Cut(rest, ".")
		ascii, ok := validLabel(label)
		if !ok || !more && number(label) >= 0 {
			return false
		}
		domainASCII = domainASCII && ascii
	}
	return labels >= 2 && (localASCII || !domainASCII)
}

func validLocal(local string) (ascii, ok bool) {
	ascii = true
	dot := true // a dot neither begins nor ends, nor follows another
	for _, r := range local {
		switch {
		case r == '.' && dot:
			return ascii, false
		case r >= utf8.RuneSelf:
			if ascii = false; !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return ascii, false
			}
		case r <= ' ' || r == 0x7f || strings.IndexByte(`"(),:;<>@[\]`, byte(r)) >= 0:
			return ascii, false
		}
		dot = r == '.'
	}
	return ascii, !dot
}

func validLabel(label string) (ascii, ok bool) {
	if n := len(label); n == 0 || n > 63*2 || label[0] == '-' || label[n-1] == '-' {
		return true, false
	}
	latin, other := false, false
	for i := 0; i < len(label); i++ {
		b := label[i]
		switch {
		case b|0x20 >= 'a' && b|0x20 <= 'z':
			latin = true
		case b >= '0' && b <= '9' || b == '-':
		case b >= utf8.RuneSelf:
			other = true
		default:
			return true, false
		}
	}
	if other && (latin || strings.ContainsFunc(label, func(r rune) bool {
		return r >= utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
	})) {
		return false, false
	}
	return !other, len(label) <= 63 || other
}
