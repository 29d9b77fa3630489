package enginetest

import (
	"context"
	"slices"
	"sync"

	"vestnik/engine"
)

// Confirmer is a Channel that can also be asked what became of messages, as those may be that it answers Later. What it tells then has a
// script of its own. It is safe for concurrent use.
type Confirmer struct {
	*Channel
	mu       sync.Mutex
	script   script
	accounts map[string]string // by the key of the message
	polls    []engine.Receipt
}

// NewConfirmer makes a confirmer that answers everybody without a script: sent when it is handed a message, confirmed when it is asked.
func NewConfirmer(sent, confirmed Answer) *Confirmer {
	return &Confirmer{Channel: NewChannel(sent), script: newScript(confirmed), accounts: map[string]string{}}
}

// ScriptConfirm sets what is answered when an account's message is asked about the next times, one answer each.
func (c *Confirmer) ScriptConfirm(account string, answers ...Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.script.answers[account] = answers
}

// OtherwiseConfirm changes what is answered when it is asked about those without a script.
func (c *Confirmer) OtherwiseConfirm(a Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.script.otherwise = a
}

// Send answers as a Channel does.
func (c *Confirmer) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	c.mu.Lock()
	for _, msg := range msgs {
		c.accounts[msg.Key] = msg.Recipient.Account
	}
	c.mu.Unlock()
	return c.Channel.Send(ctx, from, msgs)
}

// Confirm answers for each receipt by the script of the account that the message with its key went to, one after another.
func (c *Confirmer) Confirm(ctx context.Context, _ engine.Sender, pending []engine.Receipt) []engine.Result {
	results := make([]engine.Result, len(pending))
	for i, receipt := range pending {
		answer, account := Hang(), ""
		if ctx.Err() == nil {
			answer, account = c.poll(receipt)
		}
		results[i] = answer.result(ctx, account)
	}
	return results
}

func (c *Confirmer) poll(receipt engine.Receipt) (a Answer, account string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polls = append(c.polls, receipt)
	account = c.accounts[receipt.Key]
	return c.script.next(account), account
}

// Polls gives every receipt it was asked about, in order.
func (c *Confirmer) Polls() []engine.Receipt {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.polls)
}

// PolledBy counts how often it was asked by account.
func (c *Confirmer) PolledBy() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := map[string]int{}
	for _, receipt := range c.polls {
		counts[c.accounts[receipt.Key]]++
	}
	return counts
}
