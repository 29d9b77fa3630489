package engine_test

import (
	"maps"
	"slices"
	"time"

	"vestnik/engine"
)

// The reference model: what becomes of one recipient, told slowly and obviously. It knows no batches, stores, leases or queues. It shares with the
// engine only names, and the table of which kinds go over which channels.

// told is one thing the journal tells of a recipient.
type told struct {
	fact    engine.Fact
	channel engine.ChannelName
}

// payment stands for the entry of a payment among what is told; the fact Paid is another.
const payment engine.Fact = "payment"

// fate is what the model says of a recipient.
type fate struct {
	lanes []*laneFate
	told  map[told]bool // must be told
	maybe map[told]bool // may be told as well; see where it is set
}

// laneFate is where a recipient stands in one lane.
type laneFate struct {
	steps   engine.Lane
	number  int
	step    int
	waiting bool      // for the goal of the step; otherwise it is to be sent
	acts    time.Time // when it goes on by itself
	since   time.Time // when it came to the step
	outcome engine.Outcome
	reason  engine.Reason
	channel engine.ChannelName // that took the message last, or failed
	taken   bool               // and has not returned it
	unnamed bool               // either of two channels may be named as the one that took it
}

// model walks one recipient through its campaign.
type model struct {
	*order
	*resident
	fate
	now     time.Time
	facts   map[told]bool
	stops   map[engine.ChannelName]engine.Reason
	agreed  bool
	paid    int // parts of the amount
	running bool
	slips   slips
}

// foretell walks the recipient until nothing can happen any more: the earliest of what its lanes and the world do comes next. What happens
// outside comes before what lanes do at the same time. What crashes did to facts that come while a message is handed over is given.
func foretell(o *order, r *resident, s slips) fate {
	m := &model{order: o, resident: r, slips: s, facts: map[told]bool{}, stops: maps.Clone(r.stops), agreed: r.agreed}
	m.told, m.maybe = map[told]bool{{engine.Ordered, engine.NoChannel}: true}, map[told]bool{}
	happenings := slices.Clone(r.happenings)
	if !o.cancel.IsZero() {
		after := slices.IndexFunc(append(happenings, happening{at: o.cancel}), func(h happening) bool { return !h.at.Before(o.cancel) })
		happenings = slices.Insert(happenings, after, happening{at: o.cancel})
	}
	for {
		lane := m.next()
		switch {
		case !m.running && (len(happenings) == 0 || m.start.Before(happenings[0].at)):
			m.begin()
		case len(happenings) > 0 && (lane == nil || !happenings[0].at.After(lane.acts)):
			m.now = happenings[0].at
			m.happen(happenings[0])
			happenings = happenings[1:]
		case lane == nil:
			return m.fate
		default:
			m.now = lane.acts
			m.act(lane)
		}
	}
}

// begin puts the recipient at the beginning of its lanes.
func (m *model) begin() {
	m.running, m.now = true, m.start
	for l, steps := range m.campaign.Route.Lanes {
		lane := &laneFate{steps: steps, number: l, outcome: engine.InFlight}
		m.lanes = append(m.lanes, lane)
		m.arrive(lane, max(0, slices.IndexFunc(steps, func(s engine.Step) bool { return m.configured[s.Channel] })))
	}
}

// next is the lane that goes on first.
func (m *model) next() (first *laneFate) {
	for _, lane := range m.lanes {
		if lane.outcome == engine.InFlight && (first == nil || lane.acts.Before(first.acts)) {
			first = lane
		}
	}
	return first
}

func (m *model) arrive(lane *laneFate, step int) {
	lane.step, lane.waiting, lane.acts, lane.since = step, false, m.now, m.now
}

// act does what a lane does when its time has come.
func (m *model) act(lane *laneFate) {
	switch {
	case reached(m.now, m.cancel):
		m.end(lane, engine.Cancelled, engine.NoReason)
	case within(m.now, m.pause, m.resume):
		lane.acts = m.resume
	case reached(m.now, m.campaign.ExpiresAt):
		m.end(lane, engine.Expired, engine.NoReason)
	case m.met(lane):
		m.fulfil(lane)
	case lane.waiting:
		m.onward(lane)
	default:
		m.send(lane)
	}
	if expires := m.campaign.ExpiresAt; m.now.Before(expires) && lane.acts.After(expires) {
		lane.acts = expires
	}
}

// fulfil ends a lane whose goal is met. Who has received or opened something over the very channel it was to be written to over has been written
// to, whatever else is known.
func (m *model) fulfil(lane *laneFate) {
	ch := lane.steps[lane.step].Channel
	proof := slices.ContainsFunc([]engine.Fact{engine.Received, engine.Opened, engine.Clicked}, func(f engine.Fact) bool { return m.facts[told{f, ch}] })
	if proof && !lane.taken && !m.facts[told{engine.Bounced, ch}] {
		m.told[told{engine.Sent, ch}] = true
		lane.taken, lane.channel = true, ch
	}
	m.end(lane, engine.Suppressed, engine.GoalMet)
}

func within(t, from, to time.Time) bool { return reached(t, from) && t.Before(to) }

func reached(t, moment time.Time) bool { return !moment.IsZero() && !t.Before(moment) }

// end ends a lane; what a channel has taken is delivered, whatever ends it.
func (m *model) end(lane *laneFate, outcome engine.Outcome, reason engine.Reason) {
	lane.outcome, lane.reason = outcome, reason
	if lane.taken {
		lane.outcome, lane.reason = engine.Delivered, engine.NoReason
	}
}

// met tells whether the lane's goal is met: of the step, and before sending that of the step before too. A payment always meets it.
func (m *model) met(lane *laneFate) bool {
	goals := slices.Clone(lane.steps[lane.step].Until)
	if !lane.waiting && lane.step > 0 {
		goals = append(goals, lane.steps[lane.step-1].Until...)
	}
	if m.campaign.Kind == engine.KindBill || m.campaign.Kind == engine.KindDebt {
		goals = append(goals, engine.Paid)
	}
	for at := range m.facts {
		clicked, opened := at.fact == engine.Clicked, at.fact == engine.Opened
		for _, goal := range goals {
			if goal == at.fact || goal == engine.Opened && clicked || goal == engine.Received && (clicked || opened) {
				return true
			}
		}
	}
	return false
}

// barrier is why a step can never reach the recipient; the empty reason if it can.
func (m *model) barrier(step engine.Step) engine.Reason {
	owed := m.campaign.Kind == engine.KindBill || m.campaign.Kind == engine.KindDebt
	switch {
	case !m.configured[step.Channel] || m.who.Address(step.Channel) == "":
		return engine.NoAddress
	case owed && m.who.Delivery == engine.OnPaper && step.Channel != engine.Paper,
		owed && m.who.Delivery == engine.Electronic && step.Channel == engine.Paper:
		return engine.PaperOnly
	}
	return engine.NoReason
}

// forbidden is why the recipient must not be written to over the step's channel now.
func (m *model) forbidden(step engine.Step) engine.Reason {
	ad, stop := m.campaign.Kind == engine.KindAd, m.stops[step.Channel]
	switch {
	case stop == engine.NoReason, stop == engine.Opted && !ad, stop == engine.Unreminded && !ad && m.campaign.Kind != engine.KindDebt:
	default:
		return stop
	}
	switch {
	case ad && step.Channel != engine.HouseChat && !m.agreed:
		return engine.NoConsent
	}
	return engine.NoReason
}

// send writes to the recipient, puts it off or passes over the step.
func (m *model) send(lane *laneFate) {
	step := lane.steps[lane.step]
	why := m.barrier(step)
	if why == engine.NoReason {
		why = m.forbidden(step)
	}
	if why != engine.NoReason {
		m.pass(lane, why)
		return
	}
	if end := m.morning(step.Channel); end.After(m.now) {
		lane.since = lane.since.Add(end.Sub(m.now)) // the night does not count among the 72 hours
		lane.acts = end
		return
	}
	if m.campaign.Kind == engine.KindAd && m.capped {
		m.pass(lane, engine.Capped)
		return
	}
	m.attempt(lane, m.plotAt(lane.number, lane.step))
}

// pass goes on to the next step. Not to be reachable is no reason by itself, and the first reason stays.
func (m *model) pass(lane *laneFate, why engine.Reason) {
	if why != engine.NoAddress && lane.reason == engine.NoReason && !lane.taken {
		lane.reason = why
	}
	m.onward(lane)
}

// morning is when the recipient may be written to, looked up minute by minute; now if it is not night.
func (m *model) morning(ch engine.ChannelName) time.Time {
	rings := ch == engine.VK || ch == engine.HouseChat || m.campaign.Kind == engine.KindAd
	t := m.now
	for m.quiet && rings && !m.campaign.Urgent {
		clock := t.In(m.who.Zone(m.provider)).Format("15:04")
		if clock >= nightEnds && clock < nightBegins {
			break
		}
		t = t.Truncate(time.Minute).Add(time.Minute)
	}
	return t
}

// attempt does what the channel's script says.
func (m *model) attempt(lane *laneFate, p *plot) {
	ch := lane.steps[lane.step].Channel
	tell := func(f engine.Fact) { m.told[told{f, ch}] = true }
	if m.who.Name == unwritable {
		tell(engine.Failed)
		m.fail(lane, engine.BadMessage)
		return
	}
	if ch == m.outage.channel || ch == engine.HouseChat && p.temps > 0 {
		// Whether one of them is tried in vain while the channel is down, or waits for others who are; and whether it waits for a neighbour
		// who is tried in vain, or shares that, depends on which batch comes first.
		m.maybe[told{engine.Deferred, ch}] = true
	} else if p.temps > 0 || p.throttle || p.stall {
		tell(engine.Deferred)
	}
	switch {
	case p.stall && m.now.Sub(lane.since) < tryLimit:
		lane.acts = m.now.Add(stallPause)
	case p.stall:
		tell(engine.Failed)
		m.fail(lane, engine.Throttled)
	case p.temps >= tries:
		tell(engine.Failed)
		m.fail(lane, engine.Unavailable)
	case p.fault != engine.NoReason:
		tell(engine.Failed)
		m.fail(lane, p.fault)
	default:
		m.accept(lane, p)
	}
}

// fail goes on after a final fault; a message that another channel took stays delivered.
func (m *model) fail(lane *laneFate, why engine.Reason) {
	if !lane.taken {
		lane.channel, lane.reason = lane.steps[lane.step].Channel, why
	}
	m.onward(lane)
}

func (m *model) following(lane *laneFate) int {
	for step := lane.step + 1; step < len(lane.steps); step++ {
		if m.barrier(lane.steps[step]) == engine.NoReason {
			return step
		}
	}
	return -1
}

// onward goes to the next step that can reach the recipient, or ends the lane with what was the last word.
func (m *model) onward(lane *laneFate) {
	if step := m.following(lane); step >= 0 {
		lane.outcome = engine.InFlight
		m.arrive(lane, step)
		return
	}
	if lane.reason == engine.NoReason {
		lane.reason = engine.NoAddress
		for _, step := range lane.steps {
			if m.barrier(step) == engine.PaperOnly {
				lane.reason = engine.PaperOnly
			}
		}
	}
	outcome := engine.Undelivered
	if lane.reason.Suppression() {
		outcome = engine.Suppressed
	}
	m.end(lane, outcome, lane.reason)
}

// happen is something from outside: a fact, or what the operator does to everybody.
func (m *model) happen(h happening) {
	switch {
	case h.fact == "": // the campaign is cancelled
		for _, lane := range m.lanes {
			lane.acts = m.now
		}
		return
	case h.fact == withdrawal:
		m.agreed = false
		return
	case h.fact == engine.Paid:
		m.told[told{payment, engine.NoChannel}] = true
		if m.paid++; m.paid < m.parts {
			return
		}
	case m.facts[told{h.fact, h.channel}]:
		return
	}
	m.facts[told{h.fact, h.channel}], m.told[told{h.fact, h.channel}] = true, true
	switch h.fact {
	case engine.Complained:
		m.stops[h.channel] = engine.Objected
	case engine.Unsubscribed:
		if is := m.stops[h.channel]; m.campaign.Kind.Payable() && (is == engine.NoReason || is == engine.Opted) {
			m.stops[h.channel] = engine.Unreminded
		} else if is == engine.NoReason { // it never lifts what stops more
			m.stops[h.channel] = engine.Opted
		}
	case engine.Bounced:
		if h.reason == engine.BadAddress {
			m.stops[h.channel] = engine.PreviousBounce
		}
		for _, lane := range m.lanes {
			m.giveBack(lane, h)
		}
	}
	m.meet()
}

// giveBack takes the message back that a channel returned. Who is on the way to a later step goes on with that; a reminder over the very
// channel that returned the message is left out.
func (m *model) giveBack(lane *laneFate, h happening) {
	if !lane.taken || lane.channel != h.channel {
		return
	}
	lane.taken, lane.reason = false, h.reason
	onTheWay := lane.outcome == engine.InFlight && !lane.waiting
	if !onTheWay || lane.steps[lane.step].Channel == h.channel {
		m.onward(lane)
	}
}

// meet ends the lanes that have their goal, of those whose message was taken.
func (m *model) meet() {
	for _, lane := range m.lanes {
		if lane.outcome == engine.InFlight && lane.taken && m.met(lane) {
			m.end(lane, engine.Delivered, engine.NoReason)
		}
	}
}
