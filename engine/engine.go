package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Config is what an Engine works with.
type Config struct {
	Stores    Stores
	Channels  map[ChannelName]Channel // those that are configured
	Limits    map[ChannelName]Limits  // of a channel as a whole; a provider's settings bound its own part of it
	Texts     Texts
	Tokens    *Tokens
	PublicURL string        // of the installation, without a slash at its end: tracked links begin with it
	Retry     Retry         // the zero value is a sensible default
	Lease     time.Duration // how long a batch is a worker's before others may take it; renewed while it works. 0 means 30 s
	KeepLive  bool          // keep every message that is sent in its provider's Inbox, not only those of test campaigns: for demonstrations
	Window    int           // how many batches of one campaign are in the queue or worked on at most. 0 means 64
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
	if c.Window == 0 {
		c.Window = 64
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
	// What a pause or the worker's end has interrupted has no verdict and is put back.
	if err := e.decide(working, r); err != nil && working.Err() == nil {
		return fmt.Errorf("handle a batch of campaign %s: %w", w.Campaign, err)
	}
	// What the channel has taken must be written down even if the worker is being stopped.
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), e.Lease)
	defer cancel()
	if err := e.settle(settling, r); err != nil {
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
	verdicts []verdict   // by place in the chunk

	breaker Breaker        // of the channel, as it was before sending
	claimed map[string]int // shared addresses that members of this batch are written to at
	mu      sync.Mutex     // guards rooms: they are renewed with the lease
	rooms   []room
}

func (r *run) step() Step { return r.lane[r.batch.Step] }

// place names the step within the campaign.
func (r *run) place() string { return fmt.Sprintf("%d.%d", r.batch.Lane, r.batch.Step) }

// template is the text of the step.
func (r *run) template() TemplateRef {
	return r.campaign.textOf(r.step())
}

// messageKey is the identity of a member's message: a channel that stands twice in a lane sends two messages.
func (r *run) messageKey(o Ordinal) string {
	before := 0
	for _, step := range r.lane[:r.batch.Step] {
		if step.Channel == r.step().Channel {
			before++
		}
	}
	return MessageKey(r.campaign.ID, o, r.step().Channel, before)
}

// take leases the batch and reads what it belongs to; nil when there is nothing to do.
func (e *Engine) take(ctx context.Context, w Wake) (*run, error) {
	now := time.Now()
	r := &run{holder: NewID(), name: w.Batch, verdicts: make([]verdict, ChunkSize)}
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

// watchEvery is how often a worker looks whether its campaign was paused or cancelled meanwhile: what the channel has not tried by then is
// put back.
const watchEvery = time.Second

// hold renews the lease until release is called; the returned context ends when the lease is lost or the campaign is held.
func (e *Engine) hold(ctx context.Context, r *run) (working context.Context, release func()) {
	working, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(min(watchEvery, e.Lease/3))
		defer tick.Stop()
		for renewed := time.Now(); ; {
			select {
			case <-working.Done():
				return
			case <-tick.C:
			}
			if time.Since(renewed) >= e.Lease/3 {
				renewed = time.Now()
				if err := e.renew(working, r); errors.Is(err, ErrGone) {
					cancel()
				}
			}
			if c, err := e.Stores.Registry.Campaign(working, r.campaign.ID); err == nil && c.Status != r.campaign.Status && c.Status != StatusCompleted {
				cancel()
			}
		}
	}()
	return working, func() { cancel(); <-done }
}

// renew moves the end of the lease, and of every place the batch has in a room.
func (e *Engine) renew(ctx context.Context, r *run) error {
	now := time.Now()
	r.mu.Lock()
	rooms := slices.Clone(r.rooms)
	r.mu.Unlock()
	for _, room := range rooms {
		if _, err := e.Stores.Pace.Enter(ctx, room.name, r.holder, room.most, now, now.Add(e.Lease)); err != nil {
			e.Log.Warn("a place could not be kept", "error", err)
		}
	}
	return e.Stores.Ledger.Hold(ctx, r.campaign.ID, r.name, r.holder, now.Add(e.Lease))
}

// settle writes down what was decided: facts first, so that none is missing from the history of a batch that is settled; then states
// and successors in one step; then it rouses what is due next. A state that a returned message has changed meanwhile is planned again.
func (e *Engine) settle(ctx context.Context, r *run) error {
	p := plan{batch: r.batch, lane: r.lane, expires: r.campaign.ExpiresAt, now: time.Now().Truncate(time.Millisecond),
		retry: e.Retry, jitter: rand.Float64(), barrier: e.barrier(r)}
	for told := false; ; told = true {
		p.make(r.states, r.verdicts)
		if !told {
			if err := insist(ctx, func() error { return e.tell(ctx, r, &p) }); err != nil {
				return err
			}
		}
		var balance Balance
		err := insist(ctx, func() (err error) {
			balance, err = e.Stores.Ledger.Settle(ctx, r.campaign.ID, r.name, r.holder, p.settlement)
			return err
		})
		switch {
		case errors.Is(err, ErrConflict):
			if err := r.readStates(ctx, e); err != nil {
				return err
			}
			continue
		case errors.Is(err, ErrGone):
			// Or the store has settled it, and its answer was lost: what is left to do then does no harm otherwise.
			e.Log.Warn("a lease was lost while its batch was handled", "campaign", r.campaign.ID, "batch", r.name)
		case err != nil:
			return err
		}
		gone := err != nil
		moved, err := e.cameEarly(ctx, r, &p)
		if err == nil && (moved || gone) {
			balance, err = e.Stores.Ledger.Balance(ctx, r.campaign.ID)
		}
		if err != nil {
			return err
		}
		return e.proceed(ctx, r.campaign, balance, p.settlement.Next)
	}
}

// insistPause is how long a store that is down is left alone before it is tried again.
const insistPause = 250 * time.Millisecond

// insist tries again while a store is down, until ctx ends: what a channel has taken is not forgotten, and so not sent twice, because Redis
// restarts just then.
func insist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if !errors.Is(err, ErrDown) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(insistPause):
		}
	}
}

// tell records the facts of a plan.
func (e *Engine) tell(ctx context.Context, r *run, p *plan) error {
	if err := e.Stores.Journal.Record(ctx, p.entries(r.campaign)...); err != nil {
		return err
	}
	ch := r.step().Channel
	if err := e.wrote(ctx, r); err != nil {
		return err
	}
	if err := e.gave(ctx, r); err != nil {
		return err
	}
	if err := e.turnedAway(ctx, r, p); err != nil {
		return err
	}
	if there := p.members(Received); there != nil {
		if err := e.Stores.Marks.Set(ctx, r.campaign.ID, ch, Received, OrdinalsOf(r.batch.Chunk, *there)); err != nil {
			return fmt.Errorf("set the marks: %w", err)
		}
	}
	sent, bounced := p.reputation()
	if err := e.tally(ctx, r.campaign, ch, Sent, sent+bounced); err != nil {
		return err
	}
	return e.tally(ctx, r.campaign, ch, Bounced, bounced)
}

// proceed rouses what is due, sees to it that the campaign is woken when its next batches are, or ends it when nobody is in flight any more.
func (e *Engine) proceed(ctx context.Context, c Campaign, balance Balance, next []Batch) error {
	if balance.InFlight == 0 {
		return e.finish(ctx, c.ID)
	}
	if len(next) > 0 {
		// It may have been paused, resumed or called back while the batch was worked on.
		var err error
		if c, err = e.Stores.Registry.Campaign(ctx, c.ID); err != nil {
			return fmt.Errorf("read campaign %s: %w", c.ID, err)
		}
		if c.Status == StatusCancelled {
			return e.Advance(ctx, c.ID) // the recall came too early for what this batch has put
		}
	}
	if c.Status == StatusPaused {
		return nil // resume rouses everything
	}
	if err := e.alarm(ctx, c, next); err != nil {
		return err
	}
	return e.rouse(ctx, c)
}

// rouse puts batches that are due into the queue, as many as the campaign may have there.
func (e *Engine) rouse(ctx context.Context, c Campaign) error {
	now := time.Now()
	batches, err := e.Stores.Ledger.Rouse(ctx, c.ID, now.Add(early/2), now.Add(e.Lease), e.Window)
	if err != nil {
		return fmt.Errorf("rouse batches of campaign %s: %w", c.ID, err)
	}
	wakes := make([]Wake, len(batches))
	for i := range batches {
		b := &batches[i]
		wakes[i] = Wake{Campaign: c.ID, Batch: b.ID(), Urgent: c.Urgent, At: b.Due, Channel: c.Route.Lanes[b.Lane][b.Step].Channel}
	}
	return e.put(ctx, wakes)
}

// alarm has the campaign woken when batches that are due later are due, in whole seconds: what is due about the same time shares a wake.
func (e *Engine) alarm(ctx context.Context, c Campaign, batches []Batch) error {
	now := time.Now()
	var wakes []Wake
	for i := range batches {
		at := batches[i].Due.Add(time.Second - time.Millisecond).Truncate(time.Second)
		if batches[i].Due.After(now) && !slices.ContainsFunc(wakes, func(w Wake) bool { return w.At.Equal(at) }) {
			wakes = append(wakes, Wake{Campaign: c.ID, Urgent: c.Urgent, At: at})
		}
	}
	return e.put(ctx, wakes)
}

func (e *Engine) put(ctx context.Context, wakes []Wake) error {
	if len(wakes) == 0 {
		return nil
	}
	return e.Stores.Queue.Put(ctx, wakes...)
}
