package analytics

import (
	"math/bits"

	"github.com/ClickHouse/clickhouse-go/v2"

	"vestnik/engine"
)

// digitRows are rows of digits: the amounts of a chunk in kopecks, cut into binary digits, and who has each.
type digitRows struct {
	providers, campaigns []string
	weights              []int64
	ordinals             [][]uint32
}

var digitColumns = []clickhouse.ColumnNameAndType{{Name: "provider", Type: word}, {Name: "campaign", Type: "String"},
	{Name: "weight", Type: "Int64"}, {Name: "ordinals", Type: "Array(UInt32)"}}

// add cuts amounts, which belong to the ordinals one by one. What is owed to the resident has digits of negative weight.
func (r *digitRows) add(e *engine.Entry, ordinals engine.Ordinals, amounts []int64) {
	var owed, overpaid [64][]uint32 // by digit: who has it
	for i, amount := range amounts {
		who, rest := &owed, uint64(amount)
		if amount < 0 {
			who, rest = &overpaid, -rest
		}
		for ; rest != 0; rest &= rest - 1 {
			digit := bits.TrailingZeros64(rest)
			if who[digit] == nil {
				who[digit] = make([]uint32, 0, len(ordinals))
			}
			who[digit] = append(who[digit], uint32(ordinals[i]))
		}
	}
	for digit := range 64 {
		r.put(e, 1<<digit, owed[digit])
		r.put(e, -1<<digit, overpaid[digit])
	}
}

func (r *digitRows) put(e *engine.Entry, weight int64, ordinals []uint32) {
	if len(ordinals) == 0 {
		return
	}
	r.providers = append(r.providers, string(e.Provider))
	r.campaigns = append(r.campaigns, string(e.Campaign))
	r.weights = append(r.weights, weight)
	r.ordinals = append(r.ordinals, ordinals)
}

func (r *digitRows) table() (string, []clickhouse.ColumnNameAndType) { return "digits", digitColumns }

func (r *digitRows) values() []any { return []any{r.providers, r.campaigns, r.weights, r.ordinals} }
