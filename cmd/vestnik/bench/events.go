package bench

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"vestnik/analytics"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

// What a chunk of recipients tells the journal: all are sent to and receive, as the engine records it, and some open, a few at a time, as the
// tracking doors record it.
const (
	openRounds = 10
	openEach   = 20
	chunkFacts = 2*engine.ChunkSize + openRounds*openEach
)

// events has a loader move a full journal into an empty history.
func events(b *bed) (r Result, err error) {
	t, err := b.town()
	if err != nil {
		return r, err
	}
	t = b.withHistory(t)
	stores, lag, _, err := b.enrol(t)
	if err != nil {
		return r, err
	}
	chunks := max(1, b.options.N/chunkFacts)
	c := engine.Campaign{ID: engine.CampaignID(engine.NewID()), Provider: utility().ID, Mode: engine.Live, Kind: engine.KindBill,
		Template: engine.TemplateRef{Name: "bill-monthly", Version: 1}}
	if err := b.tellAll(stores.Journal, c, chunks); err != nil {
		return r, err
	}
	if err := b.migrate(t); err != nil {
		return r, err
	}
	h, err := b.house(house.Config{Config: t.config(config.RoleLoader)})
	if err != nil {
		return r, err
	}
	r.Work = fmt.Sprintf("%d facts in %d entries from the journal into ClickHouse", chunks*chunkFacts, chunks*(2+openRounds))
	if r.Measure, err = b.timed("vestnik", chunks*chunkFacts, "facts", func() error { return b.drained(lag) }); err != nil {
		return r, err
	}
	r.Goals = []Goal{atLeast("rate", 300_000, r.Rate)}
	if err := b.order(stores.Journal, c, chunks); err != nil {
		return r, err
	}
	return r, errors.Join(b.drained(lag), b.loaded(h.History, int64(chunks)))
}

// tellAll records the facts of a campaign.
func (b *bed) tellAll(journal engine.Journal, c engine.Campaign, chunks int) error {
	everybody, chance, now := engine.FirstMembers(engine.ChunkSize), rand.New(rand.NewPCG(1, 1)), time.Now()
	for chunk := range chunks {
		sent, received := c.Entry(engine.Sent, engine.Email, now), c.Entry(engine.Received, engine.Email, now)
		sent.Ordinals = engine.OrdinalsOf(chunk, everybody)
		received.Ordinals = sent.Ordinals
		list := []engine.Entry{sent, received}
		who := chance.Perm(engine.ChunkSize)
		for round := range openRounds {
			opened := c.Entry(engine.Opened, engine.Email, now.Add(time.Duration(round)*time.Minute))
			var members engine.Members
			for _, i := range who[round*openEach : (round+1)*openEach] {
				members.Add(i)
			}
			opened.Ordinals = engine.OrdinalsOf(chunk, members)
			list = append(list, opened)
		}
		for _, e := range list { // one by one: each is told by another worker or at another time
			if err := journal.Record(b.ctx, e); err != nil {
				return err
			}
		}
		b.show("Журнал // Journal", chunk+1, chunks)
	}
	return nil
}

// order records who was ordered, when the clock has stopped: funnels count nobody else.
func (b *bed) order(journal engine.Journal, c engine.Campaign, chunks int) error {
	for chunk := range chunks {
		e := c.Entry(engine.Ordered, engine.NoChannel, time.Now())
		e.Chunk, e.Ordinals = chunk, engine.OrdinalsOf(chunk, engine.FirstMembers(engine.ChunkSize))
		if err := journal.Record(b.ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// migrate makes the tables, so that the clock does not run for that.
func (b *bed) migrate(t town) error {
	history, box, err := house.OpenHistory(b.ctx, t.config(), b.options.Log)
	if err != nil {
		return err
	}
	return errors.Join(history.Migrate(b.ctx), history.Close(), box.Close())
}

// loaded checks that the history has every fact.
func (b *bed) loaded(history *analytics.History, chunks int64) error {
	report, err := history.Funnel(b.ctx, analytics.Query{Provider: utility().ID})
	if err != nil {
		return err
	}
	got := report.Total.Channels[engine.Email]
	if got.Sent != chunks*engine.ChunkSize || got.Received != chunks*engine.ChunkSize || got.Opened != chunks*openRounds*openEach {
		return fmt.Errorf("of %d chunks the history has %d sent, %d received and %d opened", chunks, got.Sent, got.Received, got.Opened)
	}
	return nil
}
