package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"vestnik/api/intake"
	"vestnik/engine"
	"vestnik/templates"
)

// texts are the templates a campaign is written by: its own and those that steps of its route have, each once.
type texts []*templates.Template

// and gives the list with those of others that are not in it.
func (t texts) and(others ...*templates.Template) texts {
	for _, other := range others {
		same := func(one *templates.Template) bool {
			a, b := one.Info(), other.Info()
			return a.Name == b.Name && a.Version == b.Version
		}
		if !slices.ContainsFunc(t, same) {
			t = append(t, other)
		}
	}
	return t
}

// textsOf finds the templates of a campaign that was ordered.
func (s *Server) textsOf(ctx context.Context, c engine.Campaign) (list texts, err error) {
	refs := []engine.TemplateRef{c.Template}
	for _, lane := range c.Route.Lanes {
		for _, step := range lane {
			if step.Template.Name != "" {
				refs = append(refs, step.Template)
			}
		}
	}
	for _, ref := range refs {
		found, err := s.config.Library.Find(ctx, ref)
		if err != nil {
			return nil, fmt.Errorf("find template %s: %w", ref, err)
		}
		list = list.and(found)
	}
	return list, nil
}

// mistakes tells in a language what the templates find wrong; what several of them do is told once.
func (t texts) mistakes(language intake.Language, check func(*templates.Template) []engine.Problem) (list []intake.Problem) {
	for _, text := range t {
		for _, p := range check(text) {
			told := func(m intake.Problem) bool { return m.Field == p.Field && m.Code == p.Code }
			if !slices.ContainsFunc(list, told) {
				list = append(list, templateMistake(language, text.Info(), p))
			}
		}
	}
	return list
}

// templateMistake tells in a language what a template finds wrong with a variable.
func templateMistake(language intake.Language, info templates.Info, p engine.Problem) intake.Problem {
	mistake := intake.Problem{Field: p.Field, Code: p.Code, Message: p.Message}
	if language == intake.English {
		return mistake
	}
	mistake.Message = say(language, "variable."+p.Code)
	if p.Code == "malformed" {
		if demand := say(language, "demand."+string(typeOf(info, p.Field))); demand != "" {
			mistake.Message = say(language, "type", demand)
		}
	}
	return mistake
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

// warnings are the variables that none of the templates uses.
func (t texts) warnings(language intake.Language, path string, vars json.RawMessage) (list []intake.Problem) {
	if len(t) == 0 {
		return nil
	}
	for _, name := range t[0].Unknown(vars) {
		used := func(text *templates.Template) bool { return !slices.Contains(text.Unknown(vars), name) }
		if !slices.ContainsFunc(t[1:], used) {
			list = append(list, intake.Problem{Field: path + name, Code: "unknown_variable", Message: say(language, "unknown_variable")})
		}
	}
	return list
}
