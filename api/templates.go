package api

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
	"vestnik/templates"
)

func (s *Server) listTemplates(c echo.Context) error {
	if err := readQuery(c).close(); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page[templates.Info]{Items: s.config.Library.List()})
}

// template gives the template an address names: the newest version, or "name@3".
func (s *Server) template(c echo.Context) (*templates.Template, error) {
	ref, err := templates.ParseRef(c.Param("name"))
	if err != nil {
		return nil, errNotFound
	}
	return s.config.Library.Find(c.Request().Context(), ref)
}

func (s *Server) showTemplate(c echo.Context) error {
	found, err := s.template(c)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, found.Info())
}

// listVersions lists the versions of a template, the newest first.
func (s *Server) listVersions(c echo.Context) error {
	found, err := s.template(c)
	if err != nil {
		return err
	}
	var list []templates.Info
	for version := found.Info().Version; version > 0; version-- {
		older, err := s.config.Library.Find(c.Request().Context(), engine.TemplateRef{Name: found.Info().Name, Version: version})
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("find a version: %w", err)
		}
		list = append(list, older.Info())
	}
	return c.JSON(http.StatusOK, page[templates.Info]{Items: list})
}

// previewTemplate renders a template for a recipient nobody writes to.
func (s *Server) previewTemplate(c echo.Context) error {
	found, err := s.template(c)
	if err != nil {
		return err
	}
	f, o, err := readForm(c)
	if err != nil {
		return err
	}
	info, key := found.Info(), caller(c)
	person := new(engine.Recipient)
	letter := engine.Letter{Recipient: person, Campaign: engine.Campaign{
		Provider: key.Provider, Mode: key.Mode, Kind: info.Kind, Vars: o.raw("vars"), Route: engine.DefaultRoute(info.Kind),
		Template: engine.TemplateRef{Name: info.Name, Version: info.Version},
	}}
	if raw, ok := o.take("recipient", required); ok {
		*person = f.oneRecipient(raw)
	}
	o.close()
	if len(f.mistakes) == 0 {
		f.mistakes = texts{found}.mistakes(f.language, func(t *templates.Template) []engine.Problem { return t.Check(letter.Campaign.Vars, person) })
	}
	if err := f.err(); err != nil {
		return err
	}
	if letter.Provider, err = s.config.Engine.Stores.Registry.Provider(c.Request().Context(), key.Provider); err != nil {
		return fmt.Errorf("read provider %s: %w", key.Provider, err)
	}
	rendered := map[engine.ChannelName]engine.Content{}
	for _, ch := range info.Channels {
		if rendered[ch], err = found.Render(ch, &letter); err != nil {
			return unrenderable(f.language, err)
		}
	}
	return c.JSON(http.StatusOK, map[string]any{
		"rendered": contentViews(rendered), "warnings": texts{found}.warnings(f.language, "vars.", letter.Campaign.Vars),
	})
}
