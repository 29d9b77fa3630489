package email

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"vestnik/engine"
)

// guarded are the fields a signature covers in every letter, and once more than they are there: nobody can add a second one without
// breaking it (RFC 6376 §8.15). Trace fields, which relays add, are not among them.
var guarded = []string{"From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type"}

// covered are the fields a signature covers where they are: those to unsubscribe by must be covered (RFC 8058 §4), Gmail takes a Feedback-ID
// only so. Where we write none, a relay may.
var covered = []string{"Auto-Submitted", "Content-Transfer-Encoding", "Precedence", "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID",
	"X-Postmaster-Msgtype", returnField}

// sign puts a DKIM signature of each key in front of a block as compose gives it. Without keys the block stays as it is: the relay signs.
func (l *letter) sign(keys []Key, block []byte) ([]byte, error) {
	if len(keys) == 0 {
		return block, nil
	}
	message := bytes.TrimSuffix(block, []byte(".\r\n"))
	fields := signed(message)
	l.sealed = l.sealed[:0]
	for _, key := range keys {
		signature, err := key.signature(message, fields)
		if err != nil {
			return nil, fmt.Errorf("sign with DKIM key %s: %w", key.Selector, err)
		}
		l.sealed = append(l.sealed, signature...)
	}
	l.sealed = append(l.sealed, block...)
	return l.sealed, nil
}

// signed lists the fields that a message's signature covers.
func signed(message []byte) []string {
	header, _, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	list := make([]string, 0, 2*len(guarded)+len(covered))
	list = append(append(list, guarded...), guarded...)
	for _, name := range covered {
		if bytes.Contains(header, []byte("\r\n"+name+":")) {
			list = append(list, name)
		}
	}
	return list
}

// signature gives the DKIM-Signature field of a message (RFC 6376 §3.5), both parts in the relaxed form, which survives what relays do to
// spaces and lines.
func (k Key) signature(message []byte, fields []string) (string, error) {
	s, err := dkim.NewSigner(&dkim.SignOptions{Domain: k.Domain, Selector: k.Selector, Signer: k.private, HeaderKeys: fields,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed})
	if err != nil {
		return "", err
	}
	_, _ = s.Write(message) // what stops it stops Close as well
	if err := s.Close(); err != nil {
		return "", err
	}
	return s.Signature(), nil
}

// keyring keeps the keys of providers as they were read from their settings: reading an RSA key takes as long as signing with it.
type keyring struct {
	mu   sync.Mutex
	keys map[engine.ProviderID]ring
}

// ring is the keys of one provider and the settings they were read from.
type ring struct {
	from      string
	now, next []Key
	takeover  time.Time
}

// of gives the keys a provider's letters are signed with at a time; none if it has none.
func (r *keyring) of(p engine.Provider, domain string, now time.Time) ([]Key, error) {
	from := keySettings(p, domain)
	r.mu.Lock()
	known, found := r.keys[p.ID]
	r.mu.Unlock()
	if !found || known.from != from {
		var err error
		if known, err = readRing(p, domain); err != nil {
			return nil, err
		}
		r.mu.Lock()
		if r.keys == nil {
			r.keys = map[engine.ProviderID]ring{}
		}
		r.keys[p.ID] = known
		r.mu.Unlock()
	}
	if known.due(now) {
		return known.next, nil
	}
	return known.now, nil
}

// due reports whether the next keys have taken over.
func (r ring) due(now time.Time) bool {
	return len(r.next) > 0 && !r.takeover.IsZero() && !now.Before(r.takeover)
}

// keySettings is everything that readRing reads, in one string.
func keySettings(p engine.Provider, domain string) string {
	list := []string{domain, p.Timezone}
	for _, key := range []string{SettingDomain, SettingSelector, SettingKey, SettingNextSelector, SettingNextKey, SettingNextFrom} {
		list = append(list, p.Setting(key))
	}
	return strings.Join(list, "\x00")
}
