package analytics

import (
	"context"
	"encoding/json"
	"time"

	"vestnik/engine"
)

// Source hands out what waits in the journal.
type Source interface {
	// Read gives at most limit deliveries, oldest first. It waits briefly (about a second) when there are none, and may then return none. What was
	// read and never acknowledged is delivered again, to whoever reads, after a while.
	Read(ctx context.Context, limit int) ([]Delivery, error)
	// Ack says that these need never be delivered again.
	Ack(ctx context.Context, deliveries []Delivery) error
}

// Delivery is one entry of the journal on its way into the history.
type Delivery struct {
	ID     string // names the entry within the journal: the same entry always comes under the same ID
	Entry  engine.Entry
	Broken error // why the source could not read the entry; then Entry is worthless and the delivery is set aside
}

// Audience tells who was ordered; engine.Audience has it.
type Audience interface {
	// Chunk gives the recipients of one chunk. One that has expired is engine.ErrNotFound.
	Chunk(ctx context.Context, id engine.CampaignID, chunk int) ([]engine.Recipient, error)
}

// Meter counts what the loader does.
type Meter interface {
	// Loaded tells of entries that are in the history now and need not be delivered again, how many facts they held, and how long ago the oldest of
	// them happened.
	Loaded(entries, facts int, lag time.Duration)
	// Aside tells of entries that make no sense and were set aside in the table of that name. Anything but zero needs a person.
	Aside(entries int)
	// Stalled tells that the history could not be written and the loader waits for it.
	Stalled()
}

// noMeter counts nothing.
type noMeter struct{}

func (noMeter) Loaded(int, int, time.Duration) {}
func (noMeter) Aside(int)                      {}
func (noMeter) Stalled()                       {}

// The times ClickHouse can bucket (DateTime) with room on both sides for time zones.
var (
	earliest = time.Date(1971, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2105, 1, 1, 0, 0, 0, 0, time.UTC)
)

// flaw says in words why the delivery cannot be history; empty if it can. It names no values: they may be personal.
func (d *Delivery) flaw() string {
	e := &d.Entry
	switch {
	case d.Broken != nil:
		return "the entry cannot be read: " + d.Broken.Error()
	case e.Provider == "" || e.Campaign == "":
		return "the entry names no provider or no campaign"
	case e.Mode != engine.Live && e.Mode != engine.Test:
		return "the entry is neither live nor test"
	case !within(e.At):
		return "the time of the entry is out of range"
	case e.Payment != nil:
		return flawOfPayment(e)
	case !e.Fact.Known():
		return "the fact is unknown"
	case e.Fact != engine.Ordered && len(e.Ordinals) == 0:
		return "the fact happened to nobody"
	case e.Fact == engine.Ordered && e.Chunk < 0:
		return "the number of the chunk is negative"
	}
	return ""
}

func flawOfPayment(e *engine.Entry) string {
	switch {
	case len(e.Ordinals) != 1:
		return "the payment is not of exactly one recipient"
	case e.Payment.Reference == "":
		return "the payment has no reference"
	case e.Payment.Amount == 0:
		return "the payment has no sum"
	case !within(e.Payment.PaidAt):
		return "the time of the payment is out of range"
	}
	return ""
}

func within(t time.Time) bool { return t.After(earliest) && t.Before(latest) }

// text is the entry for a person to read.
func (d *Delivery) text() string {
	text, err := json.Marshal(d.Entry)
	if err != nil { // ordinals out of order: the rest may still explain it
		e := d.Entry
		e.Ordinals = nil
		if text, err = json.Marshal(e); err != nil {
			return ""
		}
	}
	return string(text)
}
