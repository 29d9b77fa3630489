package gosuslugi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// till is the books of a test: what counts, by reference.
type till struct {
	paid    map[string]engine.Payment
	undone  map[string]bool
	entered int
	broken  error
}

func (t *till) books() gosuslugi.Books {
	return gosuslugi.Books{
		Pay: func(_ context.Context, _ engine.ProviderID, list []engine.Payment) (r engine.PaymentReport, _ error) {
			if t.broken != nil {
				return r, t.broken
			}
			for _, p := range list {
				_, known := t.paid[p.Reference]
				t.entered++
				if known || t.undone[p.Reference] {
					r.Duplicates++
					continue
				}
				t.paid[p.Reference] = p
				r.Accepted, r.Matched = r.Accepted+1, r.Matched+1
			}
			return r, nil
		},
		Annul: func(_ context.Context, _ engine.ProviderID, list []engine.Payment) (n int, _ error) {
			for _, p := range list {
				if _, counted := t.paid[p.Reference]; counted {
					delete(t.paid, p.Reference)
					n++
				}
				t.undone[p.Reference] = true
			}
			return n, nil
		},
	}
}

func (t *till) sum() (sum engine.Money) {
	for _, p := range t.paid {
		sum += p.Amount
	}
	return sum
}

// collector collects payments of the stand with a clock of its own.
type collector struct {
	*testing.T
	stand   *gistest.Server
	channel *gosuslugi.Channel
	notes   engine.Notes
	till    *till
	now     time.Time
	from    engine.Provider
}

func newCollector(t *testing.T, s *gistest.Server) *collector {
	c := &collector{T: t, stand: s, notes: enginetest.NewMemory().Stores().Notes, till: &till{paid: map[string]engine.Payment{}, undone: map[string]bool{}},
		now: time.Now(), from: sender(s, engine.KindBill).Provider}
	c.from.Settings["gis.payments"] = "on"
	c.channel = open(t, gosuslugi.Config{Notes: c.notes, Now: func() time.Time { return c.now }})
	return c
}

// round collects until the next round would begin; what was put off is waited for.
func (c *collector) round() gosuslugi.Collection {
	c.Helper()
	begun := c.now
	for range 500 {
		_, _, err := c.channel.Collect(c.Context(), c.from, c.till.books())
		if _, waits := errors.AsType[*engine.Fault](err); err != nil && !waits {
			c.Fatal(err)
		}
		at, err := c.channel.Collected(c.Context(), c.from.ID)
		if err != nil {
			c.Fatal(err)
		}
		if at.Ack == "" && len(at.Todo) == 0 && at.Fault == "" && at.Until != "" && at.Next.After(begun) && at.Next.After(c.now) {
			c.now = at.Next
			return at
		}
		c.now = maxTime(c.now, at.Next)
	}
	c.Fatal("the round does not end")
	return gosuslugi.Collection{}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (c *collector) want(sum engine.Money, references ...string) {
	c.Helper()
	var got []string
	for reference := range c.till.paid {
		got = append(got, reference)
	}
	slices.Sort(got)
	slices.Sort(references)
	if c.till.sum() != sum || !slices.Equal(got, references) {
		c.Errorf("there are %v with a sum of %d, want %v with %d", got, c.till.sum(), references, sum)
	}
}

func TestPaymentsComeBack(t *testing.T) {
	s := stand(t, gistest.Options{Schemas: schemaDir, Polls: 1})
	c := newCollector(t, s)
	if at := c.round(); at.Takings != (gosuslugi.Takings{}) { // there is nothing: INT002012
		t.Errorf("of nothing there came %+v", at.Takings)
	}
	s.Pay(org, gistest.Order{ID: "A1", Document: "90АА000001-01-0001", Kopecks: 33065, Created: c.now})
	s.Pay(org, gistest.Order{ID: "A2", Account: "4000000001", Year: 2026, Month: 10, Kopecks: 100, Created: c.now.AddDate(0, 0, -1), Status: 2})
	s.Pay(org, gistest.Order{ID: "A3", Kopecks: 100, Created: c.now})
	s.Pay(org, gistest.Order{ID: "A4", Document: "90АА000001-01-0002", Kopecks: 500, Created: c.now, Status: 1})
	at := c.round()
	c.want(33165, "gis:A1", "gis:A2")
	if at.Takings != (gosuslugi.Takings{Matched: 2, Unread: 1}) {
		t.Errorf("taken: %+v", at.Takings)
	}
	if p := c.till.paid["gis:A2"]; p.Account != "4000000001" || p.Period != "2026-10" || p.DocumentID != "" {
		t.Errorf("by account: %+v", p)
	}
	if p := c.till.paid["gis:A1"]; p.DocumentID != "90АА000001-01-0001" || !gosuslugi.FromGIS(p) || p.PaidAt.After(c.now) {
		t.Errorf("by document: %+v", p)
	}
	c.round()
	c.want(33165, "gis:A1", "gis:A2") // the same days again
	s.Annul(org, "A1")
	c.round()
	c.want(100, "gis:A2")
	s.Annul(org, "A2")
	c.now = c.now.AddDate(0, 0, 20)
	c.round()
	c.want(0)
	if at, err := c.channel.Collected(t.Context(), "p"); err != nil || at.Takings.Annulled != 2 {
		t.Errorf("%+v (%v)", at, err)
	}
}

func TestPaymentsComePageByPage(t *testing.T) {
	s := stand(t, gistest.Options{Overlap: 1}) // each page begins with the end of the one before
	c := newCollector(t, s)
	want := make([]string, 1203)
	for i := range want {
		want[i] = "gis:" + s.Pay(org, gistest.Order{Document: "90АА000001-01-0001", Kopecks: 1, Created: c.now.Add(-time.Duration(i%40) * time.Hour)})
	}
	// Whatever goes wrong at a page, it is asked for again and nothing counts twice.
	for i, trouble := range []gistest.Trouble{
		{}, {Only: "Paginal", Cut: gistest.CutAfter, Requests: 1}, {Only: "Paginal", Code: "EXP001000", Requests: 2}, {Only: "getState", Cut: gistest.CutAfter, Requests: 1},
		{Only: "getState", Gateway: true, Requests: 2}, {Only: "getState", Code: "INT002013", Requests: 1}, {Only: "Paginal", Late: "EXP001000", Requests: 1},
		{Only: "", Code: "INT002029", Requests: 5},
	} {
		again := newCollector(t, s)
		s.Misbehave(trouble)
		again.round()
		again.want(engine.Money(len(want)), slices.Clone(want)...)
		if i == 0 && again.till.entered != len(want)+2 {
			t.Errorf("%d payments were entered, want those at the pages' borders twice", again.till.entered)
		}
	}
}

func TestPaymentsAreCaughtUpWhenTheStandWasDown(t *testing.T) {
	s := stand(t, gistest.Options{})
	c := newCollector(t, s)
	c.round()
	s.Stop()
	for hour := range 30 {
		c.now = c.now.Add(time.Hour)
		s.Pay(org, gistest.Order{ID: fmt.Sprint("N", hour), Document: "90АА000001-01-0001", Kopecks: 100, Created: c.now})
		_, _, err := c.channel.Collect(t.Context(), c.from, c.till.books())
		if _, waits := errors.AsType[*engine.Fault](err); err != nil && !waits {
			t.Fatal(err)
		}
	}
	if at, err := c.channel.Collected(t.Context(), "p"); err != nil || at.Fault == "" || len(c.till.paid) > 0 {
		t.Errorf("while the stand is down: %+v (%v)", at, err)
	}
	if err := s.Resume(); err != nil {
		t.Fatal(err)
	}
	c.now = c.now.Add(time.Hour)
	c.round()
	if len(c.till.paid) != 30 {
		t.Errorf("%d payments of 30 were caught up", len(c.till.paid))
	}
}

func TestPaymentsAreAskedForAgainWhenTheBooksAreClosed(t *testing.T) {
	s := stand(t, gistest.Options{})
	c := newCollector(t, s)
	s.Pay(org, gistest.Order{ID: "A", Document: "90АА000001-01-0001", Kopecks: 100, Created: c.now})
	c.till.broken = errors.New("down")
	var failed error
	for range 20 {
		if _, _, err := c.channel.Collect(t.Context(), c.from, c.till.books()); err != nil {
			failed = err
			break
		}
		at, _ := c.channel.Collected(t.Context(), c.from.ID)
		c.now = maxTime(c.now, at.Next)
	}
	if !errors.Is(failed, c.till.broken) {
		t.Fatalf("the books were never asked: %v", failed)
	}
	c.till.broken = nil
	c.round()
	c.want(100, "gis:A")
}
