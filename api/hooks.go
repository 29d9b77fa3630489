package api

import (
	"github.com/labstack/echo/v4"
)

// HookProvider is the name under which a hook finds the provider it is about, by http.Request.PathValue.
const HookProvider = "provider"

// takeHook hands a request to the hook of its channel. Who may knock, how much is read and what is answered, the hook decides; it gets no
// provider whose name could not be one.
func (s *Server) takeHook(c echo.Context) error {
	hook, provider := s.config.Hooks[c.Param("channel")], c.Param(HookProvider)
	if hook == nil || !plainID(provider) {
		return errNotFound
	}
	r := c.Request()
	r.SetPathValue(HookProvider, provider)
	hook.ServeHTTP(c.Response(), r)
	return nil
}
