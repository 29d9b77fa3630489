package analytics

import (
	"slices"
	"strings"
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

// runs are ordinals as they travel to ClickHouse: row by row, where each run of neighbours begins and how many it has.
type runs struct{ firsts, counts [][]uint32 }

var runColumns = []clickhouse.ColumnNameAndType{{Name: "firsts", Type: "Array(UInt32)"}, {Name: "counts", Type: "Array(UInt32)"}}

// add appends a row.
func (r *runs) add(ordinals engine.Ordinals) {
	var firsts, counts []uint32
	for i, ordinal := range ordinals {
		if i > 0 && ordinal == ordinals[i-1]+1 {
			counts[len(counts)-1]++
			continue
		}
		firsts, counts = append(firsts, uint32(ordinal)), append(counts, 1)
	}
	r.firsts, r.counts = append(r.firsts, firsts), append(r.counts, counts)
}

func (r *runs) values() []any { return []any{r.firsts, r.counts} }

// factRows are rows of happened: facts, an entry of the journal each, or more if it is about several chunks.
type factRows struct {
	origin
	facts, channels, reasons, codes []string
	at                              []time.Time
	chunks                          []uint32
	runs
}

var factColumns = slices.Concat(originColumns, []clickhouse.ColumnNameAndType{{Name: "fact", Type: word}, {Name: "channel", Type: word},
	{Name: "reason", Type: word}, {Name: "code", Type: word}, {Name: "at", Type: moment}, {Name: "chunk", Type: "UInt32"}}, runColumns)

func (r *factRows) add(e *engine.Entry) {
	for rest := e.Ordinals; len(rest) > 0; {
		chunk := rest[0].Chunk()
		n := slices.IndexFunc(rest, func(o engine.Ordinal) bool { return o.Chunk() != chunk })
		if n < 0 {
			n = len(rest)
		}
		r.origin.add(e)
		r.facts = append(r.facts, string(e.Fact))
		r.channels = append(r.channels, string(e.Channel))
		r.reasons = append(r.reasons, string(e.Reason))
		r.codes = append(r.codes, e.Code)
		r.at = append(r.at, e.At)
		r.chunks = append(r.chunks, uint32(chunk))
		r.runs.add(rest[:n])
		rest = rest[n:]
	}
}

func (r *factRows) table() (string, []clickhouse.ColumnNameAndType) { return "happened", factColumns }

func (r *factRows) values() []any {
	return slices.Concat(r.origin.values(), []any{r.facts, r.channels, r.reasons, r.codes, r.at, r.chunks}, r.runs.values())
}

// orderRows are rows of ordered: recipients, a chunk each.
type orderRows struct {
	origin
	kinds, templates []string
	versions         []uint32
	at               []time.Time
	runs
	accounts, documents, periods, houses []string // of a chunk, joined
	amounts                              [][]int64
	known                                [][]uint8

	digits digitRows // of the amounts
}

var orderColumns = slices.Concat(originColumns, []clickhouse.ColumnNameAndType{{Name: "kind", Type: word}, {Name: "template", Type: word},
	{Name: "version", Type: "UInt32"}, {Name: "at", Type: moment}}, runColumns, []clickhouse.ColumnNameAndType{{Name: "accounts", Type: "String"},
	{Name: "documents", Type: "String"}, {Name: "periods", Type: "String"}, {Name: "houses", Type: "String"},
	{Name: "amounts", Type: "Array(Int64)"}, {Name: "known", Type: "Array(UInt8)"}})

// add appends those of a chunk who were ordered, and tells of how many nothing is known any more.
func (r *orderRows) add(e *engine.Entry, ordinals engine.Ordinals, chunk []engine.Recipient) (unknown int) {
	n := len(ordinals)
	accounts := make(joined, 0, n*len("0000000000\x1f")) // the others may be empty
	var documents, periods, houses joined
	amounts, known := make([]int64, n), make([]uint8, n)
	nobody := new(engine.Recipient)
	for i, ordinal := range ordinals {
		who := nobody
		if ordinal.Chunk() == e.Chunk && ordinal.Index() < len(chunk) {
			who, known[i] = &chunk[ordinal.Index()], 1
		} else {
			unknown++
		}
		accounts.add(i, who.Account)
		documents.add(i, who.DocumentID)
		periods.add(i, who.Period)
		houses.add(i, who.House)
		if who.Amount != nil {
			amounts[i] = int64(*who.Amount)
		}
	}
	r.origin.add(e)
	r.kinds = append(r.kinds, string(e.Kind))
	r.templates = append(r.templates, e.Template.Name)
	r.versions = append(r.versions, uint32(e.Template.Version))
	r.at = append(r.at, e.At)
	r.runs.add(ordinals)
	r.digits.add(e, ordinals, amounts)
	r.accounts, r.documents = append(r.accounts, string(accounts)), append(r.documents, string(documents))
	r.periods, r.houses = append(r.periods, string(periods)), append(r.houses, string(houses))
	r.amounts, r.known = append(r.amounts, amounts), append(r.known, known)
	return unknown
}

func (r *orderRows) table() (string, []clickhouse.ColumnNameAndType) { return "ordered", orderColumns }

func (r *orderRows) values() []any {
	return slices.Concat(r.origin.values(), []any{r.kinds, r.templates, r.versions, r.at}, r.runs.values(),
		[]any{r.accounts, r.documents, r.periods, r.houses, r.amounts, r.known})
}

// joined is a column of a chunk in one text, as the door ordered takes it apart.
type joined []byte

const unitSeparator = 0x1F

// add appends the i-th value. One that has the separator in it, which no intake lets through, loses it rather than shift its neighbours.
func (j *joined) add(i int, value string) {
	if i > 0 {
		*j = append(*j, unitSeparator)
	}
	if strings.IndexByte(value, unitSeparator) >= 0 {
		value = strings.ReplaceAll(value, string(rune(unitSeparator)), " ")
	}
	*j = append(*j, value...)
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
