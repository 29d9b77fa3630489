package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/api/intake"
	"vestnik/engine"
)

// retryCampaign orders the undelivered of an ended campaign once more.
func (s *Server) retryCampaign(c echo.Context) error {
	old, err := s.campaignToChange(c)
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
	// A client that gives up must not leave half of it behind.
	again, err := s.config.Engine.Again(context.WithoutCancel(c.Request().Context()), old.ID)
	invalidOrder, reached := errors.AsType[*engine.InvalidError](err)
	switch {
	case errors.Is(err, engine.ErrNotFound):
		return fail(http.StatusNotFound, "audience_expired")
	case reached && invalidOrder.Problems[0].Code == "empty":
		f.wrong("recipients", "nobody_to_retry")
		return f.err()
	case err != nil:
		return err
	}
	return s.answerCampaign(c, http.StatusCreated, again)
}

// forecastView is what would become of a campaign if it began now, or at its send_at.
type forecastView struct {
	Recipients  int64                    `json:"recipients"`
	Channels    []engine.ChannelForecast `json:"channels"`
	Unreachable []unreachableView        `json:"unreachable"`
	Examples    []unreachedView          `json:"examples"`
	Begins      time.Time                `json:"begins"`
	Ends        time.Time                `json:"ends"`
}

// unreachableView is how many no lane would reach, and why.
type unreachableView struct {
	Reason     engine.Reason `json:"reason"`
	Text       string        `json:"text"`
	Recipients int64         `json:"recipients"`
}

// unreachedView is one of them.
type unreachedView struct {
	Account string        `json:"account"`
	Reason  engine.Reason `json:"reason"`
	Text    string        `json:"text"`
}

// dryRun forecasts a campaign; it changes nothing.
func (s *Server) dryRun(c echo.Context) error {
	campaign, err := s.campaign(c)
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
	forecast, err := s.config.Engine.Forecast(c.Request().Context(), campaign)
	if errors.Is(err, engine.ErrNotFound) {
		return fail(http.StatusNotFound, "audience_expired")
	}
	if err != nil {
		return fmt.Errorf("make a dry run of campaign %s: %w", campaign.ID, err)
	}
	return c.JSON(http.StatusOK, forecastViewOf(f.language, forecast))
}

func forecastViewOf(language intake.Language, f engine.Forecast) forecastView {
	v := forecastView{
		Recipients: f.Recipients, Channels: f.Channels, Begins: f.Begins.UTC(), Ends: f.Ends.UTC(), Unreachable: []unreachableView{}, Examples: []unreachedView{},
	}
	for _, u := range f.Unreachable {
		v.Unreachable = append(v.Unreachable, unreachableView{u.Reason, say(language, "reason."+string(u.Reason)), u.Recipients})
	}
	for _, u := range f.Examples {
		v.Examples = append(v.Examples, unreachedView{u.Account, u.Reason, say(language, "reason."+string(u.Reason))})
	}
	return v
}
