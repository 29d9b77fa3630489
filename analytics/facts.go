package analytics

import (
	"context"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"vestnik/engine"
)

// FactRow is something that happened to one recipient.
type FactRow struct {
	Fact    engine.Fact
	Channel engine.ChannelName
	Reason  engine.Reason
	Code    string    // the channel's own: "550 5.1.1"
	At      time.Time // UTC, in milliseconds; the first time, if the very same happened again
}

// Facts tells what happened to recipients of a campaign, each in order of time. Ordered is not told; a recipient nothing happened to is not
// in the map. Some ten thousand ordinals may be asked for at once.
func (h *History) Facts(ctx context.Context, provider engine.ProviderID, campaign engine.CampaignID, ordinals []engine.Ordinal) (map[engine.Ordinal][]FactRow, error) {
	found := make(map[engine.Ordinal][]FactRow, len(ordinals))
	if len(ordinals) == 0 {
		return found, nil
	}
	list, chunks := make([]uint32, len(ordinals)), make([]uint32, 0, 1)
	for i, o := range ordinals {
		list[i] = uint32(o)
		if chunk := uint32(o.Chunk()); !slices.Contains(chunks, chunk) {
			chunks = append(chunks, chunk)
		}
	}
	const statement = `SELECT ordinal, toString(fact), toString(channel), toString(reason), toString(code), min(at) AS first
FROM facts ARRAY JOIN ordinals AS ordinal
WHERE provider = {provider:String} AND campaign = {campaign:String} AND chunk IN {chunks:Array(UInt32)} AND ordinal IN {ordinals:Array(UInt32)}
GROUP BY ordinal, fact, channel, reason, code
ORDER BY ordinal, first, fact`
	rows, err := h.conn.Query(ctx, statement, clickhouse.Named("provider", string(provider)), clickhouse.Named("campaign", string(campaign)),
		clickhouse.Named("chunks", chunks), clickhouse.Named("ordinals", list))
	if err != nil {
		return nil, wrap("read facts", err)
	}
	err = each(rows, func() error {
		var ordinal uint32
		var fact FactRow
		if err := rows.Scan(&ordinal, (*string)(&fact.Fact), (*string)(&fact.Channel), (*string)(&fact.Reason), &fact.Code, &fact.At); err != nil {
			return err
		}
		found[engine.Ordinal(ordinal)] = append(found[engine.Ordinal(ordinal)], fact)
		return nil
	})
	return found, wrap("read facts", err)
}

// each scans all rows and closes them.
func each(rows driver.Rows, scan func() error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(); err != nil {
			return err
		}
	}
	return rows.Err()
}

// TimelineRow is one thing that was ordered for an account, and what came of it.
type TimelineRow struct {
	Campaign   engine.CampaignID
	Ordinal    engine.Ordinal
	Kind       engine.Kind
	Template   engine.TemplateRef
	OrderedAt  time.Time // UTC
	DocumentID string
	Period     string
	Amount     engine.Money // zero when none was asked for
	Facts      []FactRow    // in order of time
	Payments   []PaymentRow // in order of time
}

// PaymentRow is money that came in for a recipient.
type PaymentRow struct {
	Reference string
	Amount    engine.Money
	PaidAt    time.Time // UTC
}

// timelineLimit bounds a timeline: ten years of eight messages a month.
const timelineLimit = 1000

// Timeline tells all that was ordered for a provider's account, newest first, at most 1000, and what came of it. An account nobody has heard of
// has an empty one. Errors never hold the account.
func (h *History) Timeline(ctx context.Context, provider engine.ProviderID, mode engine.Mode, account string) ([]TimelineRow, error) {
	if account == "" {
		return nil, nil // recipients whose data has expired are nobody's
	}
	arguments := []any{clickhouse.Named("provider", string(provider)), clickhouse.Named("mode", string(mode)), clickhouse.Named("account", account)}
	list, err := h.ordered(ctx, arguments)
	if err != nil || len(list) == 0 {
		return list, discreet("read the orders of an account", err)
	}
	at := make(map[handle]*TimelineRow, len(list))
	for i := range list {
		at[handle{list[i].Campaign, list[i].Ordinal}] = &list[i]
	}
	if err := h.befallen(ctx, arguments, at); err != nil {
		return nil, discreet("read the facts of an account", err)
	}
	if err := h.received(ctx, arguments, at); err != nil {
		return nil, discreet("read the payments of an account", err)
	}
	return list, nil
}

// handle names a recipient of a provider.
type handle struct {
	campaign engine.CampaignID
	ordinal  engine.Ordinal
}

// whose chooses the recipients of the account.
const (
	whose  = `provider = {provider:String} AND (campaign, ordinal) IN (` + theirs + `)`
	theirs = `SELECT campaign, ordinal FROM recipients
	WHERE provider = {provider:String} AND mode = {mode:String} AND account = {account:String}`
)

// ordered reads what was ordered for the account.
func (h *History) ordered(ctx context.Context, arguments []any) ([]TimelineRow, error) {
	const statement = `SELECT campaign, ordinal, toString(any(kind)), toString(any(template)), any(version), min(at) AS first,
	any(document), toString(any(period)), any(amount)
FROM recipients
WHERE provider = {provider:String} AND mode = {mode:String} AND account = {account:String}
GROUP BY campaign, ordinal
ORDER BY first DESC, campaign, ordinal
LIMIT {limit:UInt32}`
	rows, err := h.conn.Query(ctx, statement, append(arguments, clickhouse.Named("limit", uint32(timelineLimit)))...)
	if err != nil {
		return nil, err
	}
	var list []TimelineRow
	err = each(rows, func() error {
		var r TimelineRow
		var version uint32
		err := rows.Scan((*string)(&r.Campaign), (*uint32)(&r.Ordinal), (*string)(&r.Kind), &r.Template.Name, &version, &r.OrderedAt,
			&r.DocumentID, &r.Period, (*int64)(&r.Amount))
		r.Template.Version = int(version)
		list = append(list, r)
		return err
	})
	return list, err
}

// befallen adds what happened.
func (h *History) befallen(ctx context.Context, arguments []any, at map[handle]*TimelineRow) error {
	const statement = `SELECT campaign, ordinal, toString(fact), toString(channel), toString(reason), toString(code), min(at) AS first
FROM facts ARRAY JOIN ordinals AS ordinal
WHERE (campaign, chunk) IN (SELECT campaign, intDiv(ordinal, {size:UInt32}) FROM (` + theirs + `)) AND ` + whose + `
GROUP BY campaign, ordinal, fact, channel, reason, code
ORDER BY first, fact`
	rows, err := h.conn.Query(ctx, statement, append(arguments, clickhouse.Named("size", uint32(engine.ChunkSize)))...)
	if err != nil {
		return err
	}
	return each(rows, func() error {
		var who handle
		var f FactRow
		err := rows.Scan((*string)(&who.campaign), (*uint32)(&who.ordinal), (*string)(&f.Fact), (*string)(&f.Channel), (*string)(&f.Reason), &f.Code, &f.At)
		if r := at[who]; r != nil {
			r.Facts = append(r.Facts, f)
		}
		return err
	})
}

// received adds what was paid.
func (h *History) received(ctx context.Context, arguments []any, at map[handle]*TimelineRow) error {
	const statement = `SELECT campaign, ordinal, reference, max(amount), min(paid_at) AS first
FROM payments WHERE ` + whose + `
GROUP BY campaign, ordinal, reference
ORDER BY first, reference`
	rows, err := h.conn.Query(ctx, statement, arguments...)
	if err != nil {
		return err
	}
	return each(rows, func() error {
		var who handle
		var p PaymentRow
		err := rows.Scan((*string)(&who.campaign), (*uint32)(&who.ordinal), &p.Reference, (*int64)(&p.Amount), &p.PaidAt)
		if r := at[who]; r != nil {
			r.Payments = append(r.Payments, p)
		}
		return err
	})
}
