package engine_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

func TestAReturnedMessageMovesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		c := w.order(engine.Campaign{Kind: engine.KindAction}, 10, func(i int, r *engine.Recipient) {
			if i == 3 {
				r.VKID = 0
			}
		})
		w.start(c)
		w.run(time.Minute)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 10, Delivered: 10})
		w.observe(c, engine.Bounced, engine.Email, 2, 3, 2)
		w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 10, Delivered: 8, Undelivered: 1, InFlight: 1})
		w.run(time.Minute)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 10, Delivered: 9, Undelivered: 1})
		w.expectTold(c, map[string]int{"ordered": 10, "sent/email": 10, "bounced/email": 2, "sent/vk": 1})

		// The address that bounced is not written to again.
		again := w.order(engine.Campaign{Kind: engine.KindAction}, 10, nil)
		w.start(again)
		w.run(time.Minute)
		w.expectTold(again, map[string]int{"ordered": 10, "sent/email": 8, "sent/vk": 2})
	})
}

// hasty is a channel whose messages come back before it has said that it took them.
type hasty struct {
	engine.Channel
	back func(engine.Message)
}

func (h hasty) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	for _, m := range msgs {
		h.back(m)
	}
	return h.Channel.Send(ctx, from, msgs)
}

func TestAMessageThatComesBackBeforeItsBatchSettlesMovesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		var c engine.Campaign
		w.engine.Channels[engine.Email] = hasty{w.channels[engine.Email], func(m engine.Message) {
			if m.Recipient.Account == "A2" || m.Recipient.Account == "A3" {
				w.observe(c, engine.Bounced, engine.Email, engine.Ordinal(m.Recipient.Account[1]-'0'))
			}
		}}
		c = w.order(engine.Campaign{Kind: engine.KindAction}, 5, func(i int, r *engine.Recipient) {
			if i == 3 {
				r.VKID = 0
			}
		})
		w.start(c)
		w.run(time.Minute)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 5, Delivered: 4, Undelivered: 1})
		w.expectTold(c, map[string]int{"ordered": 5, "sent/email": 5, "bounced/email": 2, "sent/vk": 1})
	})
}

// returner is a channel to which messages come back, for all providers but one.
type returner struct {
	engine.Channel
	took func(engine.Message)
}

func (returner) Returns(p engine.Provider) bool { return p.Name != "deaf" }

func (r returner) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	for _, m := range msgs {
		r.took(m)
	}
	return r.Channel.Send(ctx, from, msgs)
}

func TestMessagesHaveANameToComeBackUnder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		names := map[string]engine.Ordinal{}
		w.engine.Channels[engine.Email] = returner{w.channels[engine.Email], func(m engine.Message) {
			names[m.Return] = engine.Ordinal(m.Recipient.Account[1] - '0')
		}}
		c := w.order(engine.Campaign{Kind: engine.KindAction}, 5, nil)
		w.start(c)
		w.run(time.Minute)
		for name, o := range names {
			pass, err := w.engine.Tokens.ReadName(name, engine.ActReturn)
			if want := (engine.Pass{Act: engine.ActReturn, Campaign: c.ID, Ordinal: o, Channel: engine.Email, Step: 1}); err != nil || pass != want {
				t.Errorf("the message of %d comes back under %+v (%v)", o, pass, err)
			}
		}
		if _, err := w.memory.Stores().Registry.ChangeProvider(t.Context(), "p", func(p *engine.Provider) error { p.Name = "deaf"; return nil }); err != nil {
			t.Fatal(err)
		}
		w.start(w.order(engine.Campaign{Kind: engine.KindAction}, 5, nil))
		w.run(time.Minute)
		if _, unnamed := names[""]; len(names) != 6 || !unnamed {
			t.Errorf("names are %v", names)
		}
	})
}

// TestAMailboxThatReturnsTooOftenIsStopped returns messages of several campaigns for a reason that may pass: the third time the address is
// stopped, unless the first was too long ago. The same return told twice counts once, and so do the messages of one campaign.
func TestAMailboxThatReturnsTooOftenIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		round := func() (sent int) {
			c := w.order(engine.Campaign{Kind: engine.KindAction}, 1, nil)
			before := len(w.channels[engine.Email].Taken())
			w.start(c)
			w.run(time.Minute)
			if sent = len(w.channels[engine.Email].Taken()) - before; sent > 0 {
				for range 2 {
					o := engine.Observation{Campaign: c.ID, Channel: engine.Email, Fact: engine.Bounced, Reason: engine.Unavailable, At: time.Now()}
					if err := w.engine.Observe(t.Context(), o); err != nil {
						t.Fatal(err)
					}
				}
				w.run(time.Minute)
				w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1, Delivered: 1})
			}
			return sent
		}
		round()
		time.Sleep(31 * 24 * time.Hour)
		for i, want := range []int{1, 1, 1, 0, 0} {
			if got := round(); got != want {
				t.Errorf("campaign %d: %d letters, want %d", i, got, want)
			}
		}
	})
}
