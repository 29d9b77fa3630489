package redisq

import (
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Embedded is a Redis inside this process, in memory only: for demos and quick tests.
type Embedded struct {
	server *miniredis.Miniredis
	stop   func()
}

// tick is how often the clock of an embedded Redis moves; its keys expire by no other.
const tick = time.Second

// StartEmbedded starts an in-memory Redis on a free port of the loopback interface.
func StartEmbedded() (*Embedded, error) {
	server := miniredis.NewMiniRedis()
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start the embedded redis: %w", err)
	}
	done := make(chan struct{})
	var ended sync.WaitGroup
	ended.Go(func() {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				server.FastForward(tick)
			}
		}
	})
	return &Embedded{server: server, stop: sync.OnceFunc(func() {
		close(done)
		ended.Wait()
		server.Close()
	})}, nil
}

// URL is where it listens; Options.URL takes it.
func (e *Embedded) URL() string { return "redis://" + e.server.Addr() + "/0" }

// Close ends it and forgets everything.
func (e *Embedded) Close() { e.stop() }
