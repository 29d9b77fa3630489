// Package email hands messages to SMTP servers: connections that are kept and shared, replies sorted into the engine's reasons.
//
// It takes the From and Reply-To of each provider from its settings email.from and email.reply_to, and the keys to sign with from email.dkim_….
// It never retries a message that a
// relay has looked at, never waits out a relay's wish (the engine does both), and keeps nothing of a message once Send has returned. No
// address of a resident appears in what it tells of failures.
package email

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"vestnik/engine"
)

// Config says where mail goes. The zero value of every field but Relays has a default.
type Config struct {
	Relays      []Relay        // from ParseRelays; none: the channel is off
	Connections int            // to each relay at once; 0: 8
	Messages    int            // one connection carries before it is replaced; 0: 150
	Idle        time.Duration  // an unused connection is kept; 0: 30 s
	DialTimeout time.Duration  // to connect, encrypt and sign in; 0: 15 s
	Timeout     time.Duration  // for one answer of a relay; 0: 60 s
	Grace       time.Duration  // a message on the wire has to be answered in, once ctx has ended; 0: 2 s
	Bounces     string         // domain where returned letters are taken; a provider's setting email.bounces comes first. Empty: they come back to From
	Hello       string         // our name in EHLO; empty: the host's name
	RootCAs     *x509.CertPool // that relays' certificates are checked against; nil: the system's
}

// Channel is the e-mail channel. It is safe for concurrent use; Close it in the end.
type Channel struct {
	cfg  Config
	pool *pool
	keys keyring
}

// New makes the channel; it connects when there is something to send.
func New(cfg Config) (*Channel, error) {
	if len(cfg.Relays) == 0 {
		return nil, errors.New("e-mail: no relay is configured")
	}
	if cfg.Hello == "" {
		name, err := os.Hostname()
		if err != nil || name == "" {
			name = "localhost"
		}
		cfg.Hello = name
	}
	cfg.Connections = cmp.Or(cfg.Connections, 8)
	cfg.Messages = cmp.Or(cfg.Messages, 150)
	cfg.Idle = cmp.Or(cfg.Idle, 30*time.Second)
	cfg.DialTimeout = cmp.Or(cfg.DialTimeout, 15*time.Second)
	cfg.Timeout = cmp.Or(cfg.Timeout, time.Minute)
	cfg.Grace = cmp.Or(cfg.Grace, 2*time.Second)
	return &Channel{cfg: cfg, pool: newPool(cfg)}, nil
}

// Close says goodbye to the relays. A Send that is still running ends its messages; a later one gets temporary Faults.
func (c *Channel) Close() error {
	c.pool.close()
	return nil
}

// Send hands each message to one of the relays, over as many connections as are allowed; see engine.Channel.
//
// A message whose end is unknown, because the relay fell silent after it, is a temporary Fault: the next attempt carries the same
// Message-ID, by which mailboxes recognize it.
func (c *Channel) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	results := make([]engine.Result, len(msgs))
	sender, err := c.sender(from)
	if err != nil {
		for i := range results {
			results[i].Fault = &engine.Fault{Reason: engine.Misconfigured, Err: err}
		}
		return results
	}
	var next atomic.Int64
	var couriers sync.WaitGroup
	for range min(len(msgs), c.cfg.Connections*len(c.cfg.Relays)) {
		couriers.Go(func() {
			courier := courier{ctx: ctx, channel: c, sender: sender}
			defer courier.rest()
			for next.Load() < int64(len(msgs)) {
				fault := courier.connect()
				i := next.Add(1) - 1
				if i >= int64(len(msgs)) {
					return
				}
				if fault == nil {
					fault = courier.deliver(&msgs[i])
				}
				results[i].Fault = fault
			}
		})
	}
	couriers.Wait()
	return results
}

// Returns tells whether returned letters of the provider are taken; see engine.Returner.
func (c *Channel) Returns(p engine.Provider) bool {
	domain, err := c.cfg.bouncesOf(p)
	return err == nil && domain != ""
}

// courier carries messages of one Send, one at a time, over one connection after another.
type courier struct {
	ctx     context.Context
	channel *Channel
	sender  sender
	session *session
	unwatch func() bool // stops watching ctx for the session
	letter  letter
}

// connect sees to it that the courier has a session fit for a message.
func (c *courier) connect() *engine.Fault {
	if c.session != nil && (c.session.broken || c.session.sent >= c.channel.cfg.Messages) {
		c.rest()
	}
	if c.ctx.Err() != nil {
		return untried(c.ctx)
	}
	if c.session != nil {
		return nil
	}
	s, fault := c.channel.pool.get(c.ctx, c.sender.address)
	if fault != nil {
		return fault
	}
	c.session = s
	c.unwatch = context.AfterFunc(c.ctx, func() { s.cut(c.channel.cfg.Grace) })
	return nil
}

// rest gives the courier's session back.
func (c *courier) rest() {
	if c.session == nil {
		return
	}
	if !c.unwatch() { // ctx ended: cut has put an end to the session, or is about to
		c.session.broken = true
	}
	c.channel.pool.put(c.session.relay, c.sender.address, c.session)
	c.session = nil
}

// deliver sends one message over the courier's session. A session that its relay had closed while nobody used it is replaced.
func (c *courier) deliver(msg *engine.Message) *engine.Fault {
	to, block, fault := c.letter.finish(c.sender, msg, time.Now())
	if fault != nil {
		return fault
	}
	for {
		try := c.session.send(c.sender.returnAddress(msg), to, block)
		if try.silence && c.ctx.Err() == nil {
			c.channel.pool.avoid(c.session.relay, c.sender.address, try.fault)
			c.channel.pool.forget(c.session.relay)
		}
		if !try.again {
			return try.fault
		}
		if fault := c.connect(); fault != nil {
			return fault
		}
	}
}

// untried is the Fault of a message that was not tried because ctx ended.
func untried(ctx context.Context) *engine.Fault {
	return &engine.Fault{Reason: engine.Unavailable, Err: fmt.Errorf("not tried: %w", context.Cause(ctx))}
}
