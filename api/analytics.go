package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/analytics"
	"vestnik/engine"
)

// History answers what happened; *analytics.History is one. Errors wrap engine.ErrDown when it cannot be reached.
type History interface {
	Funnel(ctx context.Context, q analytics.Query) (analytics.Report, error)
	FunnelMany(ctx context.Context, provider engine.ProviderID, campaigns []engine.CampaignID) (map[engine.CampaignID]analytics.Funnel, error)
	Facts(ctx context.Context, provider engine.ProviderID, campaign engine.CampaignID, ordinals []engine.Ordinal) (map[engine.Ordinal][]analytics.FactRow, error)
	Timeline(ctx context.Context, provider engine.ProviderID, mode engine.Mode, account string) ([]analytics.TimelineRow, error)
}

// stageView is one stage of a funnel.
type stageView struct {
	Stage  engine.Fact  `json:"stage"`
	Count  int64        `json:"count"`
	Amount engine.Money `json:"amount"`
}

// channelView is what came of messages over one channel.
type channelView struct {
	Sent         int64 `json:"sent"`
	Received     int64 `json:"received"`
	Opened       int64 `json:"opened"`
	Clicked      int64 `json:"clicked"`
	Paid         int64 `json:"paid"`
	Failed       int64 `json:"failed"`
	Bounced      int64 `json:"bounced"`
	Complained   int64 `json:"complained"`
	Unsubscribed int64 `json:"unsubscribed"`

	OpenedByProxy int64 `json:"opened_by_proxy"`
}

type channelViews map[engine.ChannelName]channelView

// funnelView is a funnel as the API tells it.
type funnelView struct {
	Funnel   []stageView  `json:"funnel"`
	Channels channelViews `json:"channels,omitempty"`
}

// groupView is one line of a breakdown.
type groupView struct {
	Key string `json:"key"`
	funnelView
}

// reportView is a funnel with its breakdown.
type reportView struct {
	By   analytics.By `json:"by,omitempty"`
	From time.Time    `json:"from,omitzero"`
	To   time.Time    `json:"to,omitzero"`
	funnelView
	Items []groupView `json:"items"`
}

func stageViews(f analytics.Funnel) []stageView {
	list := make([]stageView, len(f.Stages))
	for i, stage := range f.Stages {
		list[i] = stageView(stage)
	}
	return list
}

// emptyStages is the funnel of a campaign nothing has happened in yet.
func emptyStages() (stages [6]analytics.Stage) {
	for i, fact := range []engine.Fact{engine.Ordered, engine.Sent, engine.Received, engine.Opened, engine.Clicked, engine.Paid} {
		stages[i].Stage = fact
	}
	return stages
}

func channelViewsOf(f analytics.Funnel) channelViews {
	views := channelViews{}
	for name, ch := range f.Channels {
		views[name] = channelView(ch)
	}
	return views
}

func viewOf(f analytics.Funnel) funnelView {
	return funnelView{Funnel: stageViews(f), Channels: channelViewsOf(f)}
}

// answerFunnel asks the history and tells what it says.
func (s *Server) answerFunnel(c echo.Context, q analytics.Query) error {
	report, err := s.config.History.Funnel(c.Request().Context(), q)
	if err != nil {
		return err
	}
	view := reportView{By: q.By, From: q.From, To: q.To, funnelView: viewOf(report.Total), Items: make([]groupView, len(report.Groups))}
	for i, g := range report.Groups {
		view.Items[i] = groupView{g.Key, viewOf(g.Funnel)}
	}
	return c.JSON(http.StatusOK, view)
}

func (s *Server) campaignFunnel(c echo.Context) error {
	campaign, err := s.campaign(c)
	if err != nil {
		return err
	}
	q := readQuery(c)
	by := analytics.By(q.word("by", "channel", "house", "day", "template"))
	if err := q.close(); err != nil {
		return err
	}
	zone, err := s.zone(c)
	if err != nil {
		return err
	}
	return s.answerFunnel(c, analytics.Query{Provider: campaign.Provider, Mode: campaign.Mode, Campaign: campaign.ID, By: by, Zone: zone})
}

// zone is the time zone of the caller's provider, UTC if it has none.
func (s *Server) zone(c echo.Context) (*time.Location, error) {
	found, err := s.config.Engine.Stores.Registry.Provider(c.Request().Context(), caller(c).Provider)
	if err != nil {
		return nil, fmt.Errorf("read provider %s: %w", caller(c).Provider, err)
	}
	return new(engine.Recipient).Zone(found), nil
}

// providerFunnel tells the funnel of all that was ordered in a period. Days are the provider's, both included.
func (s *Server) providerFunnel(c echo.Context) error {
	zone, err := s.zone(c)
	if err != nil {
		return err
	}
	q := readQuery(c)
	by := analytics.By(q.word("by", "kind", "channel", "template", "house", "day"))
	from, _ := q.moment("from", zone)
	to, day := q.moment("to", zone)
	if day {
		to = to.AddDate(0, 0, 1)
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		q.wrong("from", "order")
	}
	if err := q.close(); err != nil {
		return err
	}
	key := caller(c)
	return s.answerFunnel(c, analytics.Query{Provider: key.Provider, Mode: key.Mode, From: from, To: to, By: by, Zone: zone})
}

// factView is a fact of one recipient.
type factView struct {
	Fact    engine.Fact        `json:"fact"`
	Channel engine.ChannelName `json:"channel,omitempty"`
	Reason  engine.Reason      `json:"reason,omitempty"`
	Code    string             `json:"code,omitempty"`
	At      time.Time          `json:"at"`
}

func factViews(rows []analytics.FactRow) []factView {
	list := make([]factView, len(rows))
	for i, row := range rows {
		list[i] = factView(row)
	}
	return list
}

// timelineView is one thing that was ordered for an account, and what came of it.
type timelineView struct {
	Campaign   engine.CampaignID `json:"campaign"`
	Kind       engine.Kind       `json:"kind"`
	Template   string            `json:"template"`
	OrderedAt  time.Time         `json:"ordered_at"`
	DocumentID string            `json:"document_id,omitempty"`
	Placed     string            `json:"placed_document_id,omitempty"`
	Period     string            `json:"period,omitempty"`
	Amount     engine.Money      `json:"amount,omitempty"`
	Facts      []factView        `json:"facts"`
	Payments   []paymentView     `json:"payments"`
}

type paymentView struct {
	Reference string       `json:"reference"`
	Amount    engine.Money `json:"amount"`
	PaidAt    time.Time    `json:"paid_at"`
}

func (s *Server) showTimeline(c echo.Context) error {
	if err := readQuery(c).close(); err != nil {
		return err
	}
	account := c.Param("account")
	if c.Request().URL.RawPath != "" { // then echo gives parts of the path as they were written
		var err error
		if account, err = url.PathUnescape(account); err != nil {
			return errNotFound
		}
	}
	key := caller(c)
	rows, err := s.config.History.Timeline(c.Request().Context(), key.Provider, key.Mode, account)
	if err != nil {
		return err
	}
	views := make([]timelineView, len(rows))
	for i, row := range rows {
		placed, err := s.config.Engine.Stores.Documents.Given(c.Request().Context(), row.Campaign, engine.Ordinals{row.Ordinal})
		if err != nil {
			return fmt.Errorf("read the documents of an account: %w", err)
		}
		views[i] = timelineView{
			Placed:   placed[0],
			Campaign: row.Campaign, Kind: row.Kind, Template: row.Template.String(), OrderedAt: row.OrderedAt, DocumentID: row.DocumentID,
			Period: row.Period, Amount: row.Amount, Facts: factViews(row.Facts), Payments: make([]paymentView, len(row.Payments)),
		}
		for k, p := range row.Payments {
			views[i].Payments[k] = paymentView(p)
		}
	}
	return c.JSON(http.StatusOK, page[timelineView]{Items: views})
}
