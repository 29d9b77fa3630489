package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/analytics"
	"vestnik/api/intake"
	"vestnik/engine"
)

// campaignView is a campaign as the API tells it.
type campaignView struct {
	ID         engine.CampaignID `json:"id"`
	Name       string            `json:"name"`
	Kind       engine.Kind       `json:"kind"`
	Mode       engine.Mode       `json:"mode"`
	Status     engine.Status     `json:"status"`
	Template   string            `json:"template"`
	Route      engine.Route      `json:"route"`
	Urgent     bool              `json:"urgent"`
	Reference  string            `json:"reference,omitempty"`
	Vars       json.RawMessage   `json:"vars,omitempty"`
	SendAt     time.Time         `json:"send_at,omitzero"`
	ExpiresAt  time.Time         `json:"expires_at,omitzero"`
	CreatedAt  time.Time         `json:"created_at"`
	StartedAt  time.Time         `json:"started_at,omitzero"`
	EndedAt    time.Time         `json:"ended_at,omitzero"`
	RetryOf    engine.CampaignID `json:"retry_of,omitempty"`
	RetriedBy  engine.CampaignID `json:"retried_by,omitempty"`
	Recipients int64             `json:"recipients"`
	Ledger     engine.Balance    `json:"ledger"`
	Funnel     []stageView       `json:"funnel"` // null: the history cannot be reached
	Channels   channelViews      `json:"channels"`
	WaitingFor []waitView        `json:"waiting_for,omitempty"`
	Warnings   []intake.Problem  `json:"warnings,omitempty"`
}

// view tells a campaign with its ledger; the funnel is added by withFunnels.
func (s *Server) view(ctx context.Context, c engine.Campaign) (campaignView, error) {
	size, err := s.config.Engine.Stores.Audience.Size(ctx, c.ID)
	if err != nil {
		return campaignView{}, fmt.Errorf("read the audience's size: %w", err)
	}
	balance, err := s.config.Engine.Stores.Ledger.Balance(ctx, c.ID)
	if err != nil {
		return campaignView{}, fmt.Errorf("read the balance: %w", err)
	}
	if balance.Ordered == 0 { // not fed yet
		balance.Ordered = size.Recipients
		if neverStarted(c) {
			balance.Cancelled = size.Recipients
		} else {
			balance.InFlight = size.Recipients
		}
	}
	return campaignView{
		ID: c.ID, Name: c.Name, Kind: c.Kind, Mode: c.Mode, Status: c.Status, Template: c.Template.String(), Route: c.Route,
		Urgent: c.Urgent, Reference: c.Reference, Vars: c.Vars, SendAt: c.SendAt, ExpiresAt: c.ExpiresAt,
		CreatedAt: c.CreatedAt, StartedAt: c.StartedAt, EndedAt: c.EndedAt, RetryOf: c.RetryOf, RetriedBy: c.RetriedBy,
		Recipients: size.Recipients, Ledger: balance,
	}, nil
}

// neverStarted reports whether a campaign was cancelled before anybody was on the way.
func neverStarted(c engine.Campaign) bool {
	return c.Status == engine.StatusCancelled && c.StartedAt.IsZero()
}

// withFunnels adds funnels to campaigns of one provider. When the history cannot be reached they stay null: what is on its way is known without it.
func (s *Server) withFunnels(c echo.Context, views ...*campaignView) error {
	ids := make([]engine.CampaignID, len(views))
	for i, v := range views {
		ids[i] = v.ID
	}
	funnels, err := s.config.History.FunnelMany(c.Request().Context(), caller(c).Provider, ids)
	if err != nil {
		s.config.Log.Warn("no funnels", "request_id", requestID(c), "error", err)
		return nil
	}
	for _, v := range views {
		funnel, there := funnels[v.ID]
		if !there {
			funnel = analytics.Funnel{Stages: emptyStages()}
		}
		v.Funnel, v.Channels = stageViews(funnel), channelViewsOf(funnel)
	}
	return nil
}

// answer tells one campaign whole.
func (s *Server) answerCampaign(c echo.Context, status int, campaign engine.Campaign, warnings ...intake.Problem) error {
	view, err := s.view(c.Request().Context(), campaign)
	if err != nil {
		return err
	}
	if err := s.withFunnels(c, &view); err != nil {
		return err
	}
	ctx, language := c.Request().Context(), languageOf(c.Request())
	if view.Warnings, err = s.reputation(ctx, language, campaign); err != nil {
		return err
	}
	view.Warnings = append(warnings, view.Warnings...)
	if view.WaitingFor, err = s.waitingFor(ctx, language, campaign, view.Ledger.InFlight); err != nil {
		return err
	}
	return c.JSON(status, view)
}

func (s *Server) listCampaigns(c echo.Context) error {
	q := readQuery(c)
	cursor, limit := q.take("cursor"), q.limit()
	if err := q.close(); err != nil {
		return err
	}
	ctx := c.Request().Context()
	found, next, err := s.config.Engine.Stores.Registry.Campaigns(ctx, caller(c).Provider, cursor, limit)
	if err != nil {
		return fmt.Errorf("list the campaigns: %w", err)
	}
	views := make([]campaignView, len(found))
	pointers := make([]*campaignView, len(found))
	for i, campaign := range found {
		if views[i], err = s.view(ctx, campaign); err != nil {
			return err
		}
		pointers[i] = &views[i]
	}
	if err := s.withFunnels(c, pointers...); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[campaignView]{views, next})
}

// page is one page of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next_cursor"` // empty at the end
}

func (s *Server) showCampaign(c echo.Context) error {
	campaign, err := s.campaign(c)
	if err != nil {
		return err
	}
	return s.answerCampaign(c, http.StatusOK, campaign)
}

// startCampaign begins a draft. A send_at in the body takes the place of the one the campaign was ordered with.
func (s *Server) startCampaign(c echo.Context) error {
	campaign, err := s.campaignToChange(c)
	if err != nil {
		return err
	}
	f, o, err := readForm(c)
	if err != nil {
		return err
	}
	sendAt := o.time("send_at", optional)
	o.close()
	if !sendAt.IsZero() && !campaign.ExpiresAt.IsZero() && !campaign.ExpiresAt.After(sendAt) {
		f.engineProblems("", []engine.Problem{{Field: "expires_at", Code: "out_of_range", Message: say(intake.English, "engine.out_of_range.expires_at")}})
	}
	if err := f.err(); err != nil {
		return err
	}
	ctx := c.Request().Context()
	if !sendAt.IsZero() {
		_, err = s.config.Engine.Stores.Registry.ChangeCampaign(ctx, campaign.ID, func(c *engine.Campaign) error {
			if c.Status != engine.StatusDraft {
				return &engine.StatusError{Status: c.Status, Wanted: "start"}
			}
			c.SendAt = sendAt
			return nil
		})
		if err != nil {
			return err
		}
	}
	if campaign, err = s.config.Engine.Start(ctx, campaign.ID); err != nil {
		return err
	}
	return s.answerCampaign(c, http.StatusAccepted, campaign)
}

func (s *Server) pauseCampaign(c echo.Context) error  { return s.turn(c, s.config.Engine.Pause) }
func (s *Server) resumeCampaign(c echo.Context) error { return s.turn(c, s.config.Engine.Resume) }
func (s *Server) cancelCampaign(c echo.Context) error { return s.turn(c, s.config.Engine.Cancel) }

// turn changes a campaign's life.
func (s *Server) turn(c echo.Context, change func(context.Context, engine.CampaignID) (engine.Campaign, error)) error {
	campaign, err := s.campaignToChange(c)
	if err != nil {
		return err
	}
	f, o, err := readForm(c)
	if err != nil {
		return err
	}
	if o.close(); f.err() != nil {
		return f.err()
	}
	if campaign, err = change(c.Request().Context(), campaign.ID); err != nil {
		return err
	}
	return s.answerCampaign(c, http.StatusAccepted, campaign)
}
