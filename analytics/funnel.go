package analytics

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"vestnik/engine"
)

// By is what a report is broken down by.
type By string

// The dimensions of reports.
const (
	ByNone     By = ""
	ByKind     By = "kind"
	ByTemplate By = "template" // "bill-monthly@3"
	ByChannel  By = "channel"
	ByHouse    By = "house" // FIAS GUID; empty for recipients without one
	ByDay      By = "day"   // "2026-11-05": the day of the send in the provider's zone
)

// Known reports whether b is one of the dimensions.
func (b By) Known() bool {
	switch b {
	case ByNone, ByKind, ByTemplate, ByChannel, ByHouse, ByDay:
		return true
	}
	return false
}

// Query says what a funnel is wanted of.
type Query struct {
	Provider engine.ProviderID // required: nobody sees another's figures
	Mode     engine.Mode       // empty means engine.Live
	Campaign engine.CampaignID // empty: all of the provider's
	// From and To choose campaigns by when they were ordered: not before From, before To. Everything that came of them counts, whenever it
	// did. Zero: without bound.
	From, To time.Time
	By       By
	Zone     *time.Location // whose days ByDay goes by: an IANA zone whole hours from UTC; nil means UTC
}

// Report is a funnel and its breakdown.
type Report struct {
	Total  Funnel
	Groups []Group // in order of Key; nil for ByNone
}

// Group is one line of a breakdown.
type Group struct {
	Key string
	Funnel
}

// Funnel is how far recipients came. A recipient counts once a campaign at each stage; a later stage implies the earlier ones, paid
// excepted, as people pay unread bills.
//
// By channel and by day Ordered is whom the channel was tried for (on that day), and Paid are those who paid of those it was sent to. A
// recipient that was sent messages over two channels, or on two days, counts in both.
type Funnel struct {
	Stages [6]Stage // ordered, sent, received, opened, clicked, paid
	// Channels breaks it down once more. Nil by house, by day and by channel.
	Channels map[engine.ChannelName]Channel
}

// Stage is one stage of a funnel.
type Stage struct {
	Stage  engine.Fact
	Count  int64        // recipients
	Amount engine.Money // what they were asked for; at Paid, what came in, partial payments and all, each payment once
}

// Channel is what came of messages over one channel, in recipients. Sent, Received and Opened include what later stages imply.
type Channel struct {
	Sent, Received, Opened, Clicked int64
	Paid                            int64 // of those it was sent to
	Failed                          int64 // for good
	Bounced                         int64 // taken first, returned later: counts as sent, too
	Complained, Unsubscribed        int64
	OpenedByProxy                   int64 // a machine looked at the message on its own: no stage
}

// stages are the stages of a funnel, in order.
var stages = [6]engine.Fact{engine.Ordered, engine.Sent, engine.Received, engine.Opened, engine.Clicked, engine.Paid}

// newFunnel is a funnel of nobody.
func newFunnel() (f Funnel) {
	for i, stage := range stages {
		f.Stages[i].Stage = stage
	}
	return f
}

// Funnel counts recipients and roubles. A provider, or a campaign, that has nothing (yet) has a funnel of zeros.
func (h *History) Funnel(ctx context.Context, q Query) (Report, error) {
	if q.Provider == "" || !q.By.Known() {
		return Report{}, errors.New("a funnel needs a provider and a known dimension")
	}
	if q.Mode == "" {
		q.Mode = engine.Live
	}
	s := selection{provider: q.Provider, mode: q.Mode, from: q.From, to: q.To}
	if q.Campaign != "" {
		s.campaigns = []engine.CampaignID{q.Campaign}
	}
	total, lines, err := h.tables(ctx, s, q)
	if err != nil {
		return Report{}, fmt.Errorf("funnel by %q: %w", q.By, err)
	}
	report := Report{Total: total.whole()}
	if q.By != ByNone {
		report.Groups = lines.groups()
	}
	return report, nil
}

// tables asks for the total and for the lines of the breakdown, and for nothing twice.
func (h *History) tables(ctx context.Context, s selection, q Query) (total, lines table, err error) {
	switch q.By {
	case ByNone:
		total, err = h.table(ctx, s, sums(ByNone))
	case ByKind, ByTemplate: // a campaign has one of each, so the lines add up to the total
		err = together(
			func() (err error) { lines, err = h.table(ctx, s, sums(q.By)); return err },
			func() (err error) { total.paid, err = h.paid(ctx, s, sums(ByNone).paid); return err },
		)
		total.cells = lines.sum()
	case ByChannel: // the channels come with the total
		err = together(
			func() (err error) { total, err = h.table(ctx, s, sums(ByNone)); return err },
			func() (err error) { lines.paid, err = h.paid(ctx, s, paidByChannel()); return err },
		)
		lines.cells = total.channels()
	default:
		err = together(
			func() (err error) { total, err = h.table(ctx, s, sums(ByNone)); return err },
			func() (err error) { lines, err = h.table(ctx, s, breakdown(q.By, q.Zone)); return err },
		)
	}
	return total, lines, err
}

// FunnelMany counts recipients and roubles of several campaigns of one provider at once, in either mode: for lists. A campaign that has
// nothing (yet), or belongs to somebody else, has no funnel. Some thousands may be asked for.
func (h *History) FunnelMany(ctx context.Context, provider engine.ProviderID, campaigns []engine.CampaignID) (map[engine.CampaignID]Funnel, error) {
	found := make(map[engine.CampaignID]Funnel, len(campaigns))
	if len(campaigns) == 0 {
		return found, nil
	}
	lines, err := h.table(ctx, selection{provider: provider, campaigns: campaigns}, sums(byCampaign))
	if err != nil {
		return nil, fmt.Errorf("funnels of campaigns: %w", err)
	}
	for _, g := range lines.groups() {
		found[engine.CampaignID(g.Key)] = g.Funnel
	}
	return found, nil
}

// selection is whose figures are wanted. Every statement is bound to it.
type selection struct {
	provider  engine.ProviderID
	mode      engine.Mode // empty: either
	campaigns []engine.CampaignID
	from, to  time.Time
}

// arguments bind the placeholders of the CTE "chosen".
func (s selection) arguments() []any {
	campaigns := make([]string, len(s.campaigns))
	for i, id := range s.campaigns {
		campaigns[i] = string(id)
	}
	from, to := s.from, s.to
	if from.IsZero() {
		from = earliest
	}
	if to.IsZero() {
		to = latest
	}
	return []any{
		clickhouse.Named("provider", string(s.provider)),
		clickhouse.Named("mode", string(s.mode)),
		clickhouse.Named("campaigns", campaigns),
		clickhouse.Named("from", from.UTC().Format("2006-01-02 15:04:05.000")),
		clickhouse.Named("to", to.UTC().Format("2006-01-02 15:04:05.000")),
	}
}
