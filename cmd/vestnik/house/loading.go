package house

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vestnik/analytics"
	"vestnik/engine"
)

// migratePause is the longest pause before the schema is tried again while ClickHouse is down.
const migratePause = 5 * time.Second

// load is the role of the loader: it brings the schema up to date as soon as ClickHouse is there, and then moves the journal into the history.
func (h *House) load(ctx context.Context) error {
	wait := 250 * time.Millisecond
	for {
		err := h.History.Migrate(ctx)
		if err == nil {
			break
		}
		if !errors.Is(err, engine.ErrDown) {
			return fmt.Errorf("bring the ClickHouse schema up to date: %w", err)
		}
		h.config.Log.Warn("clickhouse is down: facts wait in the journal", "error", err)
		if !pause(ctx, wait) {
			return nil
		}
		wait = min(2*wait, migratePause)
	}
	loader := analytics.NewLoader(h.History, h.source(), h.Stores.Audience, analytics.LoaderOptions{
		Drain: h.config.ShutdownAfter / 4, Log: h.config.Log, Meter: h.Metrics,
	})
	return loader.Run(ctx)
}
