package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
)

// Collected is how far the payments of a provider were collected from ГИС ЖКХ.
type Collected struct {
	On    bool       `json:"on"`              // the provider wants them collected
	Until string     `json:"until,omitempty"` // the day, in Moscow, up to which all that ГИС ЖКХ knew has been taken
	Next  *time.Time `json:"next,omitempty"`  // when it is asked again
	Fault string     `json:"fault,omitempty"` // code or reason of what keeps it from going on

	Matched   int `json:"matched"`
	Unmatched int `json:"unmatched"`
	Annulled  int `json:"annulled"`
	Own       int `json:"own"`
	Unread    int `json:"unread"`
}

// declaredView is what became of payments that ГИС ЖКХ is to be told of.
type declaredView struct {
	Waiting  int64           `json:"waiting"`
	Told     int64           `json:"told"`
	Failed   int64           `json:"failed"`
	Failures []undeclaredRow `json:"failures"`
}

// undeclaredRow is one that failed.
type undeclaredRow struct {
	Reference string        `json:"reference"`
	Reason    engine.Reason `json:"reason"`
	Code      string        `json:"code,omitempty"`
	Since     time.Time     `json:"since"`
}

// shownFailures is how many failures an answer shows.
const shownFailures = 100

// showExchange shows how payments go to and from ГИС ЖКХ.
func (s *Server) showExchange(c echo.Context) error {
	if err := readQuery(c).close(); err != nil {
		return err
	}
	ctx, provider, store := c.Request().Context(), caller(c).Provider, s.config.Engine.Stores.Declarations
	var answer struct {
		Collected Collected    `json:"collected"`
		Declared  declaredView `json:"declared"`
	}
	var err error
	if s.config.Collected != nil {
		if answer.Collected, err = s.config.Collected(ctx, provider); err != nil {
			return err
		}
	}
	d := &answer.Declared
	if d.Waiting, d.Told, d.Failed, err = store.Count(ctx, provider); err != nil {
		return fmt.Errorf("count declarations: %w", err)
	}
	failed, err := store.Failed(ctx, provider, shownFailures)
	if err != nil {
		return fmt.Errorf("list declarations that failed: %w", err)
	}
	d.Failures = []undeclaredRow{}
	for _, one := range failed {
		d.Failures = append(d.Failures, undeclaredRow{Reference: one.Payment.Reference, Reason: one.Reason, Code: one.Code, Since: one.Since})
	}
	return c.JSON(http.StatusOK, answer)
}

// placed reports whether anything of the caller's is placed in ГИС ЖКХ: only then it can be told of payments.
func (s *Server) placed(c echo.Context) (bool, error) {
	channel, on := s.config.Engine.Channels[engine.Gosuslugi]
	selective, is := channel.(engine.Selective)
	if !on || !is {
		return on, nil
	}
	p, err := s.config.Engine.Stores.Registry.Provider(c.Request().Context(), caller(c).Provider)
	if err != nil {
		return false, fmt.Errorf("read the provider: %w", err)
	}
	return selective.Serves(p), nil
}
