package engine_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

// counted counts the messages a channel is handed, by the window of time.
type counted struct {
	engine.Channel
	window time.Duration
	mu     sync.Mutex
	by     map[time.Time]int
}

func (c *counted) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	c.mu.Lock()
	c.by[time.Now().Truncate(c.window)] += len(msgs)
	c.mu.Unlock()
	return c.Channel.Send(ctx, from, msgs)
}

// count has messages over the channel counted.
func (w *town) count(ch engine.ChannelName, window time.Duration) *counted {
	c := &counted{Channel: w.channels[ch], window: window, by: map[time.Time]int{}}
	w.engine.Channels[ch] = c
	return c
}

func (c *counted) expectAtMost(t *testing.T, most, windows int) {
	t.Helper()
	for at, n := range c.by {
		if n > most {
			t.Errorf("%d messages within %v of %v, want %d at most", n, c.window, at, most)
		}
	}
	if len(c.by) != windows {
		t.Errorf("they were spread over %d times %v, want %d", len(c.by), c.window, windows)
	}
}

func TestAQuotaAMinuteSpreadsACampaign(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.set(engine.SettingPerMinute, "200")
		minutes := w.count(engine.Email, time.Minute)
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 1500, nil)
		w.start(c)
		w.run(10 * time.Second)
		w.expectHolds(c, map[string]int{"send/email quota": 1300})
		w.run(time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1500, Delivered: 1500})
		minutes.expectAtMost(t, 200, 8)
		w.expectTold(c, map[string]int{"ordered": 1500, "sent/email": 1500})
	})
}

func TestAQuotaADayLosesNobodyThoughItTakesLongerThanTheLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		w.set(engine.SettingPerDay, "100")
		days := w.count(engine.Email, day)
		for i := range 600 {
			w.channels[engine.Email].Script(account(i), down) // everybody fails once, and an attempt is an attempt
		}
		urgent := w.order(engine.Campaign{Kind: engine.KindOutage, Urgent: true, Route: routeOf(engine.Lane{{Channel: engine.VK}})}, 300, nil)
		c := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{{Channel: engine.Email}})}, 600, nil)
		w.start(c)
		w.run(time.Hour)
		w.start(urgent)
		w.run(time.Minute)
		w.expect(urgent, engine.StatusCompleted, engine.Balance{Ordered: 300, Delivered: 300})
		w.run(30 * day)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 600, Delivered: 600})
		days.expectAtMost(t, 100, 12)
		w.expectTold(c, map[string]int{"ordered": 600, "deferred/email": 600, "sent/email": 600})
	})
}

func TestARateHoldsAcrossEngines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.engine.Limits = map[engine.ChannelName]engine.Limits{engine.Email: {PerSecond: 100}}
		w.set("email.per_second", "60")
		seconds := w.count(engine.Email, 10*time.Second)
		other := engine.New(w.engine.Config)
		finish, finishOther := w.alongside(4), (&town{T: t, memory: w.memory, engine: other}).alongside(4)
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 3000, nil)
		d := w.order(engine.Campaign{Kind: engine.KindBill, Provider: w.neighbour()}, 3000, nil)
		w.start(c)
		w.start(d)
		time.Sleep(58 * time.Second)
		if sent := w.balance(c).Delivered; sent < 1200 || sent > 3600 { // it shares 100 a second with another
			t.Errorf("%d were sent in a minute, want some 60 a second", sent)
		}
		time.Sleep(5 * time.Minute)
		finish()
		finishOther()
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 3000, Delivered: 3000})
		w.expect(d, engine.StatusCompleted, engine.Balance{Ordered: 3000, Delivered: 3000})
		for at, n := range seconds.by {
			if n > 1000 {
				t.Errorf("%d messages in the ten seconds from %v, want 1000 at most", n, at)
			}
		}
	})
}

// crowded counts how many batches a channel works on at the same time, by provider.
type crowded struct {
	engine.Channel
	inside, most map[engine.ProviderID]*atomic.Int64
}

func (c crowded) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	id := from.Provider.ID
	now := c.inside[id].Add(1)
	defer c.inside[id].Add(-1)
	for most := c.most[id].Load(); now > most && !c.most[id].CompareAndSwap(most, now); most = c.most[id].Load() {
	}
	time.Sleep(3 * time.Second)
	return c.Channel.Send(ctx, from, msgs)
}

func TestRoomsHoldAcrossEngines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		counters := func() map[engine.ProviderID]*atomic.Int64 {
			return map[engine.ProviderID]*atomic.Int64{"p": {}, "q": {}}
		}
		crowd := crowded{w.channels[engine.Email], counters(), counters()}
		w.engine.Channels[engine.Email] = crowd
		w.engine.Limits = map[engine.ChannelName]engine.Limits{engine.Email: {Concurrent: 4}}
		w.set("email.concurrent", "2")
		finish, finishOther := w.alongside(4), (&town{T: t, memory: w.memory, engine: engine.New(w.engine.Config)}).alongside(4)
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 10*engine.ChunkSize, nil)
		d := w.order(engine.Campaign{Kind: engine.KindBill, Provider: w.neighbour()}, 10*engine.ChunkSize, nil)
		w.start(c)
		w.start(d)
		time.Sleep(time.Minute)
		finish()
		finishOther()
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 4960, Delivered: 4960})
		w.expect(d, engine.StatusCompleted, engine.Balance{Ordered: 4960, Delivered: 4960})
		if p, q := crowd.most["p"].Load(), crowd.most["q"].Load(); p != 2 || q > 4 || q < 2 {
			t.Errorf("%d batches of p and %d of q were in the channel at once, want 2 and up to 4", p, q)
		}
	})
}
