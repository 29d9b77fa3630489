package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
)

// maxToken is longer than any token; nothing longer is even read.
const maxToken = 96

// pixel is a transparent GIF of one pixel.
var pixel = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x01D\x00;")

// pass reads the token of an address for one act. A token that is not ours is engine.ErrNotFound; nothing is asked of a store for it.
func (s *Server) pass(c echo.Context, act engine.Act) (engine.Pass, error) {
	token := c.Param("token")
	if len(token) > maxToken {
		return engine.Pass{}, engine.ErrNotFound
	}
	pass, err := s.config.Engine.Tokens.Read(token, act)
	if err != nil {
		return engine.Pass{}, engine.ErrNotFound
	}
	return pass, nil
}

// observe records that the bearer of a pass did something, and returns when that is durable.
func (s *Server) observe(c echo.Context, pass engine.Pass, fact engine.Fact) error {
	return s.doors.observe(c.Request().Context(), engine.Observation{
		Campaign: pass.Campaign, Ordinal: pass.Ordinal, Channel: pass.Channel, Fact: fact, At: time.Now().UTC().Truncate(time.Millisecond),
	})
}

// trackOpen answers with the picture; asked by HEAD, without it.
func (s *Server) trackOpen(c echo.Context) error {
	pass, err := s.pass(c, engine.ActOpen)
	if err == nil {
		err = s.observe(c, pass, factOf(c.Request(), pass, engine.Opened))
	}
	if err != nil {
		return s.turnAway(c, err)
	}
	return c.Blob(http.StatusOK, "image/gif", pixel)
}

// trackClick leads on to where the link leads, whoever asks.
func (s *Server) trackClick(c echo.Context) error {
	pass, where, err := s.destination(c)
	if err == nil {
		err = s.observe(c, pass, factOf(c.Request(), pass, engine.Clicked))
	}
	if err != nil {
		return s.turnAway(c, err)
	}
	return c.Redirect(http.StatusFound, where)
}

// destination gives where a tracked link leads. It is in the message, never in the address, so no address of ours can be made to lead elsewhere.
func (s *Server) destination(c echo.Context) (engine.Pass, string, error) {
	pass, err := s.pass(c, engine.ActClick)
	if err != nil {
		return pass, "", err
	}
	where, err := s.config.Engine.Destination(c.Request().Context(), pass)
	if err != nil {
		return pass, "", err
	}
	if !strings.HasPrefix(where, "https://") && !strings.HasPrefix(where, "http://") {
		return pass, "", fmt.Errorf("a link leads to no web address: %w", engine.ErrNotFound)
	}
	return pass, where, nil
}

// askUnsubscribe shows a page with a button. Following a link must not unsubscribe: mail scanners follow all of them.
func (s *Server) askUnsubscribe(c echo.Context) error {
	pass, err := s.pass(c, engine.ActUnsubscribe)
	if err != nil {
		return s.turnAway(c, err)
	}
	name, what, err := s.sendersOwn(c, pass)
	if err != nil {
		return s.turnAway(c, err)
	}
	return s.showPage(c, http.StatusOK, "unsubscribe"+what, name)
}

// unsubscribe takes the button of the page and the one-click POST of mail programs (RFC 8058) alike; what the body says does not matter.
func (s *Server) unsubscribe(c echo.Context) error {
	pass, err := s.pass(c, engine.ActUnsubscribe)
	if err != nil {
		return s.turnAway(c, err)
	}
	name, what, err := s.sendersOwn(c, pass)
	if err == nil {
		err = s.observe(c, pass, engine.Unsubscribed)
	}
	if err != nil {
		return s.turnAway(c, err)
	}
	return s.showPage(c, http.StatusOK, "unsubscribed"+what, name)
}

// sendersOwn is who wrote the message a pass belongs to, and which pages tell what unsubscribing from it means.
func (s *Server) sendersOwn(c echo.Context, pass engine.Pass) (name, what string, err error) {
	campaign, sender, err := s.sender(c, pass)
	if err == nil && campaign.Kind.Payable() {
		what = "_reminders"
	}
	return sender.Name, what, err
}

// sender is whose message a pass belongs to, and in which campaign it was sent.
func (s *Server) sender(c echo.Context, pass engine.Pass) (campaign engine.Campaign, sender engine.Provider, err error) {
	registry, ctx := s.config.Engine.Stores.Registry, c.Request().Context()
	if campaign, err = registry.Campaign(ctx, pass.Campaign); err != nil {
		return campaign, sender, fmt.Errorf("read campaign %s: %w", pass.Campaign, err)
	}
	if sender, err = registry.Provider(ctx, campaign.Provider); err != nil {
		return campaign, sender, fmt.Errorf("read provider %s: %w", campaign.Provider, err)
	}
	return campaign, sender, nil
}

// turnAway tells a resident, on a page, that a link is none of ours, or to come back later.
func (s *Server) turnAway(c echo.Context, err error) error {
	if errors.Is(err, engine.ErrNotFound) {
		return s.showPage(c, http.StatusNotFound, "not_found", "")
	}
	f := failureOf(err, languageOf(c.Request()))
	if f.status != http.StatusServiceUnavailable {
		return err
	}
	s.blame(c, err)
	c.Response().Header().Set("Retry-After", retryAfter)
	return s.showPage(c, f.status, "later", "")
}
