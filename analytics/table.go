package analytics

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"vestnik/engine"
)

// place is where in a report a row of ClickHouse belongs: a line, and a channel of it or ” for the line as a whole.
type place struct{ line, channel string }

// cells are the figures of a place in the order of the statements: the stages, then failed, bounced, complained, unsubscribed, opened by proxy.
type cells struct {
	counts  []uint64
	amounts []int64
}

// table is a report as it comes from ClickHouse.
type table struct {
	cells map[place]cells
	paid  map[string]int64 // kopecks that came in, by line
}

// table asks ClickHouse for both halves of a report at once.
func (h *History) table(ctx context.Context, s selection, q statements) (t table, err error) {
	err = together(
		func() (err error) { t.cells, err = h.reached(ctx, s, q.reached); return err },
		func() (err error) { t.paid, err = h.paid(ctx, s, q.paid); return err },
	)
	return t, err
}

// together runs statements at the same time: half of a short one's time is ClickHouse thinking about it on one processor.
func together(statements ...func() error) error {
	failed := make([]error, len(statements))
	var running sync.WaitGroup
	for i, run := range statements {
		running.Go(func() { failed[i] = run() })
	}
	running.Wait()
	return errors.Join(failed...)
}

// reached asks ClickHouse how many came how far, and what they were asked for.
func (h *History) reached(ctx context.Context, s selection, statement string) (map[place]cells, error) {
	found := make(map[place]cells)
	rows, err := h.conn.Query(ctx, statement, s.arguments()...)
	if err != nil {
		return nil, wrap("count recipients", err)
	}
	err = each(rows, func() error {
		var at place
		var c cells
		err := rows.Scan(&at.line, &at.channel, &c.counts, &c.amounts)
		found[at] = c
		return err
	})
	return found, wrap("read counts", err)
}

// paid asks ClickHouse what came in.
func (h *History) paid(ctx context.Context, s selection, statement string) (map[string]int64, error) {
	paid := make(map[string]int64)
	rows, err := h.conn.Query(ctx, statement, s.arguments()...)
	if err != nil {
		return nil, wrap("add up payments", err)
	}
	err = each(rows, func() error {
		var line string
		var sum int64
		err := rows.Scan(&line, &sum)
		paid[line] = sum
		return err
	})
	return paid, wrap("read payments", err)
}

// channels turns the channels of the whole into lines of their own.
func (t table) channels() map[place]cells {
	lines := make(map[place]cells)
	for at, c := range t.cells {
		if at.channel != "" {
			lines[place{line: at.channel}] = c
		}
	}
	return lines
}

// sum adds all lines up to one.
func (t table) sum() map[place]cells {
	total := make(map[place]cells)
	for at, c := range t.cells {
		whole := place{channel: at.channel}
		total[whole] = cells{counts: add(total[whole].counts, c.counts), amounts: add(total[whole].amounts, c.amounts)}
	}
	return total
}

// add adds a list to another of the same length, or to none.
func add[T int64 | uint64](sum, list []T) []T {
	if sum == nil {
		return slices.Clone(list)
	}
	for i, n := range list {
		sum[i] += n
	}
	return sum
}

// groups gives the lines in order of their keys.
func (t table) groups() []Group {
	funnels := t.funnels()
	groups := make([]Group, 0, len(funnels))
	for _, line := range slices.Sorted(maps.Keys(funnels)) {
		groups = append(groups, Group{Key: line, Funnel: *funnels[line]})
	}
	return groups
}

// whole gives the only line of a report that is not broken down.
func (t table) whole() Funnel {
	if f := t.funnels()[""]; f != nil {
		return *f
	}
	return newFunnel()
}

// funnels gives every line as people read it.
func (t table) funnels() map[string]*Funnel {
	funnels := make(map[string]*Funnel)
	for at, c := range t.cells {
		f := funnels[at.line]
		if f == nil {
			f = new(newFunnel())
			f.Stages[len(stages)-1].Amount = engine.Money(t.paid[at.line])
			funnels[at.line] = f
		}
		if at.channel != "" {
			if f.Channels == nil {
				f.Channels = make(map[engine.ChannelName]Channel)
			}
			f.Channels[engine.ChannelName(at.channel)] = c.channel()
			continue
		}
		for i := range f.Stages {
			f.Stages[i].Count = int64(c.counts[i])
		}
		for i, sum := range c.amounts {
			f.Stages[i].Amount = engine.Money(sum)
		}
	}
	return funnels
}

// channel reads the cells of a channel.
func (c cells) channel() Channel {
	n := make([]int64, 11)
	for i, count := range c.counts {
		n[i] = int64(count)
	}
	return Channel{Sent: n[1], Received: n[2], Opened: n[3], Clicked: n[4], Paid: n[5], Failed: n[6], Bounced: n[7], Complained: n[8], Unsubscribed: n[9],
		OpenedByProxy: n[10]}
}
