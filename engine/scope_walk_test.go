package engine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// board is a channel that answers later, and tells outages to houses, bills to one, and debts to nobody.
type board struct{ *enginetest.Confirmer }

func (board) Scope(_ engine.Provider, kind engine.Kind) engine.Scope {
	switch kind {
	case engine.KindOutage:
		return engine.ToHouse
	case engine.KindDebt:
		return engine.ToNobody
	}
	return engine.ToOne
}

func (w *town) board() board {
	b := board{w.confirmer(enginetest.Received())}
	w.engine.Channels[engine.Gosuslugi] = b
	return b
}

func TestOneNoticeAHouseIsAnsweredLaterForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		b := w.board()
		b.Script("A100", enginetest.Down())
		b.ScriptConfirm("A200", enginetest.Later("", time.Second)) // something had to be found out first
		c := w.order(engine.Campaign{Kind: engine.KindOutage, Route: routeOf(engine.Lane{{Channel: engine.Gosuslugi}, {Channel: engine.Email}})}, 1200, func(i int, r *engine.Recipient) {
			if houses(i, r); i >= 1100 {
				r.House = ""
			}
		})
		w.start(c)
		w.run(time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 1200, Delivered: 1200})
		told := w.told(c)
		if told["sent/gosuslugi"] != 1100 || told["received/gosuslugi"] == 0 || told["sent/email"] != 100 || told["failed/gosuslugi"] != 0 {
			t.Errorf("the journal tells %v", told)
		}
		covered, notices := 0, map[string]int{}
		for _, e := range w.memory.Entries() {
			if e.Fact == engine.Sent && e.Code == "covered" {
				covered += len(e.Ordinals)
			}
		}
		for _, msg := range b.Taken() {
			notices[msg.Recipient.House]++
		}
		if covered != 1089 || len(notices) != 11 {
			t.Errorf("%d covered and notices %v, want 1089 and one for each of 11 houses", covered, notices)
		}
	})
}

func TestANoticeRefusedLaterSendsTheHouseOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		b := w.board()
		b.OtherwiseConfirm(enginetest.Refuse(engine.BadAddress, "INT002000"))
		c := w.order(engine.Campaign{Kind: engine.KindOutage, Route: routeOf(engine.Lane{{Channel: engine.Gosuslugi}, {Channel: engine.Email}})}, 90, houses)
		w.start(c)
		w.run(time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 90, Delivered: 90})
		w.expectTold(c, map[string]int{"ordered": 90, "failed/gosuslugi": 90, "sent/email": 90})
	})
}

func TestAKindWithoutAPlaceIsPassedOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Email)
		w.board()
		lane := engine.Lane{{Channel: engine.Gosuslugi}, {Channel: engine.Email}}
		debt := w.order(engine.Campaign{Kind: engine.KindDebt, Route: routeOf(lane)}, 10, nil)
		bill := w.order(engine.Campaign{Kind: engine.KindBill, Route: routeOf(lane)}, 10, nil)
		w.start(debt)
		w.start(bill)
		w.run(time.Hour)
		w.expectTold(debt, map[string]int{"ordered": 10, "sent/email": 10})
		w.expectTold(bill, map[string]int{"ordered": 10, "sent/gosuslugi": 10, "received/gosuslugi": 10})
	})
}
