package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"vestnik/api/intake"
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
	template *templates.Template // nil: it was not found, which the form says
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
		campaign.Route = o.route(raw)
		if known && len(o.mistakes) == 0 {
			o.engineProblems("", campaign.Route.Check(campaign.Kind))
		}
	}
	campaign.Vars = o.raw("vars")
	if len(campaign.Vars) > small {
		o.wrong("vars", "too_long", small)
	}
	return read, s.findTemplate(c, o, &read)
}

// findTemplate pins the template of an order and checks the order's variables with it.
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
	read.template, read.campaign.Template = found, engine.TemplateRef{Name: info.Name, Version: info.Version}
	if kind := read.campaign.Kind; kind.Known() && kind != info.Kind {
		o.wrong("template", "wrong_kind", info.Kind)
	}
	o.mistakes = append(o.mistakes, templateMistakes(o.language, info, found.CheckVars(read.campaign.Vars))...)
	return nil
}

// templateMistakes tells in a language what a template finds wrong with variables.
func templateMistakes(language intake.Language, info templates.Info, problems []engine.Problem) []intake.Problem {
	list := make([]intake.Problem, len(problems))
	for i, p := range problems {
		list[i] = intake.Problem{Field: p.Field, Code: p.Code, Message: p.Message}
		if language == intake.English {
			continue
		}
		list[i].Message = say(language, "variable."+p.Code)
		if p.Code == "malformed" {
			if demand := say(language, "demand."+string(typeOf(info, p.Field))); demand != "" {
				list[i].Message = say(language, "type", demand)
			}
		}
	}
	return list
}

// typeOf is the type of the variable a problem's field is about: "vars.services[2].charged" is about services.
func typeOf(info templates.Info, field string) templates.Type {
	name, _, _ := strings.Cut(strings.TrimPrefix(field, "vars."), "[")
	for _, list := range [][]templates.Variable{info.Required, info.Optional} {
		for _, v := range list {
			if v.Name == name {
				return v.Type
			}
		}
	}
	return ""
}

// warnings are the variables that a template does not use.
func warnings(language intake.Language, t *templates.Template, path string, vars json.RawMessage) []intake.Problem {
	var list []intake.Problem
	for _, name := range t.Unknown(vars) {
		list = append(list, intake.Problem{Field: path + name, Code: "unknown_variable", Message: say(language, "unknown_variable")})
	}
	return list
}

// route reads a route: lanes of steps.
func (o *object) route(raw json.RawMessage) (route engine.Route) {
	r := o.object("route.", raw)
	var lanes []json.RawMessage
	if value, ok := r.take("lanes", required); ok && json.Unmarshal(value, &lanes) != nil {
		r.wrong("lanes", "type", say(o.language, "want_array"))
	}
	r.close()
	for l, lane := range lanes {
		var steps []json.RawMessage
		at := fmt.Sprintf("route.lanes[%d]", l)
		if json.Unmarshal(lane, &steps) != nil {
			o.form.wrong(at, "type", say(o.language, "want_array"))
		}
		route.Lanes = append(route.Lanes, nil)
		for i, step := range steps {
			route.Lanes[l] = append(route.Lanes[l], o.step(fmt.Sprintf("%s[%d].", at, i), step))
		}
	}
	return route
}

func (o *object) step(path string, raw json.RawMessage) (step engine.Step) {
	m := o.object(path, raw)
	step.Channel = engine.ChannelName(m.text("channel", required, 40))
	if wait := m.text("wait", optional, 40); wait != "" && step.Wait.UnmarshalText([]byte(wait)) != nil {
		o.engineProblems("", []engine.Problem{{Field: path + "wait", Code: "malformed", Message: say(intake.English, "engine.malformed.wait")}})
	}
	if until, ok := m.take("until", optional); ok && step.Until.UnmarshalJSON(until) != nil {
		m.wrong("until", "type", say(o.language, "want_facts"))
	}
	m.close()
	return step
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
	return s.answerCampaign(c, http.StatusCreated, campaign, warnings(f.language, read.template, "vars.", campaign.Vars)...)
}
