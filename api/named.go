package api

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
)

// Bounds of a provider's named routes.
const maxRoutes = 100

var routeName = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// routeView is a route under its name: the provider's own, or the built-in one of a kind.
type routeView struct {
	Name    string        `json:"name"`
	Kind    engine.Kind   `json:"kind,omitempty"`
	BuiltIn bool          `json:"built_in"`
	Lanes   []engine.Lane `json:"lanes"`
}

func (s *Server) listRoutes(c echo.Context) error {
	if err := readQuery(c).close(); err != nil {
		return err
	}
	owner, err := s.config.Engine.Stores.Registry.Provider(c.Request().Context(), caller(c).Provider)
	if err != nil {
		return fmt.Errorf("read provider %s: %w", caller(c).Provider, err)
	}
	var list []routeView
	for _, name := range slices.Sorted(maps.Keys(owner.Routes)) {
		list = append(list, routeView{Name: name, Lanes: owner.Routes[name].Lanes})
	}
	for _, kind := range engine.Kinds() {
		list = append(list, routeView{Name: builtIn, Kind: kind, BuiltIn: true, Lanes: engine.DefaultRoute(kind).Lanes})
	}
	return c.JSON(http.StatusOK, page[routeView]{Items: list})
}

// putRoute writes a named route. It is checked for the kind it is said to be for, otherwise as a route for the kind it suits best; an order
// checks it again. Its templates are pinned by the order.
func (s *Server) putRoute(c echo.Context) error {
	f, o, err := readForm(c)
	if err != nil {
		return err
	}
	name := c.Param("name")
	if name == "" {
		name = o.text("name", required, 200)
	}
	if name != "" && !routeName.MatchString(name) {
		o.wrong("name", "route_name")
	}
	kinds := engine.Kinds()
	if kind := engine.Kind(o.text("kind", optional, 40)); kind.Known() {
		kinds = []engine.Kind{kind}
	} else if kind != "" {
		o.wrong("kind", "unknown", strings.Join(names(kinds), ", "))
	}
	before := len(f.mistakes)
	route := o.lanes()
	if len(f.mistakes) == before {
		if err := s.fewestProblems(c, f, route, kinds); err != nil {
			return err
		}
	}
	if o.close(); f.err() != nil {
		return f.err()
	}
	_, err = s.config.Engine.Stores.Registry.ChangeProvider(c.Request().Context(), caller(c).Provider, func(p *engine.Provider) error {
		routes := maps.Clone(p.Routes)
		if routes == nil {
			routes = map[string]engine.Route{}
		}
		if routes[name] = route; len(routes) > maxRoutes {
			full := &form{language: f.language}
			full.wrong("name", "too_many_routes", maxRoutes)
			return full.err()
		}
		p.Routes = routes
		return nil
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, routeView{Name: name, Lanes: route.Lanes})
}

// fewestProblems notes what is wrong with a route for the one of the kinds for which that is least.
func (s *Server) fewestProblems(c echo.Context, f *form, route engine.Route, kinds []engine.Kind) error {
	var fewest []engine.Problem
	for i, kind := range kinds {
		_, _, problems, err := s.checkRoute(c.Request().Context(), route, kind)
		if err != nil {
			return err
		}
		if i == 0 || len(problems) < len(fewest) {
			fewest = problems
		}
	}
	for i := range fewest {
		fewest[i].Field = strings.TrimPrefix(fewest[i].Field, "route.")
	}
	f.engineProblems("", fewest)
	return nil
}

// dropRoute forgets a named route. Campaigns that were ordered with it keep it.
func (s *Server) dropRoute(c echo.Context) error {
	name := c.Param("name")
	if name == "" {
		o, err := readEither(c, "name")
		if err != nil {
			return err
		}
		name = o.text("name", required, 200)
		if o.close(); o.err() != nil {
			return o.err()
		}
	}
	_, err := s.config.Engine.Stores.Registry.ChangeProvider(c.Request().Context(), caller(c).Provider, func(p *engine.Provider) error {
		if _, there := p.Routes[name]; !there {
			return errNotFound
		}
		p.Routes = maps.Clone(p.Routes)
		delete(p.Routes, name)
		return nil
	})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
