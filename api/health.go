package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"vestnik/engine"
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

// brokenView is how many providers a channel does not work for. Whoever they are is nobody's business here.
type brokenView struct {
	Channel   engine.ChannelName `json:"channel"`
	Reason    engine.Reason      `json:"reason"`
	Providers int                `json:"providers"`
}

// broken counts the breakers that are open, by channel and reason.
func (s *Server) broken(ctx context.Context) (list []brokenView, err error) {
	breakers, err := s.config.Engine.Stores.Breakers.Breakers(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the breakers: %w", err)
	}
	for _, b := range breakers {
		if !b.Open() {
			continue
		}
		at := slices.IndexFunc(list, func(v brokenView) bool { return v.Channel == b.Channel && v.Reason == b.Reason })
		if at < 0 {
			list, at = append(list, brokenView{Channel: b.Channel, Reason: b.Reason}), len(list)
		}
		list[at].Providers++
	}
	slices.SortFunc(list, func(a, b brokenView) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Reason, b.Reason))
	})
	return list, nil
}

// gaugeBreakers shows the open breakers in the metrics. Servers that share metrics share the gauge.
func (s *Server) gaugeBreakers() error {
	err := s.config.Metrics.Add(Gauge{
		Name: "vestnik_breakers_open", Help: "Providers that a channel does not work for just now.", Label: "channel",
		Read: func(ctx context.Context) (map[string]float64, error) {
			open := map[string]float64{}
			for _, ch := range engine.ChannelNames() {
				open[string(ch)] = 0
			}
			list, err := s.broken(ctx)
			for _, v := range list {
				open[string(v.Channel)] += float64(v.Providers)
			}
			return open, err
		},
	})
	if _, there := errors.AsType[prometheus.AlreadyRegisteredError](err); there {
		return nil
	}
	return err
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
	var broken []brokenView
	asking.Go(func() {
		var err error
		if broken, err = s.broken(ctx); err != nil {
			s.config.Log.Warn("the breakers cannot be read", "error", err)
		}
	})
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
	answer := map[string]any{"status": word, "checks": checks}
	if len(broken) > 0 {
		answer["breakers"] = broken
	}
	return c.JSON(status, answer)
}
