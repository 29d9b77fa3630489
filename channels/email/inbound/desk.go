package inbound

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"vestnik/engine"
)

// Config is what a Desk needs of the installation.
type Config struct {
	Tokens   *engine.Tokens
	Registry engine.Registry                                                     // whose campaign it is
	Observe  func(ctx context.Context, observations ...engine.Observation) error // engine.Engine.Observe
	Forward  func(ctx context.Context, m Mail) error                             // hands a letter to people on; nil: nobody reads them
	Count    func(Class)                                                         // hears the class of every message; nil: nobody
	Log      *slog.Logger                                                        // nil: slog.Default()
}

// Desk reads what came back and has the engine observe it. It is safe for concurrent use.
type Desk struct {
	Config
	hour hour
}

// New makes a Desk.
func New(c Config) *Desk {
	if c.Count == nil {
		c.Count = func(Class) {}
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Desk{Config: c}
}

// Mail is one message that came in.
type Mail struct {
	To       string            // the address of the envelope; empty: not known, and the header is asked
	People   string            // the address of the envelope where it is one that people write to (see forPeople); empty: it is none, and To tells
	Null     bool              // the envelope has no sender
	Provider engine.ProviderID // whose door it came by: letters of others are not its to speak of. Empty: by a door of the installation
	Raw      []byte            // the message; of a long one the first 256 KiB are enough
}

// Purposes of our addresses: what a name stands behind.
const (
	purposeReturn      = "b"
	purposeUnsubscribe = "u"
)

// Take reads a message and returns what it amounts to once that is durable; the same message again changes nothing. An error means that a
// store could not be reached: it should come again.
func (d *Desk) Take(ctx context.Context, m Mail) (Class, error) {
	class, err := d.take(ctx, m)
	if err != nil {
		class = PutOff
		d.Log.Warn("mail that came back could not be taken: it is to come again", "error", err)
	}
	d.Count(class)
	return class, err
}

func (d *Desk) take(ctx context.Context, m Mail) (Class, error) {
	r := read(m.Raw, m.Null)
	if r.class == Loop {
		return Loop, nil
	}
	pass, purpose, ok := d.about(m, r)
	if m.People != "" && !m.Null && r.personal(ok) {
		return d.handOn(ctx, m)
	}
	if !ok {
		return Forged, nil
	}
	if purpose == purposeUnsubscribe && r.human {
		r.verdict = verdict{class: Unsubscribed}
	}
	fact, acts := r.class.fact()
	if !acts {
		return r.class, nil
	}
	c, err := d.Registry.Campaign(ctx, pass.Campaign)
	switch {
	case errors.Is(err, engine.ErrNotFound):
		return Stale, nil
	case err != nil:
		return "", fmt.Errorf("read campaign %s: %w", pass.Campaign, err)
	case m.Provider != "" && c.Provider != m.Provider:
		return Forged, nil
	}
	err = d.Observe(ctx, engine.Observation{
		Campaign: pass.Campaign, Ordinal: pass.Ordinal, Channel: pass.Channel, Fact: fact, Reason: r.reason, Code: r.code,
		At: time.Now().UTC().Truncate(time.Millisecond),
	})
	if err != nil {
		return "", fmt.Errorf("observe what came back: %w", err)
	}
	return r.class, nil
}

// about tells which letter a message is about: that of the address it came to, or of the one it brings back. Both must be the same where both
// are known: the report of another letter says nothing about this one.
func (d *Desk) about(m Mail, r report) (pass engine.Pass, purpose string, ok bool) {
	to := r.outer
	if m.To != "" {
		to = []string{m.To}
	}
	for _, address := range to {
		if pass, purpose, ok = d.Address(address); ok {
			break
		}
	}
	if len(r.inner) == 0 {
		return pass, purpose, ok
	}
	inner, one := d.one(r.inner)
	switch {
	case one && !ok:
		return inner, purposeReturn, true
	case one:
		return pass, purpose, pass == inner
	default: // what it brings back is no letter of ours, or there are two
		return pass, purpose, false
	}
}

// one gives the pass that all names stand for which are ours; false when there is none, or more than one.
func (d *Desk) one(names []string) (pass engine.Pass, ok bool) {
	for _, name := range names[:min(len(names), mostNames)] {
		found, err := d.Tokens.ReadName(name, engine.ActReturn)
		switch {
		case err != nil:
		case ok && found != pass:
			return engine.Pass{}, false
		default:
			pass, ok = found, true
		}
	}
	return pass, ok
}

// Address reads an address that a letter of ours came from, or that one unsubscribes at. The domain is not asked: a name we have signed is
// ours under any.
func (d *Desk) Address(address string) (pass engine.Pass, purpose string, ok bool) {
	local, _, _ := strings.Cut(address, "@")
	purpose, name, _ := strings.Cut(local, "+")
	purpose = strings.ToLower(purpose)
	if purpose != purposeReturn && purpose != purposeUnsubscribe {
		return engine.Pass{}, "", false
	}
	pass, err := d.Tokens.ReadName(name, engine.ActReturn)
	return pass, purpose, err == nil
}
