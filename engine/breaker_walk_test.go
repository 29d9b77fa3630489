package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

func TestAChannelThatIsDownForHoursBurnsNoAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		email := w.channels[engine.Email]
		email.Otherwise(enginetest.Down())
		route := routeOf(engine.Lane{{Channel: engine.Email}, {Channel: engine.VK}})
		c := w.order(engine.Campaign{Kind: engine.KindBill, Route: route}, 3*engine.ChunkSize, nil)
		w.start(c)
		w.run(5 * time.Minute)
		before := len(email.Attempts())
		w.run(2 * time.Hour)
		if probes := len(email.Attempts()) - before; probes < 10 || probes > 2*12*10 {
			t.Errorf("%d messages probed in two hours, want up to ten every five minutes", probes)
		}
		for kind := range w.holds(c) {
			if kind != "send/email breaker" {
				t.Errorf("it waits for %v", w.holds(c))
			}
		}
		// The same channel works for another provider, and this provider's other channels work.
		email.Otherwise(enginetest.Accept())
		other := w.order(engine.Campaign{Kind: engine.KindBill, Route: route, Provider: w.neighbour()}, 600, nil)
		vk := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{{Channel: engine.VK}})}, 600, nil)
		w.start(other)
		w.start(vk)
		w.run(10 * time.Second)
		w.expect(other, engine.StatusCompleted, engine.Balance{Ordered: 600, Delivered: 600})
		w.expect(vk, engine.StatusCompleted, engine.Balance{Ordered: 600, Delivered: 600})
		w.run(10 * time.Minute)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1488, Delivered: 1488})
		if told := w.told(c); told["sent/email"] != 1488 || told["failed/email"]+told["sent/vk"] != 0 {
			t.Errorf("the journal tells %v, want everybody by e-mail", told)
		}
		if list := must(w.memory.Stores().Breakers.Breakers(t.Context())); len(list) != 0 {
			t.Errorf("breakers are left: %+v", list)
		}
	})
}

func TestWrongSettingsOpenTheBreakerAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		email := w.channels[engine.Email]
		email.Otherwise(enginetest.Refuse(engine.Misconfigured, "535"))
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 3*engine.ChunkSize, nil)
		w.start(c)
		w.run(3 * time.Second)
		if n := len(email.Attempts()); n != engine.ChunkSize {
			t.Errorf("%d messages were tried, want one batch", n)
		}
		w.expectHolds(c, map[string]int{"send/email breaker": 3 * engine.ChunkSize})
		b := must(w.memory.Stores().Breakers.Breaker(t.Context(), "p", engine.Email))
		if !b.Open() || b.Reason != engine.Misconfigured || b.Code != "535" {
			t.Errorf("the breaker is %+v", b)
		}
		w.expectTold(c, map[string]int{"ordered": 3 * engine.ChunkSize})
		email.Otherwise(enginetest.Accept())
		w.run(10 * time.Minute)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1488, Delivered: 1488})
		w.expectTold(c, map[string]int{"ordered": 1488, "sent/email": 1488})
	})
}

func TestAfterTheLimitTheNextStepIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		w.channels[engine.Email].Otherwise(enginetest.Down())
		c := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{{Channel: engine.Email}, {Channel: engine.VK}})}, 20, nil)
		w.start(c)
		w.run(71 * time.Hour)
		if told := w.told(c); told["sent/vk"]+told["failed/email"] != 0 {
			t.Errorf("before the limit the journal tells %v", told)
		}
		w.run(2 * time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 20, Delivered: 20})
		if told := w.told(c); told["sent/vk"] != 20 || told["failed/email"] != 20 || told["sent/email"] != 0 {
			t.Errorf("the journal tells %v", told)
		}
	})
}

func TestPauseReachesWhoeverTheBreakerHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.channels[engine.Email].Otherwise(enginetest.Refuse(engine.Misconfigured, "535"))
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 600, nil)
		w.start(c)
		w.run(time.Hour)
		must(w.engine.Pause(t.Context(), c.ID))
		w.channels[engine.Email].Otherwise(enginetest.Accept())
		w.run(time.Hour)
		w.expect(c, engine.StatusPaused, engine.Balance{Ordered: 600, InFlight: 600})
		must(w.engine.Cancel(t.Context(), c.ID))
		w.run(2 * time.Second)
		w.expect(c, engine.StatusCancelled, engine.Balance{Ordered: 600, Cancelled: 600})
	})
}

func TestASpoiltReputationStopsOneProvidersEMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		for i := range 120 {
			w.channels[engine.Email].Script(account(i*10), enginetest.Refuse(engine.BadAddress, "550"))
		}
		bad := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{{Channel: engine.Email}})}, 1200, nil)
		w.start(bad)
		w.run(time.Minute)
		if s := must(w.engine.Standing(t.Context(), "p")); s != (engine.Standing{Sent: 1200, Bounced: 120, Verdict: engine.StandingStopped}) {
			t.Fatalf("the standing is %+v", s)
		}
		email := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{{Channel: engine.Email}})}, 50, func(i int, r *engine.Recipient) {
			r.Email = "new" + r.Email
		})
		vk := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{{Channel: engine.VK}})}, 50, nil)
		other := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(engine.Lane{{Channel: engine.Email}}), Provider: w.neighbour()}, 50, nil)
		for _, c := range []engine.Campaign{email, vk, other} {
			w.start(c)
		}
		w.run(10 * time.Hour)
		w.expectHolds(email, map[string]int{"send/email reputation": 50})
		w.expect(vk, engine.StatusCompleted, engine.Balance{Ordered: 50, Delivered: 50})
		w.expect(other, engine.StatusCompleted, engine.Balance{Ordered: 50, Delivered: 50})
		// The day after, nothing of it is left to judge by.
		w.run(16 * time.Hour)
		w.expect(email, engine.StatusCompleted, engine.Balance{Ordered: 50, Delivered: 50})
		w.expectTold(email, map[string]int{"ordered": 50, "sent/email": 50})
	})
}

func TestComplaintsStopASenderToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		c := w.order(engine.Campaign{Kind: engine.KindBill}, 1000, nil)
		w.start(c)
		w.run(time.Minute)
		w.observe(c, engine.Complained, engine.Email, 1, 2)
		if s := must(w.engine.Standing(t.Context(), "p")); s.Verdict != engine.StandingGood {
			t.Errorf("after two complaints the standing is %+v", s)
		}
		w.observe(c, engine.Complained, engine.Email, 3, 3)
		if s := must(w.engine.Standing(t.Context(), "p")); s.Verdict != engine.StandingStopped || s.Complained != 3 {
			t.Errorf("after three the standing is %+v", s)
		}
		if b := must(w.memory.Stores().Breakers.Breaker(t.Context(), "p", engine.Email)); b.Reason != engine.Refused || !b.Open() {
			t.Errorf("the breaker is %+v", b)
		}
	})
}
