package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
	"vestnik/templates"
)

// builtIn is the name of the route that every kind has.
const builtIn = "default"

// orderedRoute reads the route of an order: lanes, or the name of a route the provider has made, or of the built-in one. Templates of its
// steps are pinned.
func (s *Server) orderedRoute(c echo.Context, o *object, raw json.RawMessage, kind engine.Kind) (engine.Route, texts, error) {
	route, err := engine.Route{}, error(nil)
	before := len(o.mistakes)
	if raw[0] == '"' {
		route, err = s.namedRoute(c, o, raw, kind)
	} else {
		r := o.object("route.", raw)
		route = r.lanes()
		r.close()
	}
	if err != nil || len(o.mistakes) > before || !kind.Known() {
		return route, nil, err
	}
	route, used, problems, err := s.checkRoute(c.Request().Context(), route, kind)
	o.engineProblems("", problems)
	return route, used, err
}

// namedRoute finds a route by its name.
func (s *Server) namedRoute(c echo.Context, o *object, raw json.RawMessage, kind engine.Kind) (engine.Route, error) {
	var name string
	_ = json.Unmarshal(raw, &name) // a well-formed string
	owner, err := s.config.Engine.Stores.Registry.Provider(c.Request().Context(), caller(c).Provider)
	if err != nil {
		return engine.Route{}, fmt.Errorf("read provider %s: %w", caller(c).Provider, err)
	}
	if route, own := owner.Routes[name]; own {
		return route, nil
	}
	if name != builtIn {
		there := slices.Sorted(maps.Keys(owner.Routes))
		o.wrong("route", "unknown_route", strings.Join(append(there, builtIn), ", "))
	}
	return engine.DefaultRoute(kind), nil
}

// checkRoute tells everything that is wrong with a route for campaigns of a kind, and gives it with the templates of its steps pinned.
func (s *Server) checkRoute(ctx context.Context, route engine.Route, kind engine.Kind) (engine.Route, texts, []engine.Problem, error) {
	problems, used, pinned := route.Check(kind), texts(nil), engine.Route{}
	for l, lane := range route.Lanes {
		pinned.Lanes = append(pinned.Lanes, slices.Clone(lane))
		for i, step := range lane {
			if step.Template.Name == "" {
				continue
			}
			wrong := func(code, message string) {
				problems = append(problems, engine.Problem{Field: fmt.Sprintf("route.lanes[%d][%d].template", l, i), Code: code, Message: message})
			}
			found, err := s.config.Library.Find(ctx, step.Template)
			if errors.Is(err, engine.ErrNotFound) {
				wrong("unknown_template", "there is no such template or version of it")
				continue
			}
			if err != nil {
				return route, nil, nil, fmt.Errorf("find template %s: %w", step.Template, err)
			}
			info := found.Info()
			if !engine.Follows(kind, info.Kind) {
				wrong("wrong_kind", fmt.Sprintf("a text for campaigns of kind %q cannot be a step of one of kind %q", info.Kind, kind))
			}
			pinned.Lanes[l][i].Template = engine.TemplateRef{Name: info.Name, Version: info.Version}
			used = used.and(found)
		}
	}
	return pinned, used, problems, nil
}

// lanes reads the lanes of a route.
func (o *object) lanes() (route engine.Route) {
	var lanes []json.RawMessage
	if value, ok := o.take("lanes", required); ok && json.Unmarshal(value, &lanes) != nil {
		o.wrong("lanes", "type", say(o.language, "want_array"))
	}
	for l, lane := range lanes {
		var steps []json.RawMessage
		at := fmt.Sprintf("lanes[%d]", l)
		if json.Unmarshal(lane, &steps) != nil {
			o.wrong(at, "type", say(o.language, "want_array"))
		}
		route.Lanes = append(route.Lanes, nil)
		for i, step := range steps {
			route.Lanes[l] = append(route.Lanes[l], o.step(fmt.Sprintf("%s%s[%d].", o.path, at, i), step))
		}
	}
	return route
}

func (o *object) step(path string, raw json.RawMessage) (step engine.Step) {
	m := o.object(path, raw)
	step.Channel = engine.ChannelName(m.text("channel", required, 40))
	if wait := m.text("wait", optional, 40); wait != "" && step.Wait.UnmarshalText([]byte(wait)) != nil {
		o.engineProblems("", []engine.Problem{{Field: path + "wait", Code: "malformed", Message: words["engine.malformed.wait"].en}})
	}
	if until, ok := m.take("until", optional); ok && step.Until.UnmarshalJSON(until) != nil {
		m.wrong("until", "type", say(o.language, "want_facts"))
	}
	if name := m.text("template", optional, 80); name != "" {
		var err error
		if step.Template, err = templates.ParseRef(name); err != nil {
			m.wrong("template", "unknown_template")
		}
	}
	m.close()
	return step
}
