package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"
)

// Config is what an Engine works with.
type Config struct {
	Stores    Stores
	Channels  map[ChannelName]Channel // those that are configured
	Texts     Texts
	Tokens    *Tokens
	PublicURL string        // of the installation, without a slash at its end: tracked links begin with it
	Retry     Retry         // the zero value is a sensible default
	Lease     time.Duration // how long a batch is a worker's before others may take it; renewed while it works. 0 means 30 s
	Log       *slog.Logger  // nil: slog.Default()
	Meter     Meter         // nil: nothing is counted
}

// Engine walks the batches. It is safe for concurrent use, and any number of engines may work on the same stores.
type Engine struct {
	Config
}

// New makes an Engine.
func New(c Config) *Engine {
	if c.Lease == 0 {
		c.Lease = 30 * time.Second
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Meter == nil {
		c.Meter = NoMeter{}
	}
	return &Engine{c}
}

// early is how much too soon a wake may come and still be served: queues fire up to 0.8 s before the time.
const early = time.Second

// Handle takes the batch that a wake names one step along its route, or, when it names none, advances its campaign. It returns nil when
// there is nothing to do: the batch has been settled, or somebody else works on it. After an error nothing was settled and the same wake
// may be handled again.
func (e *Engine) Handle(ctx context.Context, w Wake) error {
	if w.Batch == "" {
		return e.Advance(ctx, w.Campaign)
	}
	begin := time.Now()
	r, err := e.take(ctx, w)
	if r == nil || err != nil {
		return err
	}
	working, release := e.hold(ctx, r)
	defer release()

	verdicts, err := e.decide(working, r)
	if err != nil {
		return fmt.Errorf("handle a batch of campaign %s: %w", w.Campaign, err)
	}
	// What the channel has taken must be written down even if the worker is being stopped.
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.Lease)
	defer cancel()
	if err := e.settle(settling, r, verdicts); err != nil {
		return fmt.Errorf("settle a batch of campaign %s: %w", w.Campaign, err)
	}
	e.Meter.Handled(w.Channel, r.batch.Phase, time.Since(begin), r.batch.Members.Count())
	return nil
}

// run is one handling of one batch.
type run struct {
	holder   string
	name     string // the batch's ID
	batch    Batch
	campaign Campaign
	provider Provider
	lane     Lane
	states   []State
	people   []Recipient // of the whole chunk; nil when the phase needs none
}

// take leases the batch and reads what it belongs to; nil when there is nothing to do.
func (e *Engine) take(ctx context.Context, w Wake) (*run, error) {
	now := time.Now()
	r := &run{holder: NewID(), name: w.Batch}
	var err error
	r.batch, err = e.Stores.Ledger.Take(ctx, w.Campaign, w.Batch, r.holder, now, now.Add(e.Lease))
	if _, leased := errors.AsType[*LeasedError](err); leased || errors.Is(err, ErrGone) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("take a batch of campaign %s: %w", w.Campaign, err)
	}
	r.batch.Campaign = w.Campaign
	if r.campaign, err = e.Stores.Registry.Campaign(ctx, w.Campaign); err != nil {
		return nil, fmt.Errorf("read campaign %s: %w", w.Campaign, err)
	}
	if r.provider, err = e.Stores.Registry.Provider(ctx, r.campaign.Provider); err != nil {
		return nil, fmt.Errorf("read provider %s: %w", r.campaign.Provider, err)
	}
	r.lane = r.campaign.Route.Lanes[r.batch.Lane]
	return r, r.readStates(ctx, e)
}

func (r *run) readStates(ctx context.Context, e *Engine) (err error) {
	r.states, err = e.Stores.Ledger.States(ctx, r.campaign.ID, r.batch.Lane, OrdinalOf(r.batch.Chunk, 0), ChunkSize)
	return err
}

// hold renews the lease until release is called; the returned context ends when the lease is lost.
func (e *Engine) hold(ctx context.Context, r *run) (working context.Context, release func()) {
	working, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(e.Lease / 3)
		defer tick.Stop()
		for {
			select {
			case <-working.Done():
				return
			case <-tick.C:
			}
			err := e.Stores.Ledger.Hold(working, r.campaign.ID, r.name, r.holder, time.Now().Add(e.Lease))
			if errors.Is(err, ErrGone) {
				cancel(ErrGone)
			}
		}
	}()
	return working, func() { cancel(nil); <-done }
}

// settle writes down what was decided: facts first, so that none is missing from the history of a batch that is settled; then states
// and successors in one step; then it wakes the successors. A state that a returned message has changed meanwhile is planned again.
func (e *Engine) settle(ctx context.Context, r *run, verdicts map[int]verdict) error {
	p := plan{batch: r.batch, lane: r.lane, now: time.Now().Truncate(time.Millisecond), retry: e.Retry, jitter: rand.Float64(), reach: e.reach(r)}
	for told := false; ; told = true {
		p.make(r.states, verdicts)
		if !told {
			if err := e.Stores.Journal.Record(ctx, p.entries(r.campaign)...); err != nil {
				return err
			}
		}
		balance, err := e.Stores.Ledger.Settle(ctx, r.campaign.ID, r.name, r.holder, p.settlement)
		if errors.Is(err, ErrConflict) {
			if err := r.readStates(ctx, e); err != nil {
				return err
			}
			continue
		}
		if errors.Is(err, ErrGone) {
			e.Log.Warn("a lease was lost while its batch was handled", "campaign", r.campaign.ID, "batch", r.name)
			return nil
		}
		if err != nil {
			return err
		}
		if moved, failure := e.returnedEarly(ctx, r, &p); moved || failure != nil {
			if balance, err = e.Stores.Ledger.Balance(ctx, r.campaign.ID); err != nil || failure != nil {
				return errors.Join(failure, err)
			}
		}
		return e.proceed(ctx, r.campaign, balance, p.settlement.Next)
	}
}

// proceed wakes successors, or ends the campaign when nobody is in flight any more.
func (e *Engine) proceed(ctx context.Context, c Campaign, balance Balance, next []Batch) error {
	if balance.InFlight == 0 {
		return e.finish(ctx, c.ID)
	}
	if c.Status == StatusPaused {
		return nil // resume wakes everything
	}
	return e.wake(ctx, c, next...)
}

// wake puts batches into the queue.
func (e *Engine) wake(ctx context.Context, c Campaign, batches ...Batch) error {
	wakes := make([]Wake, len(batches))
	for i := range batches {
		b := &batches[i]
		wakes[i] = Wake{
			Campaign: c.ID, Batch: b.ID(), Urgent: c.Urgent, At: b.Due,
			Channel: c.Route.Lanes[b.Lane][b.Step].Channel,
		}
	}
	if len(wakes) == 0 {
		return nil
	}
	return e.Stores.Queue.Put(ctx, wakes...)
}
