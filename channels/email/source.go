package email

import (
	"bytes"
	"time"

	"vestnik/engine"
)

var _ engine.Sourced = (*Channel)(nil)

// Source gives a letter as Send would write it at that time, without the dot that ends it on the wire; see engine.Sourced.
func (c *Channel) Source(from engine.Sender, msg *engine.Message, at time.Time) ([]byte, error) {
	sender, err := c.sender(from)
	if err != nil {
		return nil, err
	}
	to, err := mailboxOf(msg.Recipient.Email)
	if err != nil {
		return nil, err
	}
	block, fault := new(letter).finish(sender, to, msg, at)
	if fault != nil {
		return nil, fault
	}
	return bytes.TrimSuffix(block, []byte(".\r\n")), nil
}

// finish writes a message to a bare address and signs it. The block is valid until the next call.
func (l *letter) finish(from sender, to string, msg *engine.Message, at time.Time) ([]byte, *engine.Fault) {
	block, err := l.compose(from, to, msg, at)
	if err != nil {
		return nil, &engine.Fault{Reason: engine.BadMessage, Err: err}
	}
	if block, err = l.sign(from.keys, block); err != nil {
		return nil, &engine.Fault{Reason: engine.Misconfigured, Err: err}
	}
	return block, nil
}
