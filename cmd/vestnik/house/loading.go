package house

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vestnik/analytics"
	"vestnik/cmd/vestnik/config"
	"vestnik/engine"
)

// How long the start may wait for the schema, and the longest pause before it is tried again while ClickHouse is down.
const (
	migratePatience = 10 * time.Second
	migratePause    = 5 * time.Second
)

// migrate brings the schema up to date before anybody is let in, if ClickHouse is there. One that is down is left to load; one that will not
// have us ends the start.
func (h *House) migrate(ctx context.Context) error {
	if !h.has(config.RoleLoader) {
		return nil
	}
	patient, cancel := context.WithTimeout(ctx, migratePatience)
	defer cancel()
	err := h.History.Migrate(patient)
	switch {
	case err == nil:
		h.migrated = true
	case errors.Is(err, engine.ErrDown) || patient.Err() != nil && ctx.Err() == nil:
		h.config.Log.Warn("clickhouse is down: facts wait in the journal", "error", err)
	default:
		return fmt.Errorf("bring the ClickHouse schema up to date: %w", err)
	}
	return nil
}

// load is the role of the loader: it moves the journal into the history, as soon as ClickHouse is there and has the schema.
func (h *House) load(ctx context.Context) error {
	for wait := 250 * time.Millisecond; !h.migrated; wait = min(2*wait, migratePause) {
		if !pause(ctx, wait) {
			return nil
		}
		err := h.History.Migrate(ctx)
		if h.migrated = err == nil; err != nil && !errors.Is(err, engine.ErrDown) {
			return fmt.Errorf("bring the ClickHouse schema up to date: %w", err)
		}
	}
	loader := analytics.NewLoader(h.History, h.source(), h.Stores.Audience, analytics.LoaderOptions{
		Drain: h.config.ShutdownAfter / 4, Log: h.config.Log, Meter: h.Metrics,
	})
	return loader.Run(ctx)
}
