package api

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/api/intake"
	"vestnik/engine"
	"vestnik/templates"
)

// contentView is what a resident would read over one channel.
type contentView struct {
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	HTML    string `json:"html,omitempty"`
}

func contentViews(rendered map[engine.ChannelName]engine.Content) map[engine.ChannelName]contentView {
	views := make(map[engine.ChannelName]contentView, len(rendered))
	for name, content := range rendered {
		views[name] = contentView{content.Subject, content.Text, content.HTML}
	}
	return views
}

// messageView is a single message and what came of it.
type messageView struct {
	ID        engine.CampaignID  `json:"id"`
	Kind      engine.Kind        `json:"kind"`
	Mode      engine.Mode        `json:"mode"`
	Template  string             `json:"template"`
	Account   string             `json:"account"`
	Outcome   engine.Outcome     `json:"outcome"`
	Channel   engine.ChannelName `json:"channel,omitempty"`
	Reason    engine.Reason      `json:"reason,omitempty"`
	CreatedAt time.Time          `json:"created_at"`
	Facts     []factView         `json:"facts"`
}

// orderMessage sends one recipient one message now: a campaign of one that is not listed among campaigns.
func (s *Server) orderMessage(c echo.Context) error {
	f, o, err := readForm(c)
	if err != nil {
		return err
	}
	read, err := s.readOrder(c, o)
	if err != nil {
		return err
	}
	campaign := read.campaign
	campaign.Single = true
	campaign.Reference = o.text("reference", optional, 255)
	var person engine.Recipient
	if raw, ok := o.take("recipient", required); ok {
		person = f.oneRecipient(raw)
	}
	o.close()
	if len(f.mistakes) == 0 {
		f.mistakes = read.texts.mistakes(f.language, func(t *templates.Template) []engine.Problem { return t.Check(campaign.Vars, &person) })
	}
	if err := f.err(); err != nil {
		return err
	}
	if len(campaign.Route.Lanes) == 0 {
		campaign.Route = engine.DefaultRoute(campaign.Kind)
	}
	rendered, err := s.config.Engine.Preview(c.Request().Context(), campaign, person)
	if err != nil {
		return unrenderable(f.language, err)
	}
	if campaign, err = s.sendOne(c, campaign, person); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, map[string]any{"id": campaign.ID, "rendered": contentViews(rendered)})
}

// unrenderable tells that a message cannot be made, unless a store is to blame.
func unrenderable(language intake.Language, err error) error {
	if errors.Is(err, engine.ErrDown) || errors.Is(err, engine.ErrNotFound) {
		return err
	}
	return invalid(intake.Problem{Field: "recipient", Code: "cannot_render", Message: say(language, "cannot_render")})
}

func (s *Server) sendOne(c echo.Context, campaign engine.Campaign, person engine.Recipient) (engine.Campaign, error) {
	ctx := c.Request().Context()
	campaign, err := s.config.Engine.Order(ctx, campaign)
	if err != nil {
		return campaign, err
	}
	if _, err := s.config.Engine.Append(ctx, campaign, []engine.Recipient{person}); err != nil {
		return campaign, fmt.Errorf("store the recipient: %w", err)
	}
	return s.config.Engine.Start(ctx, campaign.ID)
}

func (s *Server) showMessage(c echo.Context) error {
	message, err := s.owned(c, c.Param("id"))
	if err != nil {
		return err
	}
	if !message.Single {
		return errNotFound
	}
	l := listing{server: s, campaign: message}
	found, _, err := l.next(c.Request().Context(), 1)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return errNotFound // a crash came between ordering it and naming its recipient: nobody was told of it
	}
	return c.JSON(http.StatusOK, messageView{
		ID: message.ID, Kind: message.Kind, Mode: message.Mode, Template: message.Template.String(), CreatedAt: message.CreatedAt,
		Account: found[0].Account, Outcome: found[0].Outcome, Channel: found[0].Channel, Reason: found[0].Reason, Facts: found[0].Facts,
	})
}
