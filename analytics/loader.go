package analytics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"vestnik/engine"
)

// LoaderOptions tune a Loader. The zero value is good.
type LoaderOptions struct {
	Facts  int           // how many facts make a block; zero means 500,000
	Linger time.Duration // how long to wait for a block to fill; zero means half a second
	Drain  time.Duration // how long to go on after Run's context has ended; zero means 10 seconds
	Log    *slog.Logger  // nil means silence. Never holds personal data
	Meter  Meter         // nil means nobody counts
}

// Loader moves the journal into the history in large blocks, and acknowledges after the insert. Several may work on one journal. It never loses
// an entry: what cannot be written waits, and what makes no sense is set aside, counted and told.
type Loader struct {
	history  *History
	source   Source
	audience Audience
	LoaderOptions
}

// NewLoader makes a loader; Run works.
func NewLoader(h *History, source Source, audience Audience, o LoaderOptions) *Loader {
	if o.Facts == 0 {
		o.Facts = 500_000
	}
	if o.Linger == 0 {
		o.Linger = 500 * time.Millisecond
	}
	if o.Drain == 0 {
		o.Drain = 10 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Meter == nil {
		o.Meter = noMeter{}
	}
	return &Loader{h, source, audience, o}
}

// Run loads until ctx ends and then what the journal still holds, for the time of Drain at most: what is left by then was not acknowledged and
// comes again. It returns nil when it was stopped; the schema must be there before (see History.Migrate).
func (l *Loader) Run(ctx context.Context) error {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	defer context.AfterFunc(ctx, func() {
		select {
		case <-time.After(l.Drain):
			end()
		case <-life.Done():
		}
	})()
	for life.Err() == nil {
		stopping := ctx.Err() != nil
		deliveries, err := l.gather(life, ctx.Done())
		l.load(life, deliveries)
		if err != nil {
			l.Log.LogAttrs(ctx, slog.LevelWarn, "the journal cannot be read", slog.Any("error", err))
			pause(ctx, life, l.Linger)
		}
		if stopping && (len(deliveries) == 0 || err != nil) {
			return nil
		}
	}
	return nil
}

// readLimit is how many deliveries are asked for at once.
const readLimit = 1000

// gather reads until there are facts enough for a block, or it has lingered. An error comes with what was read before it.
func (l *Loader) gather(ctx context.Context, hurry <-chan struct{}) (list []Delivery, err error) {
	var deadline time.Time
	for facts := 0; facts < l.Facts; {
		more, err := l.source.Read(ctx, readLimit)
		if err != nil {
			return list, fmt.Errorf("read the journal: %w", err)
		}
		list = append(list, more...)
		for i := range more {
			facts += max(1, len(more[i].Entry.Ordinals))
			if more[i].Entry.Fact == engine.Ordered {
				facts += engine.ChunkSize
			}
		}
		select {
		case <-hurry:
			if len(more) < readLimit {
				return list, nil
			}
			continue
		default:
		}
		now := time.Now()
		if deadline.IsZero() {
			deadline = now.Add(l.Linger)
		}
		if len(list) == 0 || now.After(deadline) {
			return list, nil
		}
	}
	return list, nil
}

// Pauses while ClickHouse cannot be written to.
const (
	shortestPause = 100 * time.Millisecond
	longestPause  = 10 * time.Second
)

// load writes the deliveries and acknowledges them, however long that takes; it gives up only when ctx ends.
func (l *Loader) load(ctx context.Context, deliveries []Delivery) {
	if len(deliveries) == 0 {
		return
	}
	for wait := shortestPause; ; wait = min(2*wait, longestPause) {
		err := l.write(ctx, deliveries)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return
		}
		l.Meter.Stalled()
		l.Log.LogAttrs(ctx, slog.LevelWarn, "the history cannot be written, the journal waits", slog.Any("error", err), slog.Duration("pause", wait))
		pause(ctx, ctx, wait/2+rand.N(wait))
	}
	if err := l.source.Ack(ctx, deliveries); err != nil {
		l.Log.LogAttrs(ctx, slog.LevelWarn, "entries are loaded but not acknowledged: they come again and change nothing", slog.Any("error", err))
	}
}

// write inserts the deliveries. If ClickHouse takes offence at what they hold, it halves them until the culprit stands alone, and sets
// that one aside.
func (l *Loader) write(ctx context.Context, deliveries []Delivery) error {
	b, err := compose(ctx, l.audience, deliveries)
	if err != nil {
		return err
	}
	err = b.insert(ctx, l.history)
	switch {
	case err == nil:
		l.report(ctx, b, len(deliveries))
		return nil
	case !indigestible(err):
		return err
	case len(deliveries) == 1:
		alone := deliveries[0]
		alone.Broken = errors.New("ClickHouse refuses it: " + exceptionName(err))
		return l.write(ctx, []Delivery{alone})
	}
	half := len(deliveries) / 2
	return errors.Join(l.write(ctx, deliveries[:half]), l.write(ctx, deliveries[half:]))
}

// report counts and logs what was written.
func (l *Loader) report(ctx context.Context, b *block, entries int) {
	l.Meter.Loaded(entries-len(b.aside.ids), b.facts, time.Since(b.oldest))
	if n := len(b.aside.ids); n > 0 {
		l.Meter.Aside(n)
		for i, id := range b.aside.ids {
			l.Log.LogAttrs(ctx, slog.LevelError, "an entry of the journal was set aside", slog.String("entry", id), slog.String("why", b.aside.why[i]))
		}
	}
	if b.unknown > 0 {
		l.Log.LogAttrs(ctx, slog.LevelWarn, "recipients were loaded without accounts, houses and amounts: their data had expired", slog.Int("recipients", b.unknown))
	}
}

// pause waits; less if either context ends.
func pause(a, b context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.Done():
	case <-b.Done():
	}
}
