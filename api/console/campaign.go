package console

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"vestnik/analytics"
	"vestnik/engine"
)

// detail is the page of one campaign.
type detail struct {
	head
	Mail     string // address of its messages; empty: none are kept, or not for this key
	Ledger   ledger
	Doing    []doing
	Away     bool // the history cannot be reached
	Funnel   stages
	Channels []channel
	Reasons  []reason
	Partly   bool // the reasons were counted over a part
	Facts    []fact
	Lanes    []lane
}

// fact is one line about the campaign.
type fact struct {
	Name, Text string
	Exact      string // a time as RFC 3339; empty: it is none
	Code       bool   // a name of the API's
	Link       string // where it leads; empty: nowhere
}

// showCampaign shows one campaign.
func showCampaign(v *visit) error {
	c, err := v.owned()
	if err != nil {
		return err
	}
	ctx := v.r.Context()
	b, err := v.balance(ctx, c)
	if err != nil {
		return err
	}
	waiting, down, err := v.waiting(ctx, c)
	if err != nil {
		return err
	}
	shown := detail{
		head: v.headOf(c, b), Mail: v.mailOf(c), Ledger: v.ledgerOf(b, !c.StartedAt.IsZero()), Doing: v.doingOf(c, waiting, down, b), Facts: v.factsOf(c), Lanes: v.routeOf(c.Route),
	}
	if shown.Reasons, shown.Partly, err = v.reasons(ctx, c, b); err != nil {
		return err
	}
	v.addHistory(ctx, c, &shown)
	p := v.page(c.Name, shown)
	p.Every = slow.Milliseconds()
	if c.Active() {
		p.Every = quick.Milliseconds()
	}
	return v.show(http.StatusOK, "campaign", p)
}

// waiting asks what a campaign waits for, and what is wrong with the channels it waits for.
func (v *visit) waiting(ctx context.Context, c engine.Campaign) ([]engine.WaitingFor, broken, error) {
	list, err := v.Engine.Waiting(ctx, c)
	if err != nil {
		return nil, nil, fmt.Errorf("ask what campaign %s waits for: %w", c.ID, err)
	}
	down := broken{}
	for _, w := range list {
		if w.Hold != engine.HeldBreaker {
			continue
		}
		if down[w.Channel], err = v.stores.Breakers.Breaker(ctx, c.Provider, w.Channel); err != nil {
			return nil, nil, fmt.Errorf("read a breaker: %w", err)
		}
	}
	return list, down, nil
}

// addHistory adds the funnels of a campaign that has begun, if the history can be reached.
func (v *visit) addHistory(ctx context.Context, c engine.Campaign, shown *detail) {
	if c.StartedAt.IsZero() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, historyPatience)
	defer cancel()
	report, err := v.History.Funnel(ctx, analytics.Query{Provider: c.Provider, Mode: c.Mode, Campaign: c.ID, By: analytics.ByChannel})
	if err != nil {
		v.Log.Warn("the console shows no funnel", "campaign", c.ID, "error", err)
		shown.Away = true
		return
	}
	shown.Funnel = v.stagesOf(report.Total, c.Kind.Payable())
	shown.Channels = v.channelsOf(report, c.Kind.Payable())
}

// factsOf lists what was ordered and when it happened, in the provider's zone.
func (v voice) factsOf(c engine.Campaign) (list []fact) {
	list = append(list, fact{Name: v.Say("template"), Text: c.Template.String(), Code: true})
	for _, at := range []struct {
		code string
		when moment
	}{
		{"created", v.whole(c.CreatedAt)}, {"send_at", v.whole(c.SendAt)}, {"started", v.whole(c.StartedAt)}, {"expires", v.whole(c.ExpiresAt)},
		{"ended", v.whole(c.EndedAt)},
	} {
		if at.when.Text != "" {
			list = append(list, fact{Name: v.Say(at.code), Text: at.when.Text, Exact: at.when.Exact})
		}
	}
	list = append(list, fact{Name: v.Say("zone"), Text: v.zoneName()})
	if c.Reference != "" {
		list = append(list, fact{Name: v.Say("reference"), Text: c.Reference, Code: true})
	}
	for _, other := range []struct {
		code string
		id   engine.CampaignID
	}{{"retry_of", c.RetryOf}, {"retried_by", c.RetriedBy}} {
		if other.id != "" {
			list = append(list, fact{Name: v.Say(other.code), Text: string(other.id), Link: "/console/campaigns/" + string(other.id)})
		}
	}
	return append(list, fact{Name: v.Say("id"), Text: string(c.ID), Code: true})
}

// reasonsOver is how many recipients are looked at for reasons: a page costs no more whatever the campaign's size.
const reasonsOver = 50_000

// reason is why recipients were not reached.
type reason struct {
	Text, Channel, Count string
	Bar                  bar
}

// cause is what reasons are counted by.
type cause struct {
	reason  engine.Reason
	channel engine.ChannelName
}

// reasons counts why recipients ended undelivered or suppressed; partly says that not everybody was looked at.
func (v *visit) reasons(ctx context.Context, c engine.Campaign, b engine.Balance) (list []reason, partly bool, err error) {
	if b.Undelivered+b.Suppressed == 0 {
		return nil, false, nil
	}
	size, err := v.stores.Audience.Size(ctx, c.ID)
	if err != nil {
		return nil, false, fmt.Errorf("read the size of campaign %s: %w", c.ID, err)
	}
	n := size.Chunks * engine.ChunkSize
	if partly = n > reasonsOver; partly {
		n = reasonsOver
	}
	lanes := make([][]engine.State, len(c.Route.Lanes))
	for l := range lanes {
		if lanes[l], err = v.stores.Ledger.States(ctx, c.ID, l, 0, n); err != nil {
			return nil, false, fmt.Errorf("read the states of campaign %s: %w", c.ID, err)
		}
	}
	return v.reasonsOf(countCauses(lanes, n)), partly, nil
}

// countCauses counts the causes among recipients; where a number was left out there is nobody, whose state reads as in flight.
func countCauses(lanes [][]engine.State, n int) map[cause]int64 {
	counts := map[cause]int64{}
	states := make([]engine.State, len(lanes))
	for i := range n {
		for l := range lanes {
			states[l] = lanes[l][i]
		}
		if s := engine.Weigh(states); s.Outcome == engine.Undelivered || s.Outcome == engine.Suppressed {
			counts[cause{s.Reason, s.Channel}]++
		}
	}
	return counts
}

// reasonsOf shows the causes, the most frequent first.
func (v voice) reasonsOf(counts map[cause]int64) (list []reason) {
	causes := slices.SortedFunc(maps.Keys(counts), func(a, b cause) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a.reason, b.reason), cmp.Compare(a.channel, b.channel))
	})
	for _, c := range causes {
		text := v.Say("reason." + string(cmp.Or(c.reason, engine.Unknown)))
		class := engine.Undelivered
		if c.reason.Suppression() {
			class = engine.Suppressed
		}
		shown := reason{Text: text, Count: v.number(counts[c]), Bar: share(string(class), counts[c], counts[causes[0]])}
		if c.channel != engine.NoChannel && c.reason != engine.NoAddress {
			shown.Channel = v.Say("channel." + string(c.channel))
		}
		list = append(list, shown)
	}
	return list
}
