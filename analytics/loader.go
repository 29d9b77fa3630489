package analytics

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"vestnik/engine"
)

// LoaderOptions tune a Loader. The zero value is good.
type LoaderOptions struct {
	Facts  int           // how many facts make a block; zero means 400,000: larger ones take more memory, and time that ClickHouse has little less of
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

// hands is how many blocks are under way at the same time: one is composed while ClickHouse works on the other.
const hands = 2

// NewLoader makes a loader; Run works.
func NewLoader(h *History, source Source, audience Audience, o LoaderOptions) *Loader {
	if o.Facts == 0 {
		o.Facts = 400_000
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
	pages, blocks := make(chan []Delivery), make(chan []Delivery)
	var working sync.WaitGroup
	working.Go(func() { l.read(ctx, life, pages) })
	for range hands {
		working.Go(func() {
			for block := range blocks {
				l.load(life, block)
			}
		})
	}
	for deliveries := l.gather(pages); len(deliveries) > 0; deliveries = l.gather(pages) {
		for len(deliveries) > 0 {
			n := l.block(deliveries)
			blocks <- deliveries[:n] // after life's end nothing is loaded, so that this does not hang
			deliveries = deliveries[n:]
		}
	}
	close(blocks)
	working.Wait()
	return nil
}

// readLimit is how many deliveries are asked for at once.
const readLimit = 1000

// read hands over what is in the journal until life ends, or ctx has ended and the journal is empty; then it closes pages.
func (l *Loader) read(ctx, life context.Context, pages chan<- []Delivery) {
	defer close(pages)
	for life.Err() == nil {
		stopping := ctx.Err() != nil
		page, err := l.source.Read(life, readLimit)
		if err != nil {
			l.Log.LogAttrs(ctx, slog.LevelWarn, "the journal cannot be read", slog.Any("error", err))
			pause(ctx, life, l.Linger)
		}
		if len(page) > 0 {
			pages <- page
		} else if stopping {
			return
		}
	}
}

// Parts of a block that are loaded at once when the journal has no more, and when nothing has come for a while: the end of a campaign is
// not to wait for a block that will not fill.
const (
	worthwhile = 2
	remainder  = 10
)

// gather takes pages until there are facts enough for a block, or for part of one when the journal has no more, or it has lingered. None means
// the end.
func (l *Loader) gather(pages <-chan []Delivery) []Delivery {
	list := <-pages
	lingered := time.After(l.Linger)
	for facts, page := 0, list; len(page) > 0; {
		for i := range page {
			facts += count(&page[i])
		}
		if facts >= l.Facts || len(page) < readLimit && facts >= l.Facts/worthwhile {
			break
		}
		var silent <-chan time.Time
		if facts >= l.Facts/remainder {
			silent = time.After(l.Linger / remainder)
		}
		select {
		case page = <-pages:
			list = append(list, page...)
		case <-silent:
			return list
		case <-lingered:
			return list
		}
	}
	return list
}

// block tells how many of the deliveries make a block: a source may give many more than were asked for.
func (l *Loader) block(deliveries []Delivery) int {
	facts := 0
	for i := range deliveries {
		if facts += count(&deliveries[i]); facts >= l.Facts {
			return i + 1
		}
	}
	return len(deliveries)
}

// count gives the facts of a delivery as far as their work is concerned: who was ordered is more than a bit.
func count(d *Delivery) int {
	if d.Entry.Fact == engine.Ordered {
		return len(d.Entry.Ordinals) + engine.ChunkSize
	}
	return max(1, len(d.Entry.Ordinals))
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
