package analytics

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"vestnik/engine"
)

// block is what a list of deliveries comes to in rows, column by column.
type block struct {
	token   string // the same for the same deliveries: a block that is inserted again is dropped by the tables
	facts   int
	oldest  time.Time
	unknown int // recipients whose own data had expired

	happened factRows
	orders   orderRows
	payments paymentRows
	aside    asideRows
}

// compose makes the rows of deliveries. An error means that the audience could not be asked.
func compose(ctx context.Context, audience Audience, deliveries []Delivery) (*block, error) {
	b, names, now := new(block), sha256.New(), time.Now()
	b.oldest = now
	for i := range deliveries {
		d := &deliveries[i]
		fmt.Fprintf(names, "%d:%s", len(d.ID), d.ID)
		why := d.flaw()
		if why == "" {
			var err error
			if why, err = b.add(ctx, audience, &d.Entry); err != nil {
				return nil, err
			}
		}
		if why != "" {
			b.aside.add(d, why, now)
			continue
		}
		if d.Entry.At.Before(b.oldest) {
			b.oldest = d.Entry.At
		}
	}
	b.token = hex.EncodeToString(names.Sum(nil))
	return b, nil
}

// add appends the rows of one entry, or says why there are none.
func (b *block) add(ctx context.Context, audience Audience, e *engine.Entry) (why string, err error) {
	switch {
	case e.Payment != nil:
		b.payments.add(e)
		b.facts++
	case e.Fact == engine.Ordered:
		return b.order(ctx, audience, e)
	default:
		b.happened.add(e)
		b.facts += len(e.Ordinals)
	}
	return "", nil
}

// order appends the recipients of a chunk. Of one that has expired nothing is known but the ordinals.
func (b *block) order(ctx context.Context, audience Audience, e *engine.Entry) (why string, err error) {
	chunk, err := audience.Chunk(ctx, e.Campaign, e.Chunk)
	if err != nil && !errors.Is(err, engine.ErrNotFound) {
		return "", fmt.Errorf("read chunk %d of campaign %s: %w", e.Chunk, e.Campaign, err)
	}
	ordinals := e.Ordinals
	if len(ordinals) == 0 {
		ordinals = engine.OrdinalsOf(e.Chunk, engine.FirstMembers(len(chunk)))
	}
	if len(ordinals) == 0 {
		return "the chunk has expired and the entry does not say who was in it", nil
	}
	b.unknown += b.orders.add(e, ordinals, chunk)
	b.facts += len(ordinals)
	return "", nil
}

// insert writes the block. What was written before an error may stay: it is the same rows again when the block is.
func (b *block) insert(ctx context.Context, h *History) error {
	for _, rows := range []rows{&b.orders, &b.orders.digits, &b.happened, &b.payments, &b.aside} {
		if err := h.insert(ctx, b.token, rows); err != nil {
			return err
		}
	}
	return nil
}

// rows are rows of one table, in columns.
type rows interface {
	table() (name string, columns []clickhouse.ColumnNameAndType)
	values() []any // one slice a column, in their order
}

// insert writes rows in one block. The token makes the tables drop a block they already have; the views behind them decide for themselves, as
// the first attempt may have ended between the two.
func (h *History) insert(ctx context.Context, token string, r rows) error {
	name, columns := r.table()
	values := r.values()
	if first, ok := values[0].([]string); ok && len(first) == 0 {
		return nil
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithColumnNamesAndTypes(columns), clickhouse.WithSettings(clickhouse.Settings{
		"insert_deduplication_token":                         token,
		"deduplicate_blocks_in_dependent_materialized_views": 1,
		"optimize_on_insert":                                 0, // merges do it later, off the loader's path
		"compile_expressions":                                0, // compiling takes longer than what is compiled does to one block
	}))
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	batch, err := h.conn.PrepareBatch(ctx, "INSERT INTO "+name+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		return wrap("prepare rows of "+name, err)
	}
	defer batch.Close()
	for i, v := range values {
		if err := fill(batch.Column(i), v); err != nil {
			return fmt.Errorf("fill column %s.%s: %w", name, names[i], err)
		}
	}
	return discreet("insert into "+name, batch.Send())
}

// fill appends a column at once; only for arrays is row by row the fast way of clickhouse-go.
func fill(to driver.BatchColumn, values any) error {
	switch lists := values.(type) {
	case [][]uint32:
		return fillRows(to, lists)
	case [][]uint8:
		return fillRows(to, lists)
	case [][]int64:
		return fillRows(to, lists)
	}
	return to.Append(values)
}

func fillRows[T any](to driver.BatchColumn, lists [][]T) error {
	for _, list := range lists {
		if err := to.AppendRow(list); err != nil {
			return err
		}
	}
	return nil
}
