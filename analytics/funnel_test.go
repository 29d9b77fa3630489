package analytics_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"vestnik/analytics"
	"vestnik/engine"
)

var dimensions = []analytics.By{analytics.ByNone, analytics.ByKind, analytics.ByTemplate, analytics.ByChannel, analytics.ByHouse, analytics.ByDay}

// check compares the history's figures with the world's own.
func check(t *testing.T, h *analytics.History, w *world, q analytics.Query) {
	t.Helper()
	got, err := h.Funnel(t.Context(), q)
	if err != nil {
		t.Fatalf("by %q: %v", q.By, err)
	}
	if want := w.report(q); !reflect.DeepEqual(got, want) {
		t.Errorf("by %q, campaign %q, %s:\n got %+v\nwant %+v", q.By, q.Campaign, q.Mode, got, want)
	}
}

// checkAll compares every dimension, each also in a window, in the other mode, or of one campaign.
func checkAll(t *testing.T, h *analytics.History, w *world) {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Yekaterinburg")
	if err != nil {
		t.Fatal(err)
	}
	for i, by := range dimensions {
		q := analytics.Query{Provider: w.provider, Mode: engine.Live, By: by, Zone: zone}
		check(t, h, w, q)
		switch i % 3 {
		case 0:
			q.From, q.To = w.began.AddDate(0, 0, 5), w.began.AddDate(0, 0, 15)
		case 1:
			q.Mode = engine.Test
		case 2:
			q.Campaign = engine.CampaignID(fmt.Sprint(w.provider, "-1"))
		}
		check(t, h, w, q)
	}
}

func TestFunnelsOfRandomHistories(t *testing.T) {
	h := open(t)
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(r, engine.ProviderID(fmt.Sprint("random", seed)), 10+r.IntN(200))
		load(t, h, w.who, analytics.LoaderOptions{}, deliver(string(w.provider), w.entries...)...)
		checkAll(t, h, w)
	}
}

func TestReplayChangesNothing(t *testing.T) {
	h := open(t)
	r := rand.New(rand.NewPCG(7, 1))
	w := newWorld(r, "replay", 100)
	deliveries := deliver("replay", w.entries...)
	load(t, h, w.who, analytics.LoaderOptions{}, deliveries...)
	load(t, h, w.who, analytics.LoaderOptions{}, deliveries...)                  // the same block
	load(t, h, w.who, analytics.LoaderOptions{Facts: 1000}, deliveries...)       // in many small blocks
	load(t, h, nil, analytics.LoaderOptions{}, deliver("late", w.entries...)...) // after the audience has expired
	for i := range 3 {                                                           // out of order, in blocks of another cut, under other names
		r.Shuffle(len(deliveries), func(a, b int) { deliveries[a], deliveries[b] = deliveries[b], deliveries[a] })
		for n, part := range slices.Collect(slices.Chunk(deliveries, 17+i*31)) {
			for k := range part {
				part[k].ID = fmt.Sprintf("again-%d-%d-%d", i, n, k)
			}
			load(t, h, w.who, analytics.LoaderOptions{}, part...)
		}
	}
	checkAll(t, h, w)
}

func TestPaymentsBeforeTheCampaign(t *testing.T) {
	h := open(t)
	w := newWorld(rand.New(rand.NewPCG(9, 1)), "early", 60)
	order := func(e engine.Entry) int {
		switch {
		case e.Payment != nil:
			return 0
		case e.Fact != engine.Ordered:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(w.entries, func(a, b engine.Entry) int { return order(a) - order(b) })
	for i, e := range w.entries {
		if i == 0 || order(e) != order(w.entries[i-1]) {
			rest := w.entries[i:]
			end := slices.IndexFunc(rest, func(x engine.Entry) bool { return order(x) != order(e) })
			if end < 0 {
				end = len(rest)
			}
			load(t, h, w.who, analytics.LoaderOptions{}, deliver(fmt.Sprint("early", i), rest[:end]...)...)
		}
	}
	checkAll(t, h, w)
}

func TestPartialPaymentsAddUpAndReferencesCountOnce(t *testing.T) {
	h := open(t)
	at := time.Now().UTC().AddDate(0, 0, -3)
	base := engine.Entry{Provider: "payments", Campaign: "payments-1", Mode: engine.Live, Kind: engine.KindBill, At: at}
	who := audience{base.Campaign: {{{Account: "1", Amount: new(engine.Money(10_000))}, {Account: "2"}}}}
	pay := func(o engine.Ordinal, reference string, sum engine.Money) engine.Entry {
		e := base
		e.Ordinals, e.Payment = engine.Ordinals{o}, &engine.Payment{Reference: reference, Amount: sum, PaidAt: at}
		return e
	}
	ordered := base
	ordered.Fact, ordered.Ordinals = engine.Ordered, engine.Ordinals{0, 1}
	load(t, h, who, analytics.LoaderOptions{}, deliver("payments", pay(0, "a", 4_000), pay(0, "b", 6_000), pay(0, "a", 4_000), pay(1, "c", 1), ordered)...)
	load(t, h, who, analytics.LoaderOptions{}, deliver("payments-again", pay(0, "b", 6_000))...)
	r, err := h.Funnel(t.Context(), analytics.Query{Provider: base.Provider, Campaign: base.Campaign})
	if err != nil {
		t.Fatal(err)
	}
	if paid := r.Total.Stages[5]; paid.Amount != 10_001 || paid.Count != 0 {
		t.Errorf("paid %s by %d, want 100.01 by 0 (no fact says that anybody paid in full)", paid.Amount, paid.Count)
	}
	if ordered := r.Total.Stages[0]; ordered.Amount != 10_000 || ordered.Count != 2 {
		t.Errorf("ordered %s of %d", ordered.Amount, ordered.Count)
	}
}

func TestNobodySeesAnothersFigures(t *testing.T) {
	h := open(t)
	mine, theirs := newWorld(rand.New(rand.NewPCG(1, 2)), "mine", 50), newWorld(rand.New(rand.NewPCG(2, 2)), "theirs", 50)
	// The same campaign IDs, accounts and payment references under another provider are somebody else's.
	for i := range theirs.entries {
		e := &theirs.entries[i]
		if e.Fact == engine.Ordered {
			theirs.who["mine"+e.Campaign[len("theirs"):]] = theirs.who[e.Campaign]
		}
	}
	for i := range theirs.entries {
		theirs.entries[i].Campaign = "mine" + theirs.entries[i].Campaign[len("theirs"):]
	}
	load(t, h, mine.who, analytics.LoaderOptions{}, deliver("mine", mine.entries...)...)
	load(t, h, theirs.who, analytics.LoaderOptions{}, deliver("theirs", theirs.entries...)...)
	checkAll(t, h, mine)
	for _, by := range dimensions {
		check(t, h, theirs, analytics.Query{Provider: "theirs", Mode: engine.Live, By: by, Zone: time.UTC})
		r, err := h.Funnel(t.Context(), analytics.Query{Provider: "nobody", Campaign: "mine-1", By: by})
		if err != nil || r.Total.Stages[0].Count != 0 || len(r.Groups) != 0 {
			t.Errorf("by %q a stranger sees %+v, %v", by, r, err)
		}
	}
	many, err := h.FunnelMany(t.Context(), "nobody", []engine.CampaignID{"mine-1"})
	if err != nil || len(many) != 0 {
		t.Errorf("a stranger sees %+v, %v", many, err)
	}
}

func TestFunnelMany(t *testing.T) {
	h := open(t)
	w := newWorld(rand.New(rand.NewPCG(4, 2)), "many", 50)
	load(t, h, w.who, analytics.LoaderOptions{}, deliver("many", w.entries...)...)
	ids := []engine.CampaignID{"many-0", "many-4", "many-5", "many-none"}
	got, err := h.FunnelMany(context.Background(), "many", ids)
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[engine.CampaignID]analytics.Funnel)
	for _, id := range ids[:3] {
		mode := engine.Live
		if id == "many-4" {
			mode = engine.Test
		}
		want[id] = w.report(analytics.Query{Provider: "many", Campaign: id, Mode: mode}).Total
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}
