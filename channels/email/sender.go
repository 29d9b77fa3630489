package email

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"vestnik/engine"
)

// sender is how a provider's letters are signed: what is the same in all letters of one Send.
type sender struct {
	address string // bare, for MAIL FROM
	domain  string // of the address, for Message-ID
	fields  []byte // the header fields that stand in every letter
	bounces string // domain where returned letters are taken; empty: they come back to address
	keys    []Key  // that every letter is signed with
}

// sender is what is the same in all letters of one Send.
func (c *Channel) sender(from engine.Sender) (s sender, err error) {
	if s, err = senderOf(from.Provider); err != nil {
		return s, err
	}
	if s.bounces, err = c.cfg.bouncesOf(from.Provider); err != nil {
		return s, err
	}
	s.fields = appendCampaign(s.fields, from)
	s.keys, err = c.keys.of(from.Provider, s.domain, time.Now())
	return s, err
}

// senderOf reads the provider's settings email.from, "Name <address>" or an address, and email.reply_to. The name defaults to the
// provider's own.
func senderOf(p engine.Provider) (sender, error) {
	setting := p.Setting("email.from")
	if setting == "" {
		return sender{}, errors.New("the provider has no email.from")
	}
	from, err := mail.ParseAddress(setting)
	if err != nil {
		return sender{}, fmt.Errorf("email.from: %w", err)
	}
	if from.Address, err = mailbox(from.Address); err != nil {
		return sender{}, fmt.Errorf("email.from: %w", err)
	}
	if from.Name == "" {
		from.Name = p.Name
	}
	s := sender{address: from.Address, fields: appendAddress(nil, "From", from)}
	_, s.domain, _ = strings.Cut(from.Address, "@")
	if setting = p.Setting("email.reply_to"); setting != "" {
		replyTo, err := mail.ParseAddress(setting)
		if err != nil {
			return sender{}, fmt.Errorf("email.reply_to: %w", err)
		}
		if replyTo.Address, err = mailbox(replyTo.Address); err != nil {
			return sender{}, fmt.Errorf("email.reply_to: %w", err)
		}
		s.fields = appendAddress(s.fields, "Reply-To", replyTo)
	}
	s.fields = appendField(s.fields, "Auto-Submitted", "auto-generated") // RFC 3834 §5: holiday answers are not for us
	s.fields = appendField(s.fields, "MIME-Version", "1.0")
	return s, nil
}

// returnAddress is where a letter comes back to: an address of its own (VERP) when somebody listens, the sender's otherwise.
func (s sender) returnAddress(msg *engine.Message) string {
	if msg.Return == "" || s.bounces == "" {
		return s.address
	}
	return returnPrefix + msg.Return + "@" + s.bounces
}

// unsubscribeAddress is where a letter unsubscribes the reader of this one; empty when nobody listens.
func (s sender) unsubscribeAddress(msg *engine.Message) string {
	if msg.Return == "" || s.bounces == "" {
		return ""
	}
	return unsubscribePrefix + msg.Return + "@" + s.bounces
}

// What the names of our own addresses begin with; package inbound reads them.
const (
	returnPrefix      = "b+" // letters come back there
	unsubscribePrefix = "u+" // one unsubscribes there
)

// returnField names the letter for those who return its header and not the envelope, such as feedback loops (RFC 5965 §2).
const returnField = "X-Vestnik-Return"

// bouncesOf is the domain where a provider's returned letters are taken: its own setting email.bounces, so that SPF speaks for the domain of
// its From (RFC 7489 §3.1.2), or that of the installation. Empty: nobody takes them.
func (c Config) bouncesOf(p engine.Provider) (string, error) {
	domain := cmp.Or(p.Setting("email.bounces"), c.Bounces)
	if domain == "" {
		return "", nil
	}
	address, err := mailbox("b@" + domain)
	if err != nil {
		return "", fmt.Errorf("email.bounces: %w", err)
	}
	return strings.TrimPrefix(address, "b@"), nil
}

// appendAddress adds a header field with one address, a name beyond ASCII in base64, which for Russian is half as long as net/mail's own way.
func appendAddress(out []byte, field string, a *mail.Address) []byte {
	if !strings.ContainsFunc(a.Name, func(r rune) bool { return r < ' ' || r > '~' }) {
		return appendField(out, field, a.String())
	}
	out = appendWords(append(append(out, field...), ':'), a.Name)
	if line := len(out) - bytes.LastIndexByte(out, '\n') - 1; line+len(a.Address)+3 > 76 {
		out = append(out, "\r\n"...)
	}
	return append(append(append(out, " <"...), a.Address...), ">\r\n"...)
}

// mailbox is mailboxOf for addresses that every relay must be able to write to.
func mailbox(address string) (string, error) {
	address, err := mailboxOf(address)
	if err == nil && !ascii(address) {
		return "", errors.New("the name of the address has letters beyond ASCII")
	}
	return address, err
}

// mailboxOf gives the address in the form it has in RCPT TO (RFC 5321 §4.1.2, without quoted names and address literals, which no resident
// has), a Russian domain in its ASCII form (RFC 5891). A name beyond ASCII stays as it is (RFC 6531 §3.3). The error never repeats the address.
func mailboxOf(address string) (string, error) {
	address = strings.TrimSpace(address)
	local, domain, found := strings.Cut(address, "@")
	switch {
	case !found || local == "" || domain == "":
		return "", errors.New("the address has no name or no domain")
	case len(local) > 64 || len(address) > 254: // RFC 5321 §4.5.3.1
		return "", errors.New("the address is too long")
	case strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, ".."):
		return "", errors.New("the address has a dot in the wrong place")
	}
	for _, letter := range local {
		if letter >= 0x80 && letter != utf8.RuneError && unicode.IsGraphic(letter) && !unicode.IsSpace(letter) {
			continue
		}
		if letter >= 0x80 || !atext(byte(letter)) && letter != '.' {
			return "", errors.New("the name of the address has a character it must not have")
		}
	}
	if plainDomain(domain) {
		return address, nil
	}
	domain, err := asciiDomain(domain)
	if err != nil {
		return "", err
	}
	return local + "@" + domain, nil
}

// ascii reports whether a relay takes the address without SMTPUTF8 (RFC 6531).
func ascii(address string) bool {
	return strings.IndexFunc(address, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

// asciiDomain gives a domain in ASCII (RFC 5891).
func asciiDomain(domain string) (string, error) {
	if plainDomain(domain) {
		return domain, nil
	}
	domain, err := idna.Lookup.ToASCII(domain)
	if err != nil || !plainDomain(domain) {
		return "", errors.New("the domain is not valid")
	}
	return domain, nil
}

// atext is what the parts of an address are made of (RFC 5322 §3.2.3).
func atext(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// plainDomain reports whether the domain is made of ASCII labels of letters, digits and inner hyphens (RFC 1123 §2.1).
func plainDomain(domain string) bool {
	if len(domain) > 253 {
		return false
	}
	for label := range strings.SplitSeq(domain, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i] | 0x20
			if (c < 'a' || c > 'z') && (label[i] < '0' || label[i] > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
