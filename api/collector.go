package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"vestnik/engine"
)

// Bounds of the collector: what one round takes, how long it waits for company, how many rounds are under way at once, how many
// requests wait for the next one.
const (
	roundSize    = 2048
	roundPause   = 2 * time.Millisecond
	roundTimeout = 5 * time.Second
	roundsAtOnce = 4
	queueLength  = 8192
)

// errBusy is a collector that is full or closed: nothing was taken.
var errBusy = fmt.Errorf("the tracking doors take no more: %w", engine.ErrDown)

// observer is the part of engine.Engine that takes facts.
type observer interface {
	Observe(ctx context.Context, observations ...engine.Observation) error
}

// collector lets requests that come at the same time share one call of Observe, which is what makes the tracking doors fast. A request
// is answered when its fact is durable.
type collector struct {
	engine observer
	asks   chan ask
	rounds chan struct{} // a place for each round that may be under way
	ended  chan struct{}

	mu     sync.RWMutex // held while asking, so that close does not come between
	closed bool
}

type ask struct {
	observation engine.Observation
	answer      chan error // with room for one
}

func newCollector(e observer) *collector {
	c := &collector{
		engine: e, asks: make(chan ask, queueLength), rounds: make(chan struct{}, roundsAtOnce), ended: make(chan struct{}),
	}
	go c.run()
	return c
}

// observe returns nil when the fact is durable. When ctx ends first the fact is recorded all the same, or not.
func (c *collector) observe(ctx context.Context, o engine.Observation) error {
	a := ask{o, make(chan error, 1)}
	if !c.put(a) {
		return errBusy
	}
	select {
	case err := <-a.answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *collector) put(a ask) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.closed {
		return false
	}
	select {
	case c.asks <- a:
		return true
	default:
		return false
	}
}

// close answers everybody who asked and ends.
func (c *collector) close() {
	c.mu.Lock()
	if !c.closed {
		c.closed = true
		close(c.asks)
	}
	c.mu.Unlock()
	<-c.ended
}

func (c *collector) run() {
	defer close(c.ended)
	var under sync.WaitGroup
	defer under.Wait()
	for first := range c.asks {
		round := c.gather(first)
		c.rounds <- struct{}{}
		under.Go(func() {
			c.settle(round)
			<-c.rounds
		})
	}
}

// gather waits a moment for others to come with the first.
func (c *collector) gather(first ask) []ask {
	round := append(make([]ask, 0, 64), first)
	pause := time.NewTimer(roundPause)
	defer pause.Stop()
	for len(round) < roundSize {
		select {
		case next, open := <-c.asks:
			if !open {
				return round
			}
			round = append(round, next)
		case <-pause.C:
			return round
		}
	}
	return round
}

// settle observes a round at once. When that fails for another reason than a store that is down, each campaign has its own answer: one that
// has gone must not cost the others their facts.
func (c *collector) settle(round []ask) {
	ctx, cancel := context.WithTimeout(context.Background(), roundTimeout)
	defer cancel()
	err := c.observeAll(ctx, round)
	if err == nil || errors.Is(err, engine.ErrDown) || ctx.Err() != nil {
		tell(round, err)
		return
	}
	campaigns := map[engine.CampaignID][]ask{}
	for _, a := range round {
		campaigns[a.observation.Campaign] = append(campaigns[a.observation.Campaign], a)
	}
	for _, group := range campaigns {
		tell(group, c.observeAll(ctx, group))
	}
}

func (c *collector) observeAll(ctx context.Context, round []ask) error {
	list := make([]engine.Observation, len(round))
	for i, a := range round {
		list[i] = a.observation
	}
	return c.engine.Observe(ctx, list...)
}

func tell(round []ask, err error) {
	for _, a := range round {
		a.answer <- err
	}
}
