package engine_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

func TestPayments(t *testing.T) {
	amount := engine.Money(1000_00)
	pay := func(w *town, want engine.PaymentReport, payments ...engine.Payment) {
		w.Helper()
		got, err := w.engine.Pay(w.Context(), "p", engine.Live, payments)
		if err != nil || got != want {
			w.Errorf("the report is %+v (%v), want %+v", got, err, want)
		}
	}
	bill := func(i int, r *engine.Recipient) {
		r.Amount, r.Period, r.DocumentID = &amount, "2026-10", fmt.Sprint("D", i)
	}
	synctest.Test(t, func(t *testing.T) {
		w := simpleTown(t, engine.Gosuslugi, engine.Email)
		// Before the campaign: A0 in full, A1 in part.
		pay(w, engine.PaymentReport{Accepted: 2, Unmatched: 2},
			engine.Payment{Reference: "r0", DocumentID: "D0", Amount: 1000_00, PaidAt: time.Now()},
			engine.Payment{Reference: "r1", Account: "A1", Period: "2026-10", Amount: 400_00, PaidAt: time.Now()})
		c := w.order(engine.Campaign{Kind: engine.KindDebt}, 4, bill)
		w.start(c)
		w.run(time.Hour)
		w.expect(c, engine.StatusRunning, engine.Balance{Ordered: 4, Suppressed: 1, InFlight: 3})
		// The same reference counts once; another period is another debt; the rest of A1 makes it whole.
		pay(w, engine.PaymentReport{Accepted: 2, Matched: 1, Unmatched: 1, Duplicates: 1},
			engine.Payment{Reference: "r1", Account: "A1", Period: "2026-10", Amount: 400_00, PaidAt: time.Now()},
			engine.Payment{Reference: "r2", DocumentID: "D1", Amount: 600_00, PaidAt: time.Now()},
			engine.Payment{Reference: "r3", Account: "A2", Period: "2026-09", Amount: 1000_00, PaidAt: time.Now()})
		w.run(300 * time.Hour)
		w.expect(c, engine.StatusCompleted, engine.Balance{Ordered: 4, Suppressed: 1, Delivered: 3})
		w.expectTold(c, map[string]int{"ordered": 4, "payment": 2, "paid": 2, "sent/gosuslugi": 3, "sent/email": 2})
	})
}
