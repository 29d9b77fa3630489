package console

import (
	"cmp"
	"slices"

	"vestnik/analytics"
	"vestnik/engine"
)

// stages is a funnel as people see it: bars in people, with roubles where something is to be paid.
type stages struct {
	Rows  []stage
	Money bool // there are roubles to show
}

// stage is one row: how many came so far, of all that were ordered and of the row before. Previous is empty where that says nothing.
type stage struct {
	Name, Count, Percent, Previous, Amount string
	Bar                                    bar
}

// stagesOf shows the funnel of a campaign or of several.
func (v voice) stagesOf(f analytics.Funnel, payable bool) stages {
	shown := stages{Money: payable}
	ordered := f.Stages[0].Count
	for i, s := range f.Stages {
		row := stage{
			Name: v.Say("fact." + string(s.Stage)), Count: v.number(s.Count), Percent: v.percent(s.Count, ordered),
			Bar: share(string(s.Stage), s.Count, ordered),
		}
		if i > 0 && s.Stage != engine.Paid { // people pay unread bills: the stage before says nothing about it
			row.Previous = v.percent(s.Count, f.Stages[i-1].Count)
		}
		if payable {
			row.Amount = v.money(s.Amount)
		}
		row.Bar.Text = row.Name + ": " + row.Count + ", " + row.Percent
		shown.Rows = append(shown.Rows, row)
	}
	if !payable { // nobody pays for an outage
		shown.Rows = shown.Rows[:len(shown.Rows)-1]
	}
	return shown
}

// channel is what came of the messages over one channel.
type channel struct {
	Name   string
	Rows   []stage
	Amount string    // what came in; empty where nothing is to be paid
	Also   []outcome // what went wrong, where anything did
}

// channelsOf shows a funnel by channel, in the order people know them.
func (v voice) channelsOf(report analytics.Report, payable bool) (list []channel) {
	for _, name := range engine.ChannelNames() {
		counts, tried := report.Total.Channels[name]
		if !tried || counts == (analytics.Channel{}) {
			continue
		}
		shown := channel{Name: v.Say("channel." + string(name)), Rows: v.channelRows(counts, payable)}
		if payable {
			shown.Amount = v.money(paidOver(report, name))
		}
		for _, also := range []struct {
			fact  engine.Fact
			count int64
		}{
			{engine.Failed, counts.Failed}, {engine.Bounced, counts.Bounced}, {engine.Complained, counts.Complained},
			{engine.Unsubscribed, counts.Unsubscribed}, {engine.OpenedByProxy, counts.OpenedByProxy},
		} {
			if also.count > 0 {
				shown.Also = append(shown.Also, outcome{Name: v.Say("fact." + string(also.fact)), Count: v.number(also.count)})
			}
		}
		list = append(list, shown)
	}
	return list
}

func (v voice) channelRows(counts analytics.Channel, payable bool) (rows []stage) {
	for _, s := range []struct {
		fact  engine.Fact
		count int64
	}{
		{engine.Sent, counts.Sent}, {engine.Received, counts.Received}, {engine.Opened, counts.Opened}, {engine.Clicked, counts.Clicked},
		{engine.Paid, counts.Paid},
	} {
		if s.fact == engine.Paid && !payable {
			continue
		}
		row := stage{
			Name: v.Say("fact." + string(s.fact)), Count: v.number(s.count), Percent: v.percent(s.count, counts.Sent),
			Bar: share(string(s.fact), s.count, counts.Sent),
		}
		row.Bar.Text = row.Name + ": " + row.Count + ", " + row.Percent + " " + v.Say("of_sent")
		rows = append(rows, row)
	}
	return rows
}

// paidOver is what those paid who were sent to over the channel.
func paidOver(report analytics.Report, name engine.ChannelName) engine.Money {
	at, found := slices.BinarySearchFunc(report.Groups, string(name), func(g analytics.Group, key string) int { return cmp.Compare(g.Key, key) })
	if !found {
		return 0
	}
	stages := report.Groups[at].Stages
	return stages[len(stages)-1].Amount
}
