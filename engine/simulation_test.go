package engine_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vestnik/engine"
)

var (
	seeds = flag.Int("seeds", 30, "how many random worlds the simulation walks")
	seed  = flag.Int("seed", 0, "the first of them")
)

// TestEverybodyEndsAsTheModelSays walks random worlds: campaigns of several providers over random routes, with residents and channels that do
// all they can do. Stores fail before or after their work, workers die in the middle, wakes come twice, at the same time too, or never. All the same
// every recipient ends in every lane as a slow and obvious model says, the journal tells what the model says and nothing else, the ledger
// balances at every moment, and nobody gets a message twice but by a handling that failed.
func TestEverybodyEndsAsTheModelSays(t *testing.T) {
	for n := range *seeds {
		t.Run(fmt.Sprint(*seed+n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { simulate(t, uint64(*seed+n)) })
		})
	}
}

func simulate(t *testing.T, seed uint64) {
	d := newDrive(t, seed)
	d.faults.SetRate(pick(d.dice, 0, 0.02, 0.08))
	d.faults.SetDeaths(0.3)
	d.faults.SetSlow(time.Millisecond)
	d.work()
	if t.Failed() {
		d.describe()
		return
	}
	facts := d.journal()
	for id, o := range d.orders {
		c := must(d.memory.Stores().Registry.Campaign(t.Context(), id))
		if !c.Status.Ended() || c.EndedAt.IsZero() {
			t.Errorf("campaign %s is %s", id, c.Status)
		}
		d.compare(o, facts[id])
	}
	d.expectOnce()
	if t.Failed() {
		d.describe()
	}
}

// describe tells of a world that has failed.
func (d *drive) describe() {
	for _, o := range d.orders {
		d.Logf("%s of %s: %+v from %v pause %v resume %v cancel %v expires %v", o.campaign.Kind, o.provider.ID, o.campaign.Route, o.start, o.pause, o.resume, o.cancel, o.campaign.ExpiresAt)
		for _, b := range must(d.memory.Stores().Ledger.Batches(d.Context(), o.campaign.ID, 10)) {
			d.Logf("%s try %d hold %q due %v %d", b.ID(), b.Try, b.Hold, b.Due, b.Members.Count())
		}
	}
	d.Logf("outage %+v, configured %v, %d faults, %d wakes", d.outage, d.anyOrder().configured, d.faults.Injected(), d.wakes)
}

func (d *drive) anyOrder() *order {
	for _, o := range d.orders {
		return o
	}
	return nil
}

// journal gives what the journal tells of every recipient of every campaign.
func (d *drive) journal() map[engine.CampaignID]map[engine.Ordinal]map[told]bool {
	facts := map[engine.CampaignID]map[engine.Ordinal]map[told]bool{}
	for _, e := range d.memory.Entries() {
		if facts[e.Campaign] == nil {
			facts[e.Campaign] = map[engine.Ordinal]map[told]bool{}
		}
		for _, ordinal := range e.Ordinals {
			if facts[e.Campaign][ordinal] == nil {
				facts[e.Campaign][ordinal] = map[told]bool{}
			}
			at := told{e.Fact, e.Channel}
			if e.Payment != nil {
				at = told{payment, engine.NoChannel}
			}
			facts[e.Campaign][ordinal][at] = true
		}
	}
	return facts
}

// compare holds what became of the recipients of a campaign against what the model says.
func (d *drive) compare(o *order, facts map[engine.Ordinal]map[told]bool) {
	var counted engine.Balance
	for n, chunk := range o.chunks {
		for i, r := range chunk {
			ordinal := engine.OrdinalOf(n, i)
			states := make([]engine.State, len(o.campaign.Route.Lanes))
			for l := range states {
				states[l] = must(d.memory.Stores().Ledger.States(d.Context(), o.campaign.ID, l, ordinal, 1))[0]
			}
			count(&counted, engine.Weigh(states).Outcome)
			var wrong []string
			for _, s := range d.histories(o, r) {
				if wrong = foretell(o, r, s).differs(states, facts[ordinal]); len(wrong) == 0 {
					break
				}
			}
			if len(wrong) > 0 {
				d.Errorf("%s: %s\n%+v told %v", r.who.Account, strings.Join(wrong, "; "), r, facts[ordinal])
			}
		}
	}
	if balance := must(d.memory.Stores().Ledger.Balance(d.Context(), o.campaign.ID)); balance != counted {
		d.Errorf("the ledger says %+v, its states %+v", balance, counted)
	}
}

// histories lists what crashes may have done to the facts that came while the recipient's messages were handed over: nothing, unless a handling
// died that had the message.
func (d *drive) histories(o *order, r *resident) []slips {
	list := []slips{{}}
	for l, lane := range o.campaign.Route.Lanes {
		for s := range lane {
			p := r.plots[l][s]
			told := p.early != "" || p.received
			if !told && !r.returns(lane[s].Channel) {
				continue
			}
			at := place{o.campaign.ID, l, s, r.who.Account}
			if !d.slipped[at] {
				continue
			}
			possible := []slip{unheard}
			if told {
				possible = []slip{forgotten, unheard}
			}
			for _, history := range list {
				for _, slip := range possible {
					other := maps.Clone(history)
					other[at] = slip
					list = append(list, other)
				}
			}
		}
	}
	return list
}

// returns tells whether the channel returns a message of the recipient some time.
func (r *resident) returns(ch engine.ChannelName) bool {
	return slices.ContainsFunc(r.happenings, func(h happening) bool { return h.fact == engine.Bounced && h.channel == ch })
}

// differs tells what is not as the model says; nothing if all is.
func (f fate) differs(states []engine.State, facts map[told]bool) (wrong []string) {
	for l, lane := range f.lanes {
		got := states[l]
		if got.Outcome != lane.outcome || got.Reason != lane.reason || lane.taken && !lane.unnamed && got.Channel != lane.channel {
			wrong = append(wrong, fmt.Sprintf("lane %d ended %+v, not %s/%s over %q", l, got, lane.outcome, lane.reason, lane.channel))
		}
	}
	for at := range f.told {
		if !facts[at] {
			wrong = append(wrong, fmt.Sprintf("the journal does not tell %v", at))
		}
	}
	for at := range facts {
		if !f.told[at] && !f.maybe[at] {
			wrong = append(wrong, fmt.Sprintf("the journal tells %v", at))
		}
	}
	return wrong
}

func count(b *engine.Balance, o engine.Outcome) {
	b.Ordered++
	switch o {
	case engine.Delivered:
		b.Delivered++
	case engine.Undelivered:
		b.Undelivered++
	case engine.Suppressed:
		b.Suppressed++
	case engine.Expired:
		b.Expired++
	case engine.Cancelled:
		b.Cancelled++
	default:
		b.InFlight++
	}
}

// expectOnce sees that no message was taken twice by handlings that ended well: what was sent more often was in flight at a failure.
func (d *drive) expectOnce() {
	for at, n := range d.well {
		if n > 1 {
			d.Errorf("the message of %v was sent %d times though nothing failed", at, n)
		}
	}
}
