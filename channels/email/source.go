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
	_, block, fault := new(letter).finish(sender, msg, at)
	if fault != nil {
		return nil, fault
	}
	return bytes.TrimSuffix(block, []byte(".\r\n")), nil
}

// finish writes a message and signs it, and gives whom it goes to as RCPT TO wants it. The block is valid until the next call.
func (l *letter) finish(from sender, msg *engine.Message, at time.Time) (to string, block []byte, fault *engine.Fault) {
	to, err := mailboxOf(msg.Recipient.Email)
	if err != nil {
		return "", nil, &engine.Fault{Reason: engine.BadAddress, Err: err}
	}
	if block, err = l.compose(from, to, msg, at); err != nil {
		return "", nil, &engine.Fault{Reason: engine.BadMessage, Err: err}
	}
	if block, err = l.sign(from.keys, block); err != nil {
		return "", nil, &engine.Fault{Reason: engine.Misconfigured, Err: err}
	}
	return to, block, nil
}
