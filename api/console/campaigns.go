package console

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"vestnik/analytics"
	"vestnik/engine"
)

// How much stands on a page, and how long the history may think about it.
const (
	pageLength      = 25
	historyPatience = 3 * time.Second
)

// list is the page of campaigns.
type list struct {
	Overview *overview // nil: there is none to show
	Items    []item
	Away     bool   // the history cannot be reached
	Newest   string // address of the first page; empty: this is it
	Older    string // address of the next page; empty: this is the last
	First    *first // how to order the first campaign; nil: there are some
}

// item is a campaign in the list.
type item struct {
	head
	Ledger  ledger
	Done    string // how many are at their end, in per cent
	Opened  string // empty: not known
	Paid    string // what came in; empty: not known, or nothing is to be paid
	Started moment
}

// head is what a campaign is called and where it stands.
type head struct {
	Address            string
	Name, Kind, Status string
	Class              string // of the status
	Test, Urgent       bool
	People             string // with the noun
	Count              string // without
}

func (v voice) headOf(c engine.Campaign, b engine.Balance) head {
	return head{
		Address: home + "/campaigns/" + string(c.ID), Name: c.Name, Kind: v.Say("kind." + string(c.Kind)),
		Status: v.Say("status." + string(c.Status)), Class: string(c.Status), Test: c.Mode == engine.Test, Urgent: c.Urgent,
		People: v.count(b.Ordered, recipients), Count: v.number(b.Ordered),
	}
}

// showCampaigns shows a page of the provider's campaigns, newest first.
func showCampaigns(v *visit) error {
	ctx := v.r.Context()
	cursor := v.r.URL.Query().Get("cursor")
	found, next, err := v.stores.Registry.Campaigns(ctx, v.key.Provider, cursor, pageLength)
	if err != nil {
		return fmt.Errorf("list the campaigns: %w", err)
	}
	shown := list{}
	switch {
	case len(found) > 0:
		shown.Overview, shown.Away = v.overview(ctx)
	case cursor == "":
		shown.First = &first{Base: v.PublicURL}
	}
	if cursor != "" {
		shown.Newest = home
	}
	if next != "" {
		shown.Older = home + "?" + url.Values{"cursor": {next}}.Encode()
	}
	funnels, known := v.funnels(ctx, found, shown.Away)
	shown.Away = !known
	every := slow
	for _, c := range found {
		b, err := v.balance(ctx, c)
		if err != nil {
			return err
		}
		shown.Items = append(shown.Items, v.itemOf(c, b, funnels))
		if c.Active() {
			every = quick
		}
	}
	p := v.page(v.Say("campaigns"), shown)
	p.Every = every.Milliseconds()
	return v.show(http.StatusOK, "campaigns", p)
}

func (v *visit) itemOf(c engine.Campaign, b engine.Balance, funnels map[engine.CampaignID]analytics.Funnel) item {
	i := item{
		head: v.headOf(c, b), Ledger: v.ledgerOf(b, !c.StartedAt.IsZero()), Done: v.percent(b.Ordered-b.InFlight, b.Ordered),
		Started: v.recent(c.StartedAt),
	}
	if f, known := funnels[c.ID]; known {
		i.Opened = v.percent(f.Stages[3].Count, f.Stages[1].Count)
		if c.Kind.Payable() {
			i.Paid = v.money(f.Stages[5].Amount)
		}
	}
	return i
}

// balance is the ledger of a campaign. Before anybody was fed into it, everybody waits; or was cancelled before it began.
func (v *visit) balance(ctx context.Context, c engine.Campaign) (engine.Balance, error) {
	b, err := v.stores.Ledger.Balance(ctx, c.ID)
	if err != nil {
		return b, fmt.Errorf("read the balance of campaign %s: %w", c.ID, err)
	}
	if b.Ordered > 0 {
		return b, nil
	}
	size, err := v.stores.Audience.Size(ctx, c.ID)
	if err != nil {
		return b, fmt.Errorf("read the size of campaign %s: %w", c.ID, err)
	}
	b.Ordered = size.Recipients
	if c.Status == engine.StatusCancelled && c.StartedAt.IsZero() {
		b.Cancelled = b.Ordered
	} else {
		b.InFlight = b.Ordered
	}
	return b, nil
}

// funnels asks the history about the campaigns of a page. When it is away (it may be known already) nothing else of the page is missing.
func (v *visit) funnels(ctx context.Context, campaigns []engine.Campaign, away bool) (map[engine.CampaignID]analytics.Funnel, bool) {
	if away || len(campaigns) == 0 {
		return nil, !away
	}
	ids := make([]engine.CampaignID, len(campaigns))
	for i, c := range campaigns {
		ids[i] = c.ID
	}
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	found, err := v.History.FunnelMany(ctx, v.key.Provider, ids)
	if err != nil {
		v.Log.Warn("the console shows no funnels", "error", err)
	}
	return found, err == nil
}

// first is what the empty list needs to tell how a campaign is ordered.
type first struct{ Base string }

// overview is the strip over the list: what came of all that was ordered within 30 days.
type overview struct {
	Test                                          bool
	Ordered, Sent, Opened, OpenedOf, Paid, PaidOf string
	Amount                                        string
}

// overview asks for the strip, and tells whether the history is away.
func (v *visit) overview(ctx context.Context) (shown *overview, away bool) {
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	f, err := v.overviews.ask(v.now, tenant{v.key.Provider, v.key.Mode}, func() (analytics.Funnel, error) {
		report, err := v.History.Funnel(ctx, analytics.Query{Provider: v.key.Provider, Mode: v.key.Mode, From: v.now.AddDate(0, 0, -30)})
		return report.Total, err
	})
	if err != nil {
		v.Log.Warn("the console shows no overview", "error", err)
		return nil, true
	}
	s := f.Stages
	return &overview{
		Test: v.key.Mode == engine.Test, Ordered: v.number(s[0].Count), Sent: v.number(s[1].Count), Opened: v.number(s[3].Count),
		OpenedOf: v.percent(s[3].Count, s[1].Count), Paid: v.number(s[5].Count), PaidOf: v.percent(s[5].Count, s[0].Count), Amount: v.money(s[5].Amount),
	}, false
}

// Bounds of the memory of overviews: an open page asks every other second, and thirty days do not change that fast.
const (
	overviewLife  = 5 * time.Second
	mostOverviews = 1000
)

// overviews remembers the funnels of the strip for a moment.
type overviews struct {
	mu    sync.Mutex
	known map[tenant]remembered
}

// tenant is whose overview it is: tests are counted apart.
type tenant struct {
	provider engine.ProviderID
	mode     engine.Mode
}

type remembered struct {
	funnel analytics.Funnel
	until  time.Time
}

func newOverviews() *overviews { return &overviews{known: map[tenant]remembered{}} }

func (o *overviews) ask(now time.Time, whose tenant, ask func() (analytics.Funnel, error)) (analytics.Funnel, error) {
	o.mu.Lock()
	found, there := o.known[whose]
	o.mu.Unlock()
	if there && now.Before(found.until) {
		return found.funnel, nil
	}
	funnel, err := ask()
	if err != nil {
		return funnel, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.known) >= mostOverviews {
		clear(o.known)
	}
	o.known[whose] = remembered{funnel, now.Add(overviewLife)}
	return funnel, nil
}
