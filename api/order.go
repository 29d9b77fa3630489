package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
	"vestnik/templates"
)

// Library gives the templates; *templates.Library is one.
type Library interface {
	// Find gives the template of a reference; version 0 is the newest. One that is not there is engine.ErrNotFound.
	Find(ctx context.Context, ref engine.TemplateRef) (*templates.Template, error)
	// List tells about the newest version of every template, by name.
	List() []templates.Info
}

// order is what a campaign and a single message are ordered by.
type order struct {
	campaign engine.Campaign
	texts    texts // the campaign's first
}

// readOrder reads the members campaigns and messages have in common.
func (s *Server) readOrder(c echo.Context, o *object) (order, error) {
	key := caller(c)
	read := order{campaign: engine.Campaign{Provider: key.Provider, Mode: key.Mode}}
	campaign := &read.campaign
	campaign.Kind = engine.Kind(o.text("kind", required, 40))
	known := campaign.Kind.Known()
	if campaign.Kind != "" && !known {
		o.wrong("kind", "unknown", strings.Join(names(engine.Kinds()), ", "))
	}
	if raw, ok := o.take("route", optional); ok {
		var err error
		if campaign.Route, read.texts, err = s.orderedRoute(c, o, raw, campaign.Kind); err != nil {
			return read, err
		}
	}
	campaign.Vars = o.raw("vars")
	if len(campaign.Vars) > small {
		o.wrong("vars", "too_long", small)
	}
	if err := s.findTemplate(c, o, &read); err != nil {
		return read, err
	}
	o.mistakes = append(o.mistakes, read.texts.mistakes(o.language, func(t *templates.Template) []engine.Problem { return t.CheckVars(campaign.Vars) })...)
	return read, nil
}

// findTemplate pins the template of an order.
func (s *Server) findTemplate(c echo.Context, o *object, read *order) error {
	name := o.text("template", required, 80)
	if name == "" {
		return nil
	}
	ref, err := templates.ParseRef(name)
	if err != nil {
		o.wrong("template", "unknown_template")
		return nil
	}
	found, err := s.config.Library.Find(c.Request().Context(), ref)
	if errors.Is(err, engine.ErrNotFound) {
		o.wrong("template", "unknown_template")
		return nil
	}
	if err != nil {
		return fmt.Errorf("find template %s: %w", ref, err)
	}
	info := found.Info()
	read.campaign.Template = engine.TemplateRef{Name: info.Name, Version: info.Version}
	read.texts = texts{found}.and(read.texts...)
	if kind := read.campaign.Kind; kind.Known() && kind != info.Kind {
		o.wrong("template", "wrong_kind", info.Kind)
	}
	return nil
}

// orderCampaign writes a draft.
func (s *Server) orderCampaign(c echo.Context) error {
	f, o, err := readForm(c)
	if err != nil {
		return err
	}
	read, err := s.readOrder(c, o)
	if err != nil {
		return err
	}
	campaign := read.campaign
	campaign.Name = o.text("name", required, 200)
	campaign.Reference = o.text("reference", optional, 255)
	campaign.Urgent = o.flag("urgent")
	campaign.SendAt = o.time("send_at", optional)
	campaign.ExpiresAt = o.time("expires_at", optional)
	o.close()
	if err := f.err(); err != nil {
		return err
	}
	if campaign, err = s.config.Engine.Order(c.Request().Context(), campaign); err != nil {
		return err
	}
	return s.answerCampaign(c, http.StatusCreated, campaign, read.texts.warnings(f.language, "vars.", campaign.Vars)...)
}
