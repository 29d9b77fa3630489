package gosuslugi_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// declarer tells a stand of payments for bills that were placed there, with a clock of its own.
type declarer struct {
	*collector
	store     engine.Declarations
	documents []string
	booked    []engine.Payment
}

// newDeclarer places so many bills.
func newDeclarer(t *testing.T, s *gistest.Server, bills int) *declarer {
	d := &declarer{collector: newCollector(t, s), store: enginetest.NewMemory().Stores().Declarations}
	for i, r := range ready(t, s).Send(t.Context(), sender(s, engine.KindBill), messages(s, "m", bills)) {
		if r.Fault != nil || r.Document == "" || r.Document != r.ID {
			t.Fatalf("bill %d: %+v", i, r)
		}
		d.documents = append(d.documents, r.Document)
	}
	return d
}

func (d *declarer) desk() gosuslugi.Desk {
	return gosuslugi.Desk{Store: d.store, Placed: func(_ context.Context, _ engine.ProviderID, p engine.Payment) (string, []engine.Payment, error) {
		return p.DocumentID, d.booked, nil
	}}
}

func (d *declarer) declare(list ...engine.Payment) {
	d.Helper()
	if _, err := d.store.Declare(d.Context(), "p", list, d.now); err != nil {
		d.Fatal(err)
	}
}

// work goes on until nothing waits, over all the hours that takes.
func (d *declarer) work(told, failed int64) {
	d.Helper()
	for range 1000 {
		_, err := d.channel.Declare(d.Context(), d.from, d.desk())
		if _, waits := errors.AsType[*engine.Fault](err); err != nil && !waits {
			d.Fatal(err)
		}
		waiting, nowTold, nowFailed, err := d.store.Count(d.Context(), "p")
		if err != nil {
			d.Fatal(err)
		}
		if waiting == 0 {
			if nowTold != told || nowFailed != failed {
				d.Errorf("%d were told and %d failed, want %d and %d", nowTold, nowFailed, told, failed)
			}
			return
		}
		d.now = d.now.Add(20 * time.Second)
	}
	d.Fatal("it does not end")
}

// payment is the i-th payment, for the i-th bill.
func (d *declarer) payment(i int) engine.Payment {
	return engine.Payment{Reference: fmt.Sprint("desk-", i), DocumentID: d.documents[i], Amount: engine.Money(100_05 + i), PaidAt: d.now}
}

// own are the payments that the stand has from the organization.
func (d *declarer) own() (list []gistest.Order) {
	for _, o := range d.stand.Orders(org) {
		if o.Acceptor == org {
			list = append(list, o)
		}
	}
	return list
}

func TestPaymentsAreDeclared(t *testing.T) {
	s := stand(t, gistest.Options{Schemas: schemaDir, Polls: 1})
	d := newDeclarer(t, s, 4)
	nobody, elsewhere := d.payment(2), d.payment(3)
	nobody.DocumentID = "90АА999999-01-0001"
	d.booked = []engine.Payment{{Reference: "gis:77", DocumentID: elsewhere.DocumentID, Amount: elsewhere.Amount, PaidAt: d.now}}
	d.declare(d.payment(0), d.payment(1), nobody, elsewhere)
	d.work(3, 1)
	own := d.own()
	if len(own) != 2 || own[0].Kopecks+own[1].Kopecks != 20011 || s.Calls("importSupplierNotificationsOfOrderExecution") != 1 {
		t.Errorf("the stand was told %+v", own)
	}
	failed, err := d.store.Failed(t.Context(), "p", 10)
	if err != nil || len(failed) != 1 || failed[0].Reason != engine.BadAddress || failed[0].Code != "INT002000" {
		t.Errorf("failed: %+v (%v)", failed, err)
	}
	// What comes back from there is no new money.
	c := d.collector
	c.till = &till{paid: map[string]engine.Payment{}, undone: map[string]bool{}}
	s.Pay(org, gistest.Order{ID: "G", Document: d.documents[0], Kopecks: 700, Created: d.now})
	books := c.till.books()
	books.Sent = d.store.Sent
	for range 50 {
		if _, next, err := d.channel.Collect(t.Context(), d.from, books); err != nil {
			t.Fatal(err)
		} else {
			d.now = maxTime(d.now.Add(time.Second), next)
		}
	}
	c.want(700, "gis:G")
}

func TestABillThatIsNotPlacedYetIsWaitedFor(t *testing.T) {
	s := stand(t, gistest.Options{})
	d := newDeclarer(t, s, 1)
	p := d.payment(0)
	document := ""
	desk := gosuslugi.Desk{Store: d.store, Placed: func(context.Context, engine.ProviderID, engine.Payment) (string, []engine.Payment, error) {
		return document, nil, nil
	}}
	d.declare(p)
	begun := d.now
	for ; d.now.Sub(begun) < 100*time.Hour; d.now = d.now.Add(10 * time.Minute) {
		if d.now.Sub(begun) > 10*time.Hour && d.now.Sub(begun) < 11*time.Hour {
			document = p.DocumentID
		}
		if _, err := d.channel.Declare(t.Context(), d.from, desk); err != nil {
			t.Fatal(err)
		}
	}
	d.work(1, 0)
	d.declare(engine.Payment{Reference: "never", DocumentID: "", Amount: 1, PaidAt: d.now})
	document = ""
	for begun = d.now; d.now.Sub(begun) < 100*time.Hour; d.now = d.now.Add(time.Hour) {
		if _, err := d.channel.Declare(t.Context(), d.from, desk); err != nil {
			t.Fatal(err)
		}
	}
	d.work(1, 1)
}

// Whatever happens to a request or its answer: each payment is told, and once.
func TestNothingIsDeclaredTwice(t *testing.T) {
	const action = "importSupplier"
	for name, trouble := range map[string]gistest.Trouble{
		"nothing":                       {},
		"the answer is lost":            {Only: action, Cut: gistest.CutAfter, Requests: 1},
		"the request is lost":           {Only: action, Cut: gistest.CutBefore, Requests: 1},
		"overload":                      {Only: action, Code: "EXP001000", Requests: 2},
		"overload that took it":         {Only: action, Late: "EXP001000", Requests: 1},
		"HTML of a balancer":            {Only: action, Gateway: true, Requests: 3},
		"the result is forgotten":       {Only: "getState", Code: "INT002013", Requests: 1},
		"a poll that is cut":            {Only: "getState", Cut: gistest.CutAfter, Requests: 2},
		"a poll in a maintenance break": {Only: "getState", Code: "INT002029", Requests: 2},
		"no rights for an hour":         {Only: action, Code: "AUT011009", Requests: 3},
	} {
		t.Run(name, func(t *testing.T) {
			s := stand(t, gistest.Options{})
			d := newDeclarer(t, s, 25)
			s.Misbehave(trouble)
			for i := range d.documents {
				d.declare(d.payment(i))
			}
			d.work(25, 0)
			if own := d.own(); len(own) != 25 {
				t.Errorf("the stand has %d payments of 25", len(own))
			}
		})
	}
}
