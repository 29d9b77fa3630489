package engine_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

// line is a queue as a real one is: what can be worked on now is worked on in the order in which it was put, urgent wakes first.
type line struct {
	wakes []engine.Wake
}

func (l *line) Put(_ context.Context, wakes ...engine.Wake) error {
	for _, w := range wakes {
		if !slices.Contains(l.wakes, w) {
			l.wakes = append(l.wakes, w)
		}
	}
	return nil
}

// next takes the wake whose turn it is; it sleeps until there is one, and tells whether there is any.
func (l *line) next() (engine.Wake, bool) {
	for len(l.wakes) > 0 {
		turn := -1
		for i, w := range l.wakes {
			if !w.At.After(time.Now()) && (turn < 0 || w.Urgent && !l.wakes[turn].Urgent) {
				turn = i
			}
		}
		if turn >= 0 {
			w := l.wakes[turn]
			l.wakes = slices.Delete(l.wakes, turn, turn+1)
			return w, true
		}
		time.Sleep(100 * time.Millisecond)
	}
	return engine.Wake{}, false
}

// waiting counts the campaign's batches in the queue.
func (l *line) waiting(c engine.Campaign) (n int) {
	for _, w := range l.wakes {
		if w.Campaign == c.ID && w.Batch != "" {
			n++
		}
	}
	return n
}

// lined makes the town's queue a line, and its window small.
func (w *town) lined(window int) *line {
	l := &line{}
	w.engine.Window, w.engine.Stores.Queue = window, l
	return l
}

func TestACampaignIsInTheQueueAsAWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.VK)
		queue := w.lined(4)
		for i := range 12 {
			w.channels[engine.Email].Script(account(i*496), down, down)
		}
		c := w.order(engine.Campaign{Kind: engine.KindAction, Route: routeOf(
			engine.Lane{until(engine.Email, time.Hour, engine.Opened), {Channel: engine.VK}})}, 12*engine.ChunkSize, nil)
		w.start(c)
		most, handled := 0, 0
		for wake, more := queue.next(); more; wake, more = queue.next() {
			if err := w.engine.Handle(t.Context(), wake); err != nil {
				t.Fatal(err)
			}
			handled++
			most = max(most, queue.waiting(c))
		}
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 5952, Delivered: 5952})
		if most != 4 {
			t.Errorf("%d of its batches were in the queue at once, want 4", most)
		}
		// 12 batches are sent, 12 of one are tried twice more, all wait and go on; and the campaign is woken now and then.
		if handled > 200 {
			t.Errorf("it took %d wakes", handled)
		}
	})
}

func TestAnotherProvidersCampaignPassesThroughABigOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		queue := w.lined(4)
		big := w.order(engine.Campaign{Kind: engine.KindAction}, 40*engine.ChunkSize, nil)
		ordinary := w.order(engine.Campaign{Kind: engine.KindAction, Provider: w.neighbour()}, 1000, nil)
		urgent := w.order(engine.Campaign{Kind: engine.KindOutage, Urgent: true, Provider: "q"}, 1000, nil)
		w.start(big)
		begun, between := false, map[engine.CampaignID]int{}
		for wake, more := queue.next(); more; wake, more = queue.next() {
			if err := w.engine.Handle(t.Context(), wake); err != nil {
				t.Fatal(err)
			}
			if wake.Campaign != big.ID {
				continue
			}
			if !begun && w.balance(big).Delivered > 5000 {
				w.start(ordinary)
				w.start(urgent)
				begun = true
				continue
			}
			for _, c := range []engine.Campaign{ordinary, urgent} {
				if begun && w.now(c).Status == engine.StatusRunning {
					between[c.ID]++
				}
			}
		}
		for _, c := range []engine.Campaign{ordinary, urgent} {
			w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1000, Delivered: 1000})
		}
		w.expect(big, engine.StatusCompleted, engine.Balance{Ordered: 19840, Delivered: 19840})
		// To advance, then its first batches behind a window each, then what they have roused.
		if n := between[urgent.ID]; n > 0 {
			t.Errorf("%d batches of the big campaign were handled before the urgent one was through, want none", n)
		}
		if n := between[ordinary.ID]; n > 3*4 {
			t.Errorf("%d batches of the big campaign were handled before the ordinary one was through, want three windows at most", n)
		}
	})
}
