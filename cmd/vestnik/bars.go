package main

import (
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
)

// bars is progress for a person; without one looking on it is silent.
type bars struct {
	progress.Writer
	ended chan struct{} // closed when the last state is drawn; nil: nobody looks on
}

// How often bars are drawn.
const barPause = 100 * time.Millisecond

// bars starts showing progress on err.
func (t *terminal) bars() *bars {
	b := &bars{Writer: progress.NewWriter()}
	if !t.wide() {
		return b
	}
	b.SetOutputWriter(t.err)
	b.SetStyle(progress.StyleBlocks)
	b.SetTrackerLength(30)
	b.SetUpdateFrequency(barPause)
	b.Style().Options.TimeInProgressPrecision = time.Second
	b.ended = make(chan struct{})
	go func() {
		b.Render()
		close(b.ended)
	}()
	return b
}

// bar adds one line of progress up to total; 0 means that the end is not known.
func (b *bars) bar(name string, total int64, units progress.Units) *progress.Tracker {
	tracker := &progress.Tracker{Message: name, Total: total, Units: units}
	if b.ended != nil {
		b.AppendTracker(tracker)
	}
	return tracker
}

// end draws the last state and lets go of the terminal.
func (b *bars) end() {
	for b.ended != nil {
		b.Stop() // has no effect until Render has set itself up: hence the loop
		select {
		case <-b.ended:
			b.ended = nil
		case <-time.After(barPause):
		}
	}
}
