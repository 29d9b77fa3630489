package analytics_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"vestnik/analytics"
	"vestnik/engine"
)

// person is a recipient and all that happened to it.
type person struct {
	campaign engine.CampaignID
	mode     engine.Mode
	kind     engine.Kind
	template engine.TemplateRef
	ordered  time.Time
	who      engine.Recipient
	facts    map[engine.ChannelName]map[engine.Fact][]time.Time
	payments map[string]engine.Money
}

// persons retells the world recipient by recipient.
func (w *world) persons() []*person {
	type key struct {
		campaign engine.CampaignID
		ordinal  engine.Ordinal
	}
	all := make(map[key]*person)
	for _, e := range w.entries {
		for _, o := range e.Ordinals {
			p := all[key{e.Campaign, o}]
			if p == nil {
				p = &person{campaign: e.Campaign, mode: e.Mode, kind: e.Kind, template: e.Template, who: w.who[e.Campaign][o.Chunk()][o.Index()],
					facts: make(map[engine.ChannelName]map[engine.Fact][]time.Time), payments: make(map[string]engine.Money)}
				all[key{e.Campaign, o}] = p
			}
			switch {
			case e.Payment != nil:
				p.payments[e.Payment.Reference] = e.Payment.Amount
			case e.Fact == engine.Ordered:
				p.ordered = e.At
				fallthrough
			default:
				if p.facts[e.Channel] == nil {
					p.facts[e.Channel] = make(map[engine.Fact][]time.Time)
				}
				p.facts[e.Channel][e.Fact] = append(p.facts[e.Channel][e.Fact], e.At)
			}
		}
	}
	return slices.Collect(maps.Values(all))
}

// stage is how far the person came over the channel: 0 not at all, 1 sent … 4 clicked.
func (p *person) stage(ch engine.ChannelName) (far int) {
	for i, f := range []engine.Fact{engine.Sent, engine.Received, engine.Opened, engine.Clicked} {
		if len(p.facts[ch][f]) > 0 {
			far = i + 1
		}
	}
	return far
}

func (p *person) has(ch engine.ChannelName, f engine.Fact) bool { return len(p.facts[ch][f]) > 0 }

func (p *person) money() engine.Money {
	if p.who.Amount == nil {
		return 0
	}
	return *p.who.Amount
}

// tally adds persons up to a funnel.
type tally struct {
	analytics.Funnel
	references map[string]engine.Money
}

func newTally() *tally {
	t := &tally{references: make(map[string]engine.Money)}
	for i, s := range []engine.Fact{engine.Ordered, engine.Sent, engine.Received, engine.Opened, engine.Clicked, engine.Paid} {
		t.Stages[i].Stage = s
	}
	return t
}

// add counts a person who came as far as the stage; ordered is stage 0.
func (t *tally) add(p *person, far int, credit bool) {
	for i := range far + 1 {
		t.Stages[i].Count++
		t.Stages[i].Amount += p.money()
	}
	if !credit {
		return
	}
	if p.has(engine.NoChannel, engine.Paid) {
		t.Stages[5].Count++
	}
	maps.Copy(t.references, p.payments)
}

func (t *tally) funnel() analytics.Funnel {
	t.Stages[5].Amount = 0
	for _, sum := range t.references {
		t.Stages[5].Amount += sum
	}
	return t.Funnel
}

// channels counts a person channel by channel.
func (t *tally) channels(p *person) {
	for ch := range p.facts {
		if ch == engine.NoChannel {
			continue
		}
		if t.Channels == nil {
			t.Channels = make(map[engine.ChannelName]analytics.Channel)
		}
		c, far := t.Channels[ch], p.stage(ch)
		for i, n := range []*int64{&c.Sent, &c.Received, &c.Opened, &c.Clicked} {
			if far > i {
				*n++
			}
		}
		for f, n := range map[engine.Fact]*int64{engine.Failed: &c.Failed, engine.Bounced: &c.Bounced, engine.Complained: &c.Complained, engine.Unsubscribed: &c.Unsubscribed, engine.OpenedByProxy: &c.OpenedByProxy} {
			if p.has(ch, f) {
				*n++
			}
		}
		if far > 0 && p.has(engine.NoChannel, engine.Paid) {
			c.Paid++
		}
		t.Channels[ch] = c
	}
}

// farthest is how far the person came over any channel.
func (p *person) farthest() (far int) {
	for ch := range p.facts {
		far = max(far, p.stage(ch))
	}
	return far
}

// report is the slow and obvious way to analytics.History.Funnel.
func (w *world) report(q analytics.Query) analytics.Report {
	total, groups := newTally(), make(map[string]*tally)
	group := func(key string) *tally {
		if groups[key] == nil {
			groups[key] = newTally()
		}
		return groups[key]
	}
	for _, p := range w.persons() {
		if w.provider != q.Provider || p.mode != q.Mode || q.Campaign != "" && p.campaign != q.Campaign ||
			!q.From.IsZero() && p.ordered.Before(q.From) || !q.To.IsZero() && !p.ordered.Before(q.To) {
			continue
		}
		total.add(p, p.farthest(), true)
		total.channels(p)
		switch q.By {
		case analytics.ByKind, analytics.ByTemplate:
			key := string(p.kind)
			if q.By == analytics.ByTemplate {
				if key = p.template.Name; p.template.Version > 0 {
					key = fmt.Sprintf("%s@%d", p.template.Name, p.template.Version)
				}
			}
			group(key).add(p, p.farthest(), true)
			group(key).channels(p)
		case analytics.ByHouse:
			group(p.who.House).add(p, p.farthest(), true)
		case analytics.ByChannel:
			for ch := range p.facts {
				if ch != engine.NoChannel {
					group(string(ch)).add(p, p.stage(ch), p.stage(ch) > 0)
				}
			}
		case analytics.ByDay:
			for day, far := range p.days(q.Zone) {
				group(day).add(p, far, far > 0)
			}
		}
	}
	r := analytics.Report{Total: total.funnel()}
	for key, t := range groups {
		r.Groups = append(r.Groups, analytics.Group{Key: key, Funnel: t.funnel()})
	}
	slices.SortFunc(r.Groups, func(a, b analytics.Group) int { return cmp.Compare(a.Key, b.Key) })
	return r
}

// days is how far the person came by what was sent on each day, 0 where it was only tried.
func (p *person) days(zone *time.Location) map[string]int {
	days := make(map[string]int)
	for ch, facts := range p.facts {
		for _, at := range facts[engine.Failed] {
			days[at.In(zone).Format(time.DateOnly)] += 0
		}
		for _, at := range facts[engine.Sent] {
			day := at.In(zone).Format(time.DateOnly)
			days[day] = max(days[day], p.stage(ch))
		}
	}
	return days
}
