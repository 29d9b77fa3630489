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
	fault *engine.Fault
	hang  bool
	after time.Duration
}

// Accept takes the message.
func Accept() Answer { return Answer{} }

// Refuse fails with a fault of the reason and the provider's code.
func Refuse(reason engine.Reason, code string) Answer {
	return Answer{fault: &engine.Fault{Reason: reason, Code: code}}
}

// Throttle asks to slow down and come back after the given time.
func Throttle(after time.Duration) Answer {
	return Answer{fault: &engine.Fault{Reason: engine.Throttled, Code: "slow down", RetryAfter: after}}
}

// Hang does not answer before ctx ends; this message and those behind it are then unavailable.
func Hang() Answer { return Answer{hang: true} }

// After lets the answer take its time. A ctx that ends meanwhile makes this message and those behind it unavailable.
func (a Answer) After(d time.Duration) Answer {
	a.after = d
	return a
}

// Channel is an engine.Channel that answers by script and remembers everything. It is safe for concurrent use.
type Channel struct {
	mu        sync.Mutex
	otherwise Answer
	scripts   map[string][]Answer
	attempts  []engine.Message
	taken     []engine.Message
}

// NewChannel makes a channel that gives everybody without a script this answer.
func NewChannel(otherwise Answer) *Channel {
	return &Channel{otherwise: otherwise, scripts: map[string][]Answer{}}
}

// Script sets the answers to an account's next attempts, one each; when they are used up it is answered like everybody.
func (c *Channel) Script(account string, answers ...Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scripts[account] = answers
}

// Otherwise changes the answer to everybody without a script.
func (c *Channel) Otherwise(a Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.otherwise = a
}

// Send answers each message by its account's script, one after another.
func (c *Channel) Send(ctx context.Context, _ engine.Sender, msgs []engine.Message) []engine.Result {
	results := make([]engine.Result, len(msgs))
	for i, msg := range msgs {
		if ctx.Err() != nil {
			results[i].Fault = untried(ctx)
			continue
		}
		answer := c.next(msg)
		if answer.hang {
			<-ctx.Done()
		} else if answer.after > 0 {
			select {
			case <-ctx.Done():
			case <-time.After(answer.after):
			}
		}
		if ctx.Err() != nil {
			results[i].Fault = untried(ctx)
			continue
		}
		if results[i].Fault = answer.fault; answer.fault == nil {
			c.take(msg)
		}
	}
	return results
}

func untried(ctx context.Context) *engine.Fault {
	return &engine.Fault{Reason: engine.Unavailable, Code: "no answer", Err: ctx.Err()}
}

func (c *Channel) next(msg engine.Message) Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attempts = append(c.attempts, msg)
	script := c.scripts[msg.Recipient.Account]
	if len(script) == 0 {
		return c.otherwise
	}
	c.scripts[msg.Recipient.Account] = script[1:]
	return script[0]
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

// Taken gives every message the channel took, in order.
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
