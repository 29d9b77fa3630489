package house

import (
	"context"
	"sync"
	"time"
)

// crew is some duties that begin one by one and end together.
type crew struct {
	ctx    context.Context
	cancel context.CancelFunc
	duties sync.WaitGroup
	fail   func(error)
}

// newCrew makes a crew that has nothing to do; fail hears of duties that end by themselves.
func newCrew(fail func(error)) *crew {
	ctx, cancel := context.WithCancel(context.Background())
	return &crew{ctx: ctx, cancel: cancel, fail: fail}
}

// Go starts a duty. It is to return soon after its context ends.
func (c *crew) Go(duty func(context.Context) error) {
	c.duties.Go(func() {
		if err := duty(c.ctx); err != nil && c.ctx.Err() == nil {
			c.fail(err)
		}
	})
}

// dismiss ends all duties and waits for them, but not longer than patience; it reports whether all have ended.
func (c *crew) dismiss(patience time.Duration) bool {
	c.cancel()
	ended := make(chan struct{})
	go func() {
		c.duties.Wait()
		close(ended)
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-ended:
		return true
	case <-timer.C:
		return false
	}
}

// pause waits, and reports false when the context ended meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
