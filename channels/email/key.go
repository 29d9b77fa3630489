package email

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/engine"
)

// The settings of a provider that say how its mail is signed (DKIM, RFC 6376). Without a key it is not: the relay signs.
const (
	SettingDomain       = "email.dkim_domain"        // who signs (d=); empty: the domain of email.from
	SettingSelector     = "email.dkim_selector"      // as many, separated by commas, as there are keys; empty: "vestnik", "vestnik2", …
	SettingKey          = "email.dkim_key"           // private keys as PEM, one after another: RSA of 2048 bits or more, Ed25519, or both
	SettingNextSelector = "email.dkim_next_selector" // of the keys that take over; it must differ from email.dkim_selector
	SettingNextKey      = "email.dkim_next_key"      //
	SettingNextFrom     = "email.dkim_next_from"     // when they do: a date, from its midnight in the provider's time zone, or a time; empty: not yet
)

// Key is one key letters are signed with.
type Key struct {
	Domain   string // d=, in ASCII
	Selector string // s=
	Record   string // what the TXT record at Name must say: the public half
	private  crypto.Signer
}

// Name is where the public half stands in DNS (RFC 6376 §3.6.2.1).
func (k Key) Name() string { return k.Selector + "._domainkey." + k.Domain }

// Identity is who a provider's mail is from, and what it is signed with: what DNS has to know.
type Identity struct {
	Domain  string // of email.from, in ASCII
	Bounces string // where letters come back to; empty: to email.from
	Keys    []Key  // that sign now
	Next    []Key  // that take over
}

// Identity gives a provider's, from its settings and the channel's.
func (c Config) Identity(p engine.Provider, now time.Time) (id Identity, err error) {
	s, err := senderOf(p)
	if err != nil {
		return id, err
	}
	if id.Bounces, err = c.bouncesOf(p); err != nil {
		return id, err
	}
	r, err := readRing(p, s.domain)
	if err != nil {
		return id, err
	}
	id.Domain, id.Keys, id.Next = s.domain, r.now, r.next
	if r.due(now) {
		id.Keys, id.Next = r.next, nil
	}
	return id, nil
}

// CheckKeys tells what is wrong with a provider's keys and what belongs to them; it is no mistake to have none.
func CheckKeys(p engine.Provider) error {
	s, _ := senderOf(p) // who has no address yet may have keys
	_, err := readRing(p, s.domain)
	return err
}

// readRing reads a provider's keys.
func readRing(p engine.Provider, domain string) (r ring, err error) {
	r.from = keySettings(p, domain)
	if setting := p.Setting(SettingDomain); setting != "" {
		if domain, err = asciiDomain(setting); err != nil {
			return r, fmt.Errorf("%s: %w", SettingDomain, err)
		}
	}
	if r.now, err = readKeys(p, domain, SettingSelector, SettingKey, "vestnik"); err != nil {
		return r, err
	}
	if r.next, err = readKeys(p, domain, SettingNextSelector, SettingNextKey, ""); err != nil {
		return r, err
	}
	for _, key := range r.next {
		for _, old := range r.now {
			if key.Selector == old.Selector {
				return r, fmt.Errorf("%s: %q is in use: a new key needs a new selector, or mail on the way can no longer be verified", SettingNextSelector, key.Selector)
			}
		}
	}
	if text := p.Setting(SettingNextFrom); text != "" {
		if r.takeover, err = takeover(text, p); err != nil {
			return r, fmt.Errorf("%s: %w", SettingNextFrom, err)
		}
	}
	return r, nil
}

// readKeys reads the keys of one setting with their selectors.
func readKeys(p engine.Provider, domain, selectors, setting, usual string) ([]Key, error) {
	keys, err := ParseKeys(p.Setting(setting))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	var names []string
	if list := p.Setting(selectors); list != "" {
		names = strings.Split(list, ",")
	} else if usual != "" {
		for i := range keys {
			names = append(names, usual+map[bool]string{true: fmt.Sprint(i + 1)}[i > 0])
		}
	}
	if len(names) != len(keys) && len(keys) > 0 {
		return nil, fmt.Errorf("%s: %d names for %d keys in %s: set both at once", selectors, len(names), len(keys), setting)
	}
	for i := range keys {
		name := strings.TrimSpace(names[i])
		if !plainDomain(name) || slices.ContainsFunc(keys[:i], func(k Key) bool { return k.Selector == name }) {
			return nil, fmt.Errorf("%s: each name is another one, of letters, digits, hyphens and dots", selectors)
		}
		keys[i].Domain, keys[i].Selector = domain, name
	}
	return keys, nil
}

// takeover reads email.dkim_next_from.
func takeover(text string, p engine.Provider) (time.Time, error) {
	if day, err := time.ParseInLocation(time.DateOnly, text, (&engine.Recipient{}).Zone(p)); err == nil {
		return day, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, errors.New("a date like 2026-12-01 or a time like 2026-12-01T09:00:00+03:00 is needed")
	}
	return at, nil
}

// ParseKeys reads private keys in PEM, any number, of the kinds DKIM knows (RFC 8301, RFC 8463); no text, no keys. Domain and Selector stay empty.
// Errors show nothing of a key.
func ParseKeys(text string) (keys []Key, err error) {
	rest := []byte(text)
	for len(strings.TrimSpace(string(rest))) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, errNoKey
		}
		key, err := parseKey(block)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

var errNoKey = errors.New("a private key in PEM is needed: RSA of 2048 to 4096 bits or Ed25519, without a password")

func parseKey(block *pem.Block) (key Key, err error) {
	var parsed any
	switch block.Type {
	case "RSA PRIVATE KEY":
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	default:
		return key, errNoKey
	}
	if err != nil {
		return key, errNoKey // not wrapped: nothing of a key belongs into a message
	}
	switch private := parsed.(type) {
	case *rsa.PrivateKey:
		public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
		if bits := private.N.BitLen(); err != nil || bits < 2048 || bits > 4096 { // RFC 8301 §3.2: what every verifier knows and none doubts
			return key, errNoKey
		}
		return Key{private: private, Record: "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public)}, nil
	case ed25519.PrivateKey:
		public, _ := private.Public().(ed25519.PublicKey)
		return Key{private: private, Record: "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)}, nil // RFC 8463 §4: the bare key
	}
	return key, errNoKey
}
