package email

import (
	"context"
	"time"

	"vestnik/engine"
)

// courier carries messages of one Send, one at a time, over one connection after another.
type courier struct {
	ctx     context.Context
	channel *Channel
	sender  sender
	msgs    []engine.Message
	outbox  *outbox
	session *session
	unwatch func() bool // stops watching ctx for the session
	letter  letter
}

// work carries messages until none is left for this courier.
func (c *courier) work() {
	defer c.rest()
	for !c.outbox.empty() {
		if fault := c.connect(); fault != nil {
			c.outbox.fail(fault)
			continue
		}
		p, ready := c.outbox.take(nil)
		if !ready {
			c.rest() // somebody else may have more use for the connection meanwhile
			if !c.outbox.wait(c.ctx) {
				return
			}
			continue
		}
		for ready {
			p, ready = c.carry(p)
		}
	}
}

// carry brings one message on its way and gives the next one, which may have been announced already.
func (c *courier) carry(p parcel) (parcel, bool) {
	begun := time.Now()
	if fault := c.connect(); fault != nil {
		c.outbox.done(p, attempt{fault: fault}, begun, false)
		return parcel{}, false
	}
	next, more := c.outbox.take(p.lane)
	var following *envelope
	if more {
		following = new(c.envelope(next))
	}
	try := c.deliver(p, following)
	c.outbox.done(p, try, begun, more && next.lane == p.lane)
	return next, more
}

// connect sees to it that the courier has a session fit for a message.
func (c *courier) connect() *engine.Fault {
	if s := c.session; s != nil && (s.broken || s.sent >= c.channel.cfg.Messages && !s.ahead) {
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
	s := c.session
	if s == nil {
		return
	}
	if !c.unwatch() || s.ahead { // ctx ended: cut has put an end to the session, or is about to
		s.broken = true
	}
	c.channel.pool.put(s.relay, c.sender.address, s)
	c.session = nil
}

// envelope is what a message travels in.
func (c *courier) envelope(p parcel) envelope {
	return envelope{c.sender.returnAddress(&c.msgs[p.index]), p.to}
}

// deliver sends one message over the courier's session. A session that its relay had closed while nobody used it is replaced, and so is one
// whose relay will not or cannot take the message now, as long as there is another relay.
func (c *courier) deliver(p parcel, next *envelope) attempt {
	block, fault := c.letter.finish(c.sender, p.to, &c.msgs[p.index], time.Now())
	if fault != nil {
		c.session.broken = c.session.broken || c.session.ahead // it was announced, and nothing else may follow
		return attempt{fault: fault}
	}
	pool := c.channel.pool
	for others := len(pool.relays) - 1; ; others-- {
		try := c.session.send(c.envelope(p), block, next)
		if c.ctx.Err() != nil {
			return try
		}
		if try.silence {
			pool.avoid(c.session.relay, c.sender.address, try.fault)
			pool.forget(c.session.relay)
		}
		switch {
		case try.again:
		case try.elsewhere && others > 0:
			pool.avoid(c.session.relay, c.sender.address, try.fault)
			c.rest()
		default:
			return try
		}
		if fault := c.connect(); fault != nil {
			return attempt{fault: fault}
		}
	}
}
