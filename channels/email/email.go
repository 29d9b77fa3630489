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
	"time"

	"vestnik/engine"
)

// Config says where mail goes. The zero value of every field but Relays has a default.
type Config struct {
	Relays      []Relay        // from ParseRelays; none: the channel is off
	Domains     []Domain       // bounds by recipient domain, from ParseDomains; a domain without any may have three quarters of all connections
	Connections int            // to the relay with the largest weight at once, the others have their part; 0: 8
	Messages    int            // one connection carries before it is replaced; 0: 150
	Idle        time.Duration  // an unused connection is kept; 0: 30 s
	DialTimeout time.Duration  // to connect, encrypt and sign in; 0: 15 s
	Timeout     time.Duration  // for one answer of a relay, or to take 64 KiB; 0: 60 s. RFC 5321 §4.5.3.2 has minutes, but other providers wait for the hands
	Grace       time.Duration  // a message on the wire has to be answered in, once ctx has ended; 0: 2 s
	Bounces     string         // domain where returned letters are taken; a provider's setting email.bounces comes first. Empty: they come back to From
	Hello       string         // our name in EHLO; empty: the host's name
	RootCAs     *x509.CertPool // that relays' certificates are checked against; nil: the system's
}

// Channel is the e-mail channel. It is safe for concurrent use; Close it in the end.
type Channel struct {
	cfg     Config
	pool    *pool
	domains *domains
	keys    keyring
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
	pool := newPool(cfg)
	return &Channel{cfg: cfg, pool: pool, domains: newDomains(cfg.Domains, pool.lines())}, nil
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
	outbox := c.domains.pack(sender.address, msgs, results)
	var couriers sync.WaitGroup
	for range min(outbox.left, c.pool.lines()) {
		couriers.Go((&courier{ctx: ctx, channel: c, sender: sender, msgs: msgs, outbox: outbox}).work)
	}
	couriers.Wait()
	return results
}

// Returns tells whether returned letters of the provider are taken; see engine.Returner.
func (c *Channel) Returns(p engine.Provider) bool {
	domain, err := c.cfg.bouncesOf(p)
	return err == nil && domain != ""
}

// untried is the Fault of a message that was not tried because ctx ended.
func untried(ctx context.Context) *engine.Fault {
	return &engine.Fault{Reason: engine.Unavailable, Err: fmt.Errorf("not tried: %w", context.Cause(ctx))}
}
