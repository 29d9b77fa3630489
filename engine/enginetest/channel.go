package enginetest

import (
	"context"
	"slices"
	"sync"
	"time"

	"vestnik/engine"
)

// Answer is what a scripted Channel does with one message.
type Answer struct {
	fault    *engine.Fault
	later    *engine.Later
	received bool
	placed   bool
	hang     bool
	after    time.Duration
}

// Accept takes the message.
func Accept() Answer { return Answer{} }

// Refuse fails with a fault of the reason and the provider's code.
func Refuse(reason engine.Reason, code string) Answer {
	return Answer{fault: &engine.Fault{Reason: reason, Code: code}}
}

// Own says that the failure is the recipient's own address's or mailbox's.
func (a Answer) Own() Answer {
	fault := *a.fault
	fault.Own = true
	a.fault = &fault
	return a
}

// Down fails as a channel does that is out of reach, whoever is written to.
func Down() Answer {
	return Answer{fault: &engine.Fault{Reason: engine.Unavailable, Code: "no connection", Whole: true}}
}

// Throttle asks to slow down and come back after the given time.
func Throttle(after time.Duration) Answer {
	return Answer{fault: &engine.Fault{Reason: engine.Throttled, Code: "slow down", RetryAfter: after}}
}

// Received takes the message and says that it lies in the resident's mailbox or cabinet already.
func Received() Answer { return Answer{received: true} }

// Placed takes the message and says that it lies in the resident's cabinet as a document, which has the name "placed-" and the account.
func Placed() Answer { return Answer{received: true, placed: true} }

// Later takes the message and tells what became of it when it is asked with the receipt, after the given time (zero: as the engine likes).
func Later(receipt string, after time.Duration) Answer {
	return Answer{later: &engine.Later{Receipt: receipt, After: after}}
}

// Hang does not answer before ctx ends; this message and those behind it are then unavailable.
func Hang() Answer { return Answer{hang: true} }

// After lets the answer take its time. A ctx that ends meanwhile makes this message and those behind it unavailable.
func (a Answer) After(d time.Duration) Answer {
	a.after = d
	return a
}

// result is what the channel says, or that there was no answer because ctx ended first.
func (a Answer) result(ctx context.Context, account string) engine.Result {
	if a.hang {
		<-ctx.Done()
	} else if a.after > 0 {
		select {
		case <-ctx.Done():
		case <-time.After(a.after):
		}
	}
	if ctx.Err() != nil {
		return engine.Result{Fault: &engine.Fault{Reason: engine.Unavailable, Code: "no answer", Err: ctx.Err()}}
	}
	r := engine.Result{Fault: a.fault, Later: a.later, Received: a.received}
	if a.placed {
		r.Document = "placed-" + account
	}
	return r
}

// script is what accounts are answered, one answer after another.
type script struct {
	otherwise Answer
	answers   map[string][]Answer
}

func newScript(otherwise Answer) script { return script{otherwise, map[string][]Answer{}} }

func (s *script) next(account string) Answer {
	answers := s.answers[account]
	if len(answers) == 0 {
		return s.otherwise
	}
	s.answers[account] = answers[1:]
	return answers[0]
}

// Channel is an engine.Channel that answers by script and remembers everything. It is safe for concurrent use.
type Channel struct {
	mu       sync.Mutex
	script   script
	attempts []engine.Message
	taken    []engine.Message
}

// NewChannel makes a channel that gives everybody without a script this answer.
func NewChannel(otherwise Answer) *Channel { return &Channel{script: newScript(otherwise)} }

// Script sets the answers to an account's next attempts, one each; when they are used up it is answered like everybody.
func (c *Channel) Script(account string, answers ...Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.script.answers[account] = answers
}

// Otherwise changes the answer to everybody without a script.
func (c *Channel) Otherwise(a Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.script.otherwise = a
}

// Send answers each message by its account's script, one after another.
func (c *Channel) Send(ctx context.Context, _ engine.Sender, msgs []engine.Message) []engine.Result {
	results := make([]engine.Result, len(msgs))
	for i, msg := range msgs {
		if ctx.Err() != nil {
			results[i] = Hang().result(ctx, "")
			continue
		}
		if results[i] = c.next(msg).result(ctx, msg.Recipient.Account); results[i].Fault == nil {
			c.take(msg)
		}
	}
	return results
}

func (c *Channel) next(msg engine.Message) Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attempts = append(c.attempts, msg)
	return c.script.next(msg.Recipient.Account)
}

func (c *Channel) take(msg engine.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken = append(c.taken, msg)
}

// Attempts gives every message that was handed over, in order.
func (c *Channel) Attempts() []engine.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.attempts)
}

// Taken gives every message the channel took, in order, also those of which it tells later what became of them.
func (c *Channel) Taken() []engine.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.taken)
}

// TakenBy counts the messages taken by account.
func (c *Channel) TakenBy() map[string]int {
	counts := map[string]int{}
	for _, msg := range c.Taken() {
		counts[msg.Recipient.Account]++
	}
	return counts
}
