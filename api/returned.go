package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
)

// settingHookSecret is the provider's setting with the secret that its mail server shows.
const settingHookSecret = "email.hook_secret"

// maxReturned is how much of a message is read: reports say first what they are about.
const maxReturned = 256 << 10

// takeReturned takes a letter that came back, or a complaint about one, from a provider's own mail server. It is read as one that came by SMTP,
// and speaks of that provider's letters only.
func (s *Server) takeReturned(c echo.Context) error {
	p, err := s.hooked(c)
	if err != nil {
		return err
	}
	if media := mediaType(c.Request()); media != "message/rfc822" && media != "application/octet-stream" {
		return fail(http.StatusUnsupportedMediaType, "unsupported_media_type", "message/rfc822")
	}
	raw, err := io.ReadAll(io.LimitReader(c.Request().Body, maxReturned))
	if err == nil {
		_, err = io.Copy(io.Discard, c.Request().Body)
	}
	if err != nil {
		return err
	}
	class, err := s.config.Returned(c.Request().Context(), p, raw)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]string{"class": class})
}

// hooked is the provider of the address, whose secret the caller must show. Whether there is such a provider is told to nobody else.
func (s *Server) hooked(c echo.Context) (engine.ProviderID, error) {
	scheme, shown, _ := strings.Cut(c.Request().Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || shown == "" || s.config.Returned == nil {
		return "", fail(http.StatusUnauthorized, "no_key")
	}
	var p engine.Provider
	if id := c.Param("provider"); plainID(id) {
		found, err := s.config.Engine.Stores.Registry.Provider(c.Request().Context(), engine.ProviderID(id))
		if err != nil && !errors.Is(err, engine.ErrNotFound) {
			return "", fmt.Errorf("read provider %s: %w", id, err)
		}
		p = found
	}
	secret := strings.TrimSpace(p.Setting(settingHookSecret))
	want, got := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(strings.TrimSpace(shown))) // of one length
	if subtle.ConstantTimeCompare(want[:], got[:]) != 1 || secret == "" {
		return "", fail(http.StatusUnauthorized, "bad_key")
	}
	return p.ID, nil
}
