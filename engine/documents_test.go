package engine_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// pays reports one payment and expects whether it found somebody.
func (w *town) pays(p engine.Payment, matched int) {
	w.Helper()
	p.PaidAt = time.Now()
	report, err := w.engine.Pay(w.Context(), "p", engine.Live, []engine.Payment{p})
	if want := (engine.PaymentReport{Accepted: 1, Matched: matched, Unmatched: 1 - matched}); err != nil || report != want {
		w.Errorf("the report about %s is %+v (%v), want %+v", p.Reference, report, err, want)
	}
}

// credits gives the sums of the journal's payments of a campaign.
func (w *town) credits(c engine.Campaign) map[string]engine.Money {
	sums := map[string]engine.Money{}
	for _, e := range w.memory.Entries() {
		if e.Payment != nil && e.Campaign == c.ID {
			sums[e.Payment.Reference] = e.Payment.Amount
		}
	}
	return sums
}

// placing is a town whose bills are placed as documents that are named a minute later.
func placing(t *testing.T) (w *town, bill func(int, *engine.Recipient)) {
	w = simpleTown(t, engine.Email)
	w.confirmer(enginetest.Placed())
	amount := engine.Money(1000_00)
	return w, func(i int, r *engine.Recipient) {
		if r.Amount, r.Period = &amount, "2026-10"; i == 2 {
			r.DocumentID = "own-A2"
		}
	}
}

var billRoute = routeOf(engine.Lane{until(engine.Gosuslugi, 2*day, engine.Paid), {Channel: engine.Email}})

func TestPaymentsNameDocumentsAsTheyWerePlaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, bill := placing(t)
		c := w.order(engine.Campaign{Kind: engine.KindBill, Route: billRoute}, 4, bill)
		debt := w.order(engine.Campaign{Kind: engine.KindDebt, Route: routeOf(engine.Lane{until(engine.Email, 2*day, engine.Paid), {Channel: engine.Email}})}, 4, bill)
		w.start(c)
		w.start(debt)
		w.run(10 * time.Second)
		w.pays(engine.Payment{Reference: "early", DocumentID: "placed-A0", Amount: 1000_00}, 0) // before we were told the name
		w.run(2 * time.Minute)
		for document, want := range map[string]engine.Ordinal{"placed-A1": 1, "placed-A2": 2, "own-A2": 2} {
			if o, err := w.engine.FindDocument(t.Context(), c.ID, document); err != nil || o != want {
				t.Errorf("%s is %d's (%v), want %d's", document, o, err, want)
			}
		}
		if _, err := w.engine.FindDocument(t.Context(), debt.ID, "placed-A1"); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("a document of another campaign was found: %v", err)
		}
		w.pays(engine.Payment{Reference: "one", DocumentID: "placed-A1", Amount: 1000_00}, 1)
		w.pays(engine.Payment{Reference: "two", DocumentID: "placed-A2", Amount: 1000_00}, 1)
		w.pays(engine.Payment{Reference: "three", DocumentID: "nobody's", Account: "A3", Period: "2026-10", Amount: 400_00}, 1)
		w.run(5 * day)
		// The notice about the debt of the same month knows of A1, A2 by what was ordered; of A0 only the bill was told.
		w.expectTold(c, map[string]int{"ordered": 4, "payment": 4, "paid": 3, "sent/gosuslugi": 4, "received/gosuslugi": 4, "sent/email": 1})
		w.expectTold(debt, map[string]int{"ordered": 4, "payment": 3, "paid": 2, "sent/email": 4})
		people, _, _, err := w.engine.People(t.Context(), w.now(c), engine.Filter{}, 0, 10)
		if err != nil || len(people) != 4 || people[3].Placed != "placed-A3" {
			t.Errorf("the recipients are %+v (%v)", people, err)
		}
	})
}

func TestAnnulledPaymentsDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, bill := placing(t)
		c := w.order(engine.Campaign{Kind: engine.KindBill, Route: billRoute}, 4, bill)
		w.start(c)
		w.run(2 * time.Minute)
		half := engine.Payment{Reference: "half", DocumentID: "placed-A1", Amount: 500_00, PaidAt: time.Now()}
		w.pays(engine.Payment{Reference: "whole", DocumentID: "placed-A0", Amount: 1000_00}, 1)
		w.pays(half, 1)
		annul := func(want int, list ...engine.Payment) {
			t.Helper()
			if n, err := w.engine.Annul(t.Context(), "p", engine.Live, list); err != nil || n != want {
				t.Errorf("%d were annulled (%v), want %d", n, err, want)
			}
		}
		whole := engine.Payment{Reference: "whole", DocumentID: "placed-A0", Amount: 1000_00, PaidAt: time.Now()}
		never := engine.Payment{Reference: "never", DocumentID: "placed-A2", Amount: 1000_00, PaidAt: time.Now()}
		annul(2, whole, half, never)
		annul(0, whole, half, never)
		w.pays(engine.Payment{Reference: "rest", DocumentID: "placed-A1", Amount: 500_00}, 1) // is not enough any more
		report, err := w.engine.Pay(t.Context(), "p", engine.Live, []engine.Payment{whole, never})
		if err != nil || report != (engine.PaymentReport{Duplicates: 2}) {
			t.Errorf("after they were annulled: %+v (%v)", report, err)
		}
		w.run(5 * day)
		// Who was paid stays paid here. The next campaign begins with what counts then.
		w.expectTold(c, map[string]int{"ordered": 4, "payment": 2, "paid": 1, "sent/gosuslugi": 4, "received/gosuslugi": 4, "sent/email": 3})
		if sums := w.credits(c); sums["whole"]+sums["whole/annulled"] != 0 || sums["half"]+sums["half/annulled"] != 0 || sums["rest"] != 500_00 || len(sums) != 5 {
			t.Errorf("the history has %v", sums)
		}
		next := w.order(engine.Campaign{Kind: engine.KindDebt, Route: billRoute}, 4, bill)
		w.start(next)
		w.run(time.Minute)
		if sums := w.credits(next); len(sums) != 1 || sums["rest"] != 500_00 {
			t.Errorf("the next campaign begins with %v", sums)
		}
	})
}

func TestWherePaymentsAreToBeToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, bill := placing(t)
		c := w.order(engine.Campaign{Kind: engine.KindBill, Route: billRoute}, 3, bill)
		w.start(c)
		w.run(2 * time.Minute)
		w.pays(engine.Payment{Reference: "gis:1", DocumentID: "placed-A1", Amount: 100_00}, 1)
		for _, test := range []struct {
			payment  engine.Payment
			document string
			booked   int
		}{
			{engine.Payment{Account: "A0", Period: "2026-10"}, "placed-A0", 0},
			{engine.Payment{Account: "A1", Period: "2026-10"}, "placed-A1", 1},
			{engine.Payment{DocumentID: "placed-A1"}, "placed-A1", 1},
			{engine.Payment{DocumentID: "own-A2"}, "placed-A2", 0},
			{engine.Payment{Account: "A0", Period: "2026-09"}, "", 0},
			{engine.Payment{DocumentID: "nobody's"}, "", 0},
		} {
			document, booked, err := w.engine.Placed(t.Context(), "p", test.payment)
			if err != nil || document != test.document || len(booked) != test.booked {
				t.Errorf("%+v: %q with %d payments (%v), want %q with %d", test.payment, document, len(booked), err, test.document, test.booked)
			}
		}
		// What is to be told is taken once, and of a test not at all.
		p := engine.Payment{Reference: "desk", Account: "A0", Period: "2026-10", Amount: 1, PaidAt: time.Now(), ReportToGIS: true}
		for i, mode := range []engine.Mode{engine.Test, engine.Live, engine.Live} {
			report, err := w.engine.Pay(t.Context(), "p", mode, []engine.Payment{p})
			if want := i % 2; err != nil || report.Declared != want {
				t.Errorf("try %d: %+v (%v), want %d declared", i, report, err, want)
			}
		}
	})
}
