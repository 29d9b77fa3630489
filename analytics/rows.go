package analytics

import (
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"vestnik/engine"
)

// Types of columns as the migrations declare them.
const (
	word   = "LowCardinality(String)"
	moment = "DateTime64(3, 'UTC')"
)

// origin are the columns all rows begin with.
type origin struct{ providers, modes, campaigns []string }

var originColumns = []clickhouse.ColumnNameAndType{{Name: "provider", Type: word}, {Name: "mode", Type: word}, {Name: "campaign", Type: "String"}}

func (o *origin) add(e *engine.Entry) {
	o.providers = append(o.providers, string(e.Provider))
	o.modes = append(o.modes, string(e.Mode))
	o.campaigns = append(o.campaigns, string(e.Campaign))
}

func (o *origin) values() []any { return []any{o.providers, o.modes, o.campaigns} }

// entryRows are rows of entries: facts, an entry of the journal each.
type entryRows struct {
	origin
	facts, channels, reasons, codes []string
	at                              []time.Time
	ordinals                        [][]uint32
}

var entryColumns = append(originColumns[:3:3], []clickhouse.ColumnNameAndType{{Name: "fact", Type: word}, {Name: "channel", Type: word},
	{Name: "reason", Type: word}, {Name: "code", Type: word}, {Name: "at", Type: moment}, {Name: "ordinals", Type: "Array(UInt32)"}}...)

func (r *entryRows) add(e *engine.Entry) {
	r.origin.add(e)
	r.facts = append(r.facts, string(e.Fact))
	r.channels = append(r.channels, string(e.Channel))
	r.reasons = append(r.reasons, string(e.Reason))
	r.codes = append(r.codes, e.Code)
	r.at = append(r.at, e.At)
	list := make([]uint32, len(e.Ordinals))
	for i, ordinal := range e.Ordinals {
		list[i] = uint32(ordinal)
	}
	r.ordinals = append(r.ordinals, list)
}

func (r *entryRows) table() (string, []clickhouse.ColumnNameAndType) { return "entries", entryColumns }

func (r *entryRows) values() []any {
	return append(r.origin.values(), r.facts, r.channels, r.reasons, r.codes, r.at, r.ordinals)
}

// recipientRows are rows of recipients.
type recipientRows struct {
	origin
	ordinals                             []uint32
	kinds, templates                     []string
	versions                             []uint32
	at                                   []time.Time
	accounts, documents, periods, houses []string
	amounts                              []int64
	known                                []uint8
}

var recipientColumns = append(originColumns[:3:3], []clickhouse.ColumnNameAndType{{Name: "ordinal", Type: "UInt32"},
	{Name: "kind", Type: word}, {Name: "template", Type: word}, {Name: "version", Type: "UInt32"}, {Name: "at", Type: moment},
	{Name: "account", Type: "String"}, {Name: "document", Type: "String"}, {Name: "period", Type: word}, {Name: "house", Type: word},
	{Name: "amount", Type: "Int64"}, {Name: "known", Type: "UInt8"}}...)

// add appends a recipient; nil when nothing is known of it any more.
func (r *recipientRows) add(e *engine.Entry, ordinal engine.Ordinal, who *engine.Recipient) {
	known, amount := uint8(1), engine.Money(0)
	if who == nil {
		known, who = 0, new(engine.Recipient)
	}
	if who.Amount != nil {
		amount = *who.Amount
	}
	r.origin.add(e)
	r.ordinals = append(r.ordinals, uint32(ordinal))
	r.kinds = append(r.kinds, string(e.Kind))
	r.templates = append(r.templates, e.Template.Name)
	r.versions = append(r.versions, uint32(e.Template.Version))
	r.at = append(r.at, e.At)
	r.accounts = append(r.accounts, who.Account)
	r.documents = append(r.documents, who.DocumentID)
	r.periods = append(r.periods, who.Period)
	r.houses = append(r.houses, who.House)
	r.amounts = append(r.amounts, int64(amount))
	r.known = append(r.known, known)
}

func (r *recipientRows) table() (string, []clickhouse.ColumnNameAndType) {
	return "recipients", recipientColumns
}

func (r *recipientRows) values() []any {
	return append(r.origin.values(), r.ordinals, r.kinds, r.templates, r.versions, r.at, r.accounts, r.documents, r.periods, r.houses, r.amounts, r.known)
}

// paymentRows are rows of payments.
type paymentRows struct {
	origin
	ordinals   []uint32
	references []string
	amounts    []int64
	paidAt     []time.Time
}

var paymentColumns = append(originColumns[:3:3], []clickhouse.ColumnNameAndType{{Name: "ordinal", Type: "UInt32"},
	{Name: "reference", Type: "String"}, {Name: "amount", Type: "Int64"}, {Name: "paid_at", Type: moment}}...)

func (r *paymentRows) add(e *engine.Entry) {
	r.origin.add(e)
	r.ordinals = append(r.ordinals, uint32(e.Ordinals[0]))
	r.references = append(r.references, e.Payment.Reference)
	r.amounts = append(r.amounts, int64(e.Payment.Amount))
	r.paidAt = append(r.paidAt, e.Payment.PaidAt)
}

func (r *paymentRows) table() (string, []clickhouse.ColumnNameAndType) {
	return "payments", paymentColumns
}

func (r *paymentRows) values() []any {
	return append(r.origin.values(), r.ordinals, r.references, r.amounts, r.paidAt)
}

// asideRows are rows of aside.
type asideRows struct {
	ids, why, entries []string
	at                []time.Time
}

var asideColumns = []clickhouse.ColumnNameAndType{{Name: "id", Type: "String"}, {Name: "why", Type: "String"}, {Name: "entry", Type: "String"}, {Name: "at", Type: moment}}

func (r *asideRows) add(d *Delivery, why string, now time.Time) {
	r.ids = append(r.ids, d.ID)
	r.why = append(r.why, why)
	r.entries = append(r.entries, d.text())
	r.at = append(r.at, now)
}

func (r *asideRows) table() (string, []clickhouse.ColumnNameAndType) { return "aside", asideColumns }

func (r *asideRows) values() []any { return []any{r.ids, r.why, r.entries, r.at} }
