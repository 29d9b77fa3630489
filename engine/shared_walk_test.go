package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// chat is a lane over house chats, and by e-mail where there is none.
var chat = engine.Lane{{Channel: engine.HouseChat}, {Channel: engine.Email}}

// houses gives every hundred recipients a house of their own, so that some houses lie in two chunks.
func houses(i int, r *engine.Recipient) { r.House = fmt.Sprint("h", i/100) }

// posts counts the posts by house.
func (w *town) posts() map[string]int {
	counts := map[string]int{}
	for _, msg := range w.channels[engine.HouseChat].Taken() {
		counts[msg.Recipient.House]++
	}
	return counts
}

func (w *town) expectOnePostAHouse(houses int) {
	w.Helper()
	posts := w.posts()
	for house, n := range posts {
		if n != 1 {
			w.Errorf("%d posts in %s", n, house)
		}
	}
	if len(posts) != houses {
		w.Errorf("posts in %d houses, want %d", len(posts), houses)
	}
}

func TestOnePostAHouseReachesAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.HouseChat, engine.Email)
		c := w.order(engine.Campaign{Kind: engine.KindOutage, Route: routeOf(chat)}, 1200, houses)
		w.start(c)
		w.run(time.Minute)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1200, Delivered: 1200})
		w.expectTold(c, map[string]int{"ordered": 1200, "sent/housechat": 1200})
		w.expectOnePostAHouse(12)
		covered := 0
		for _, e := range w.memory.Entries() {
			if e.Fact == engine.Sent && e.Code == "covered" {
				covered += len(e.Ordinals)
			}
		}
		if covered != 1188 {
			t.Errorf("%d are told as covered, want 1188", covered)
		}
	})
}

func TestWhatAHouseRefusesIsRefusedForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.HouseChat, engine.Email)
		w.channels[engine.HouseChat].Otherwise(enginetest.Refuse(engine.Refused, "917"))
		c := w.order(engine.Campaign{Kind: engine.KindOutage, Route: routeOf(chat)}, 300, houses)
		only := w.order(engine.Campaign{Kind: engine.KindOutage, Route: routeOf(chat[:1])}, 300, houses)
		w.start(c)
		w.start(only)
		w.run(time.Minute)
		w.expectTold(c, map[string]int{"ordered": 300, "failed/housechat": 300, "sent/email": 300})
		w.expectReasons(only, map[string]int{"undelivered refused": 300})
		if n := len(w.channels[engine.HouseChat].Attempts()); n != 6 {
			t.Errorf("%d posts were tried, want one a house and campaign", n)
		}
	})
}

func TestAPostThatFailsForNowIsTriedAgainForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.HouseChat, engine.Email)
		w.channels[engine.HouseChat].Script("A0", down, down)
		c := w.order(engine.Campaign{Kind: engine.KindOutage, Route: routeOf(chat)}, 100, houses)
		w.start(c)
		w.run(time.Hour)
		w.expectTold(c, map[string]int{"ordered": 100, "deferred/housechat": 100, "sent/housechat": 100})
		w.expectOnePostAHouse(1)
	})
}

// whole gives everybody the same house: it lies in all chunks.
func whole(_ int, r *engine.Recipient) { r.House = "h" }

func TestNeighboursInOtherChunksWaitForThePost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.HouseChat, engine.Email)
		w.channels[engine.HouseChat].Otherwise(enginetest.Accept().After(12 * time.Second))
		finish := w.alongside(3)
		c := w.order(engine.Campaign{Kind: engine.KindOutage, Route: routeOf(chat)}, 1200, whole)
		w.start(c)
		time.Sleep(11 * time.Second)
		w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 1200, InFlight: 1200})
		if got := w.holds(c)["send/housechat shared"]; got < 1200-engine.ChunkSize {
			t.Errorf("it waits for %v, want all but one batch to wait for that one", w.holds(c))
		}
		if n := len(w.channels[engine.HouseChat].Attempts()); n != 1 {
			t.Errorf("%d posts were tried", n)
		}
		time.Sleep(time.Minute)
		finish()
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1200, Delivered: 1200})
		w.expectOnePostAHouse(1)
	})
}

func TestNeighboursOutliveTheCrashOfTheOneWhoPosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.HouseChat, engine.Email)
		crashed := errors.New("crashed")
		post := w.engine.Channels[engine.HouseChat]
		w.engine.Channels[engine.HouseChat] = hasty{post, func(engine.Message) { panic(crashed) }}
		c := w.order(engine.Campaign{Kind: engine.KindOutage, Route: routeOf(chat)}, 1200, whole)
		w.start(c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = w.memory.Run(ctx, func(ctx context.Context, wake engine.Wake) (err error) {
			defer func() {
				if recover() != nil {
					w.engine.Channels[engine.HouseChat] = post
				}
			}()
			return w.engine.Handle(ctx, wake)
		})
		w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 1200, InFlight: 1200})
		w.reconciled(5 * time.Minute)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1200, Delivered: 1200})
		w.expectOnePostAHouse(1)
	})
}

// TestTheOneWhoPostsMeetsItsGoalAfterACrash: what it had claimed is free for its neighbours.
func TestTheOneWhoPostsMeetsItsGoalAfterACrash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email, engine.HouseChat)
		post := w.engine.Channels[engine.HouseChat]
		crashes := 1
		w.engine.Channels[engine.HouseChat] = hasty{post, func(engine.Message) {
			if crashes--; crashes == 0 {
				panic("crashed")
			}
		}}
		c := w.order(engine.Campaign{Kind: engine.KindMeeting, Route: routeOf(
			engine.Lane{until(engine.Email, time.Hour, engine.Opened), {Channel: engine.HouseChat}})}, 1200, whole)
		w.start(c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour+5*time.Second)
		defer cancel()
		_ = w.memory.Run(ctx, func(ctx context.Context, wake engine.Wake) error {
			defer func() { _ = recover() }()
			return w.engine.Handle(ctx, wake)
		})
		if crashes != 0 {
			t.Fatal("nobody has posted")
		}
		w.observe(c, engine.Opened, engine.Email, 0)
		w.reconciled(10 * time.Minute)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1200, Delivered: 1200})
		w.expectTold(c, map[string]int{"ordered": 1200, "sent/email": 1200, "opened/email": 1, "sent/housechat": 1199})
		w.expectOnePostAHouse(1)
	})
}

// TestSomebodyElsePostsWhenTheFirstMayNot: a recipient who has an address to itself and then may not or cannot be written to must not keep it.
func TestSomebodyElsePostsWhenTheFirstMayNot(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(*town)
		change  func(int, *engine.Recipient)
		kind    engine.Kind
		want    map[string]int
	}{
		"its message cannot be written": {
			change: func(i int, r *engine.Recipient) {
				if i == 0 {
					r.Name = "unwritable"
				}
			},
			kind: engine.KindOutage, want: map[string]int{"delivered": 1199, "undelivered bad_message": 1},
		},
		"it has had its share of ads": {
			prepare: func(w *town) {
				w.set(engine.SettingFrequency, "1/7d")
				before := w.order(engine.Campaign{Kind: engine.KindAd, Route: routeOf(engine.Lane{{Channel: engine.HouseChat}})}, 1, func(_ int, r *engine.Recipient) { r.House = "another" })
				w.start(before)
				w.run(time.Hour)
			},
			kind: engine.KindAd, want: map[string]int{"delivered": 1199, "suppressed frequency": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := simpleTown(t, engine.HouseChat)
				if tt.prepare != nil {
					tt.prepare(w)
				}
				c := w.order(engine.Campaign{Kind: tt.kind, Route: routeOf(chat[:1])}, 1200, func(i int, r *engine.Recipient) {
					if whole(i, r); tt.change != nil {
						tt.change(i, r)
					}
				})
				w.start(c)
				w.run(time.Hour)
				w.expectReasons(c, tt.want)
			})
		})
	}
}

func TestAHouseIsHeldByAQuotaOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.HouseChat)
		w.set(engine.SettingPerDay, "1")
		c := w.order(engine.Campaign{Kind: engine.KindOutage, Route: routeOf(chat[:1])}, 300, houses)
		w.start(c)
		w.run(time.Hour)
		w.expectHolds(c, map[string]int{"send/housechat quota": 200})
		w.run(3 * day)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 300, Delivered: 300})
		w.expectOnePostAHouse(3)
	})
}

// TestAHouseWithoutAChatIsPassedOver: only the channel knows which houses have a chat; those without one are asked about once a batch, and nobody
// there has failed.
func TestAHouseWithoutAChatIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.HouseChat, engine.Email)
		w.channels[engine.HouseChat].Otherwise(enginetest.Refuse(engine.NoAddress, "no chat"))
		c := w.order(engine.Campaign{Kind: engine.KindOutage, Route: routeOf(chat)}, 300, houses)
		only := w.order(engine.Campaign{Kind: engine.KindOutage, Route: routeOf(chat[:1])}, 300, houses)
		w.start(c)
		w.start(only)
		w.run(time.Minute)
		w.expectTold(c, map[string]int{"ordered": 300, "sent/email": 300})
		w.expectReasons(only, map[string]int{"undelivered no_address": 300})
		if n := len(w.channels[engine.HouseChat].Attempts()); n != 6 {
			t.Errorf("%d posts were tried, want one a house and campaign", n)
		}
	})
}
