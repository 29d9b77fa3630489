package api

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
)

// Check asks one thing the installation depends on whether it is well.
type Check struct {
	Name string // as /readyz shows it: "redis", "clickhouse"
	// Ask returns nil when it is well; it must return when ctx ends, which is after two seconds. Its error is logged, not shown.
	Ask func(ctx context.Context) error
}

// checkTimeout is how long a dependency may take to answer.
const checkTimeout = 2 * time.Second

// showHealth tells that the process serves; it asks nobody.
func (s *Server) showHealth(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// showReadiness asks every dependency at once.
func (s *Server) showReadiness(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), checkTimeout)
	defer cancel()
	answers := make([]error, len(s.config.Checks))
	var asking sync.WaitGroup
	for i, check := range s.config.Checks {
		asking.Go(func() { answers[i] = check.Ask(ctx) })
	}
	asking.Wait()
	status, word, checks := http.StatusOK, "ready", map[string]string{}
	for i, check := range s.config.Checks {
		checks[check.Name] = "ok"
		if answers[i] != nil {
			s.config.Log.Warn("a dependency is down", "check", check.Name, "error", answers[i])
			status, word, checks[check.Name] = http.StatusServiceUnavailable, "unready", "down"
		}
	}
	if s.draining.Load() {
		status, word = http.StatusServiceUnavailable, "draining"
	}
	if status != http.StatusOK {
		c.Response().Header().Set("Retry-After", retryAfter)
	}
	return c.JSON(status, map[string]any{"status": word, "checks": checks})
}
