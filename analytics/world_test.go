package analytics_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"vestnik/analytics"
	"vestnik/engine"
)

// journal is a Source in memory: what was read and not acknowledged comes again when the journal is wound back.
type journal struct {
	mu      sync.Mutex
	waiting []analytics.Delivery
	out     map[string]bool
	acked   map[string]bool
	empty   func() // told when everything is acknowledged
}

func newJournal(deliveries ...analytics.Delivery) *journal {
	return &journal{waiting: deliveries, out: make(map[string]bool), acked: make(map[string]bool), empty: func() {}}
}

func (j *journal) Read(_ context.Context, limit int) ([]analytics.Delivery, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := min(limit, len(j.waiting))
	list := slices.Clone(j.waiting[:n])
	j.waiting = j.waiting[n:]
	for _, d := range list {
		j.out[d.ID] = true
	}
	return list, nil
}

func (j *journal) Ack(_ context.Context, deliveries []analytics.Delivery) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, d := range deliveries {
		if !j.out[d.ID] {
			return errors.New("acknowledged what was not read")
		}
		delete(j.out, d.ID)
		j.acked[d.ID] = true
	}
	if len(j.out) == 0 && len(j.waiting) == 0 {
		j.empty()
	}
	return nil
}

// audience is chunks in memory.
type audience map[engine.CampaignID][][]engine.Recipient

func (a audience) Chunk(_ context.Context, id engine.CampaignID, chunk int) ([]engine.Recipient, error) {
	if chunk >= len(a[id]) || a[id][chunk] == nil {
		return nil, engine.ErrNotFound
	}
	return a[id][chunk], nil
}

// load runs a loader over the deliveries until the journal is empty.
func load(t testing.TB, h *analytics.History, who audience, o analytics.LoaderOptions, deliveries ...analytics.Delivery) {
	t.Helper()
	source := newJournal(deliveries...)
	o.Drain = time.Hour // whatever the machine: what hangs, the test's own time limit ends
	ctx, stop := context.WithCancel(t.Context())
	stop() // it drains and ends
	if err := analytics.NewLoader(h, source, who, o).Run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(source.acked) != len(deliveries) {
		t.Fatalf("%d of %d entries acknowledged", len(source.acked), len(deliveries))
	}
}

// deliver numbers entries.
func deliver(name string, entries ...engine.Entry) []analytics.Delivery {
	list := make([]analytics.Delivery, len(entries))
	for i, e := range entries {
		list[i] = analytics.Delivery{ID: fmt.Sprintf("%s-%d", name, i), Entry: e}
	}
	return list
}

// world is random history: what happened, as entries, and who it happened to.
type world struct {
	provider engine.ProviderID
	entries  []engine.Entry
	who      audience
	began    time.Time
}

var facts = []engine.Fact{engine.Sent, engine.Received, engine.Opened, engine.Clicked, engine.Deferred, engine.Failed, engine.Bounced, engine.Complained, engine.Unsubscribed, engine.OpenedByProxy}

// newWorld makes some campaigns of both modes with random facts about random recipients, payments included.
func newWorld(r *rand.Rand, provider engine.ProviderID, size int) *world {
	w := &world{provider: provider, who: make(audience), began: time.Now().UTC().Truncate(time.Hour).AddDate(0, -2, 0)}
	for i := range 6 {
		w.campaign(r, i, size)
	}
	return w
}

func (w *world) campaign(r *rand.Rand, number, size int) {
	kind := []engine.Kind{engine.KindBill, engine.KindDebt, engine.KindOutage}[number%3]
	base := engine.Entry{
		Provider: w.provider, Mode: engine.Live, Kind: kind,
		Campaign: engine.CampaignID(fmt.Sprintf("%s-%d", w.provider, number)),
		Template: engine.TemplateRef{Name: string(kind) + "-monthly", Version: number % 2},
		At:       w.began.AddDate(0, 0, 5*number),
	}
	if number == 4 {
		base.Mode = engine.Test
	}
	for chunk := range 1 + r.IntN(2) {
		w.who[base.Campaign] = append(w.who[base.Campaign], people(r, w.provider, size+r.IntN(size)))
		e := base
		e.Fact, e.Chunk = engine.Ordered, chunk
		e.Ordinals = engine.OrdinalsOf(chunk, engine.FirstMembers(len(w.who[base.Campaign][chunk])))
		w.entries = append(w.entries, e)
		for range 40 {
			w.happen(r, base, e.Ordinals)
		}
	}
}

func people(r *rand.Rand, provider engine.ProviderID, n int) []engine.Recipient {
	list := make([]engine.Recipient, n)
	for i := range list {
		list[i] = engine.Recipient{Account: fmt.Sprintf("%s/%d", provider, r.IntN(1000)), Name: "Иванов", Email: "ivanov@example.ru", DocumentID: fmt.Sprint("d", i), Period: "2026-10"}
		if r.IntN(5) > 0 {
			list[i].House = fmt.Sprintf("house-%d", r.IntN(4))
		}
		if r.IntN(5) > 0 {
			list[i].Amount = new(engine.Money(r.Int64N(1_000_000) - 100_000))
		}
	}
	return list
}

// happen adds one random entry about some of the recipients.
func (w *world) happen(r *rand.Rand, e engine.Entry, all engine.Ordinals) {
	e.At = e.At.Add(time.Duration(r.IntN(20*24*60)) * time.Minute).Add(time.Duration(r.IntN(1e9)))
	some := engine.Ordinals{}
	for _, o := range all {
		if r.IntN(8) == 0 {
			some = append(some, o)
		}
	}
	if len(some) == 0 {
		return
	}
	switch r.IntN(6) {
	case 0:
		e.Fact, e.Ordinals = engine.Paid, some
	case 1:
		e.Ordinals = some[:1]
		// Some references occur in several campaigns, as when a bill and a notice of its debt are paid at once.
		reference := r.IntN(60)
		e.Payment = &engine.Payment{Reference: fmt.Sprint("ref-", reference), Amount: engine.Money(1000 + reference), PaidAt: e.At}
	default:
		e.Fact, e.Ordinals = facts[r.IntN(len(facts))], some
		e.Channel = engine.ChannelNames()[r.IntN(3)]
		if e.Fact == engine.Failed {
			e.Reason, e.Code = engine.Refused, "550 5.1.1"
		}
	}
	w.entries = append(w.entries, e)
}
