package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// place is where a message belongs: a recipient, or the chat of its house, at one step of a campaign.
type place struct {
	campaign   engine.CampaignID
	lane, step int
	who        string
}

// transport is a channel that does what the plots say. Its answers depend on the recipient and on what the engine has settled so far, not on how
// often it is asked: an attempt that a crash has made forgotten is answered as before.
type transport struct {
	*drive
	name engine.ChannelName
}

// cabinet is a transport that answers later.
type cabinet struct{ transport }

func (t transport) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	results := make([]engine.Result, len(msgs))
	for i, msg := range msgs {
		select {
		case <-ctx.Done():
		case <-time.After(t.takes):
		}
		if ctx.Err() != nil || enginetest.Died(ctx) {
			results[i] = engine.Result{Fault: &engine.Fault{Reason: engine.Unavailable, Err: ctx.Err()}}
			continue
		}
		results[i] = t.answer(ctx, from.Campaign, msg)
		t.faults.Strike(ctx)
	}
	return results
}

func (t transport) answer(ctx context.Context, c engine.Campaign, msg engine.Message) engine.Result {
	refuse := func(f engine.Fault) engine.Result { return engine.Result{Fault: &f} }
	a, known := t.places[c.ID][msg.Recipient.Account]
	if !known {
		t.Errorf("a message for somebody who is not in campaign %s", c.ID)
		return refuse(engine.Fault{Reason: engine.Refused})
	}
	b, there := t.batchOf(c.ID, a.ordinal, t.name)
	if !there { // somebody else has settled it: the lease was lost
		return refuse(engine.Fault{Reason: engine.Refused})
	}
	at, p := place{c.ID, b.Lane, b.Step, msg.Recipient.Account}, a.plotAt(b.Lane, b.Step)
	if t.name == engine.HouseChat {
		at.who = a.who.House
	}
	t.checkKey(at, msg)
	switch now := time.Now(); {
	case t.name == t.outage.channel && within(now, t.outage.from, t.outage.from.Add(outageLasts)):
		return refuse(engine.Fault{Reason: engine.Unavailable, Code: "down", Whole: true})
	case p.stall:
		return refuse(engine.Fault{Reason: engine.Throttled, RetryAfter: stallPause})
	case p.throttle && b.Hold != engine.HeldRetry:
		return refuse(engine.Fault{Reason: engine.Throttled, RetryAfter: 20 * time.Second})
	case b.Try < p.temps:
		return refuse(engine.Fault{Reason: engine.Unavailable, Code: "451"})
	case p.polls == 0 && p.fault != engine.NoReason:
		return refuse(engine.Fault{Reason: p.fault, Code: "550"})
	}
	t.take(ctx, at)
	if p.early != "" {
		t.happenTo(a, happening{fact: p.early, channel: t.name, reason: engine.BadAddress}, fmt.Sprint(b.Lane, b.Step))
	}
	if p.polls > 0 {
		return engine.Result{Later: &engine.Later{Receipt: fmt.Sprint("r", p.polls), After: 20 * time.Second}}
	}
	return engine.Result{Received: p.received}
}

// batchOf finds the batch in which a recipient is about to be sent something over the channel.
func (d *drive) batchOf(id engine.CampaignID, o engine.Ordinal, ch engine.ChannelName) (engine.Batch, bool) {
	lanes := d.orders[id].campaign.Route.Lanes
	batches := must(d.memory.Stores().Ledger.Batches(d.Context(), id, 1_000_000))
	i := slices.IndexFunc(batches, func(b engine.Batch) bool {
		return b.Chunk == o.Chunk() && b.Members.Has(o.Index()) && b.Phase == engine.Sending && lanes[b.Lane][b.Step].Channel == ch
	})
	if i < 0 {
		return engine.Batch{}, false
	}
	return batches[i], true
}

// Confirm tells what became of messages by how often it was asked before.
func (c cabinet) Confirm(ctx context.Context, _ engine.Sender, pending []engine.Receipt) []engine.Result {
	results := make([]engine.Result, len(pending))
	for i, receipt := range pending {
		at, known := c.placeOf(receipt.Key)
		if !known {
			c.Errorf("a message is asked about that was never sent")
			continue
		}
		c.touch(ctx, at)
		p := c.places[at.campaign][at.who].plotAt(at.lane, at.step)
		switch {
		case receipt.Text != fmt.Sprint("r", p.polls):
			c.Errorf("a message is asked about with the receipt of another")
		case receipt.Polls+1 < p.polls:
			results[i].Later = &engine.Later{Receipt: receipt.Text, After: 20 * time.Second}
		case p.fault != engine.NoReason:
			results[i].Fault = &engine.Fault{Reason: p.fault}
		default:
			results[i].Received = p.received
		}
	}
	c.faults.Strike(ctx)
	return results
}

// checkKey sees that a message has one key, however often it is sent, and no other has it.
func (d *drive) checkKey(at place, msg engine.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at.who = msg.Recipient.Account
	if other, there := d.byKey[msg.Key]; there && other != at {
		d.Errorf("two messages have the key of %v and %v", at, other)
	}
	if key, there := d.keys[at]; there && key != msg.Key {
		d.Errorf("the message of %v has changed its key", at)
	}
	d.byKey[msg.Key], d.keys[at] = at, msg.Key
}

func (d *drive) placeOf(key string) (place, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, known := d.byKey[key]
	return at, known
}

// letters renders every message alike, and none for whom it cannot.
type letters struct{}

func (letters) Open(context.Context, engine.TemplateRef) (engine.Text, error) { return letters{}, nil }

func (letters) Render(_ engine.ChannelName, l *engine.Letter) (engine.Content, error) {
	if l.Recipient.Name == unwritable {
		return engine.Content{}, errors.New("a variable is missing")
	}
	return engine.Content{Text: "text"}, nil
}
