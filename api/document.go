package api

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
)

// showDocument gives the bill that a message links to, made anew from what is stored of its recipient. Who looks at it has opened the message.
func (s *Server) showDocument(c echo.Context) error {
	pass, file, err := s.document(c)
	if err == nil {
		err = s.observeDocument(c, pass)
	}
	if err != nil {
		return s.turnAway(c, err)
	}
	nameDocument(c, file)
	return c.Blob(http.StatusOK, file.Type, file.Data)
}

// observeDocument records that the document was opened, unless its provider does not want messages followed.
func (s *Server) observeDocument(c echo.Context, pass engine.Pass) error {
	_, sender, err := s.sender(c, pass)
	if err != nil || sender.Setting(engine.SettingTracking) == engine.TrackingOff {
		return err
	}
	return s.observe(c, pass, factOf(c.Request(), pass, engine.Opened))
}

// peekDocument answers what GET would without counting it.
func (s *Server) peekDocument(c echo.Context) error {
	_, file, err := s.document(c)
	if err != nil {
		return s.turnAway(c, err)
	}
	nameDocument(c, file)
	c.Response().Header().Set("Content-Type", file.Type)
	return c.NoContent(http.StatusOK)
}

// document makes the document of a pass. One that cannot be made is nobody's fault who follows a link: they see that it is not there.
func (s *Server) document(c echo.Context) (engine.Pass, engine.File, error) {
	pass, err := s.pass(c, engine.ActDocument)
	if err != nil {
		return pass, engine.File{}, err
	}
	file, err := s.config.Engine.Document(c.Request().Context(), pass)
	if err != nil && !errors.Is(err, engine.ErrNotFound) && !errors.Is(err, engine.ErrDown) && c.Request().Context().Err() == nil {
		s.blame(c, err)
		err = engine.ErrNotFound
	}
	return pass, file, err
}

// nameDocument has browsers show the document, and save it under its own name (RFC 6266).
func nameDocument(c echo.Context, file engine.File) {
	header := c.Response().Header()
	header.Set("Content-Disposition", "inline; filename*=UTF-8''"+url.PathEscape(file.Name))
	header.Set("X-Robots-Tag", "noindex, nofollow")
}
