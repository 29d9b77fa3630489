package demo

import (
	"fmt"
	"math"

	"vestnik/api/client"
	"vestnik/engine"
)

// Report is what came of the demo: the JSON that it prints for programs.
type Report struct {
	Version   string           `json:"version"`
	Seed      uint64           `json:"seed"`
	Elapsed   float64          `json:"elapsed_seconds"`
	Campaigns []CampaignReport `json:"campaigns"`
	Problems  []string         `json:"problems,omitempty"` // what does not agree; nothing when all is well
}

// Fine reports whether every ledger balances and all counts agree.
func (r Report) Fine() bool { return len(r.Problems) == 0 }

// CampaignReport is what came of one campaign: the ledger from the delivery, channels and funnel from the history.
type CampaignReport struct {
	ID       engine.CampaignID                   `json:"id"`
	Kind     engine.Kind                         `json:"kind"`
	Name     string                              `json:"name"`
	Status   engine.Status                       `json:"status"`
	Rate     float64                             `json:"recipients_per_second"`
	Ledger   engine.Balance                      `json:"ledger"`
	Channels map[engine.ChannelName]client.Reach `json:"channels"`
	Funnel   []client.Stage                      `json:"funnel"`
}

// Report is the campaign's funnel as the API tells it.
func (c CampaignReport) Report() client.Report {
	return client.Report{Funnel: client.Funnel{Stages: c.Funnel, Channels: c.Channels}}
}

// check holds three independent counts against each other: the delivery's ledger, the history, and what the residents know they did.
func (c CampaignReport) check(d *Deeds) (problems []string) {
	expect := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Sprintf("%s: ", c.Name)+fmt.Sprintf(format, args...))
		}
	}
	l := c.Ledger
	expect(c.Status == engine.StatusCompleted, "the campaign is %s", c.Status)
	expect(l.Balanced() && l.InFlight == 0, "the ledger does not balance, or somebody is in flight: %+v", l)
	count := map[engine.Fact]int64{}
	before := int64(math.MaxInt64)
	for _, s := range c.Funnel {
		count[s.Stage] = s.Count
		expect(s.Count <= before || s.Stage == engine.Paid, "more were %s than before that: %d of %d", s.Stage, s.Count, before)
		before = s.Count
	}
	var reach client.Reach
	for ch, r := range c.Channels {
		if ch != engine.HouseChat { // one post for all who live there
			reach.Sent += r.Sent
		}
		reach.Opened += r.Opened
		reach.Clicked += r.Clicked
		reach.Bounced += r.Bounced
		reach.Unsubscribed += r.Unsubscribed
	}
	for _, pair := range []struct {
		what       string
		have, want int64
	}{
		{"ordered in the history and in the ledger", count[engine.Ordered], l.Ordered},
		{"residents who keep a message and delivered in the ledger", d.Reached(), l.Delivered},
		{"sent in the history and messages that came", reach.Sent, d.Letters.Load()},
		{"sent to house chats in the history and neighbours who were told there", c.Channels[engine.HouseChat].Sent, d.Neighbours.Load()},
		{"opened in the history and by residents", reach.Opened, d.Opened.Load()},
		{"clicked in the history and by residents", reach.Clicked, d.Clicked.Load()},
		{"bounced in the history and by mailboxes", reach.Bounced, d.Returned.Load()},
		{"unsubscribed in the history and by residents", reach.Unsubscribed, d.Unsubscribed.Load()},
	} {
		expect(pair.have == pair.want, "%s differ: %d and %d", pair.what, pair.have, pair.want)
	}
	return problems
}
