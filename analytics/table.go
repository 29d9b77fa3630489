package analytics

import (
	"context"
	"maps"
	"slices"

	"vestnik/engine"
)

// place is where in a report a row of ClickHouse belongs: a line, and a channel of it or ” for the line as a whole.
type place struct{ line, channel string }

// cells are the figures of a place in the order of the statements: the stages, then failed, bounced, complained, unsubscribed.
type cells struct {
	counts  []uint64
	amounts []int64
}

// table is a report as it comes from ClickHouse.
type table struct {
	cells map[place]cells
	paid  map[string]int64 // kopecks that came in, by line
}

// table asks ClickHouse for both halves of a report.
func (h *History) table(ctx context.Context, s selection, q statements) (table, error) {
	t := table{cells: make(map[place]cells)}
	rows, err := h.conn.Query(ctx, q.reached, s.arguments()...)
	if err != nil {
		return t, wrap("count recipients", err)
	}
	defer rows.Close()
	for rows.Next() {
		var at place
		var c cells
		if err := rows.Scan(&at.line, &at.channel, &c.counts, &c.amounts); err != nil {
			return t, wrap("read counts", err)
		}
		t.cells[at] = c
	}
	if err := rows.Err(); err != nil {
		return t, wrap("read counts", err)
	}
	t.paid, err = h.paid(ctx, s, q.paid)
	return t, err
}

// paid asks ClickHouse what came in.
func (h *History) paid(ctx context.Context, s selection, statement string) (map[string]int64, error) {
	paid := make(map[string]int64)
	rows, err := h.conn.Query(ctx, statement, s.arguments()...)
	if err != nil {
		return nil, wrap("add up payments", err)
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		var sum int64
		if err := rows.Scan(&line, &sum); err != nil {
			return nil, wrap("read payments", err)
		}
		paid[line] = sum
	}
	return paid, wrap("read payments", rows.Err())
}

// channelLines turns the channels of the whole into lines of their own.
func (h *History) channelLines(ctx context.Context, s selection, whole table) (table, error) {
	t := table{cells: make(map[place]cells)}
	for at, c := range whole.cells {
		if at.channel != "" {
			t.cells[place{line: at.channel}] = c
		}
	}
	var err error
	t.paid, err = h.paid(ctx, s, paidByChannel())
	return t, err
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
	n := make([]int64, 10)
	for i, count := range c.counts {
		n[i] = int64(count)
	}
	return Channel{Sent: n[1], Received: n[2], Opened: n[3], Clicked: n[4], Paid: n[5], Failed: n[6], Bounced: n[7], Complained: n[8], Unsubscribed: n[9]}
}
