package engine_test

import (
	"slices"
	"time"

	"vestnik/engine"
)

// What the model says of messages that a channel took, and of what crashes may do to facts that come meanwhile.

// slip is what a crash may do to a fact that is told while a message is being handed over.
type slip int

// The slips. Whatever was not written down when a handling died has not happened to it.
const (
	none      slip = iota
	forgotten      // that the channel took the message, so that the fact comes before it is sent
	unheard        // that the channel returned it: this was told before the message was known to be sent, and the handling died before it asked
)

// slips are those of one history, by message.
type slips map[place]slip

// accept goes on after a channel took the message, and perhaps something has happened already while the channel had it.
func (m *model) accept(lane *laneFate, p *plot) {
	step := lane.steps[lane.step]
	early := happening{fact: p.early, channel: step.Channel, reason: engine.BadAddress}
	if early.fact == engine.Paid {
		early.channel = engine.NoChannel
	}
	slip := m.slipOf(lane)
	m.told[told{engine.Sent, step.Channel}] = true
	switch {
	case p.received && slip == forgotten:
		m.told[told{engine.Received, step.Channel}], m.facts[told{engine.Received, step.Channel}] = true, true
		m.sendAgain(lane, p)
	case p.early == "":
		m.take(lane, p)
	case slip == forgotten:
		delete(m.told, told{engine.Sent, step.Channel})
		m.maybe[told{engine.Sent, step.Channel}] = true
		if m.happen(early); lane.outcome == engine.InFlight {
			m.sendAgain(lane, p)
		}
	case slip == unheard && p.early == engine.Bounced:
		m.told[told{engine.Bounced, step.Channel}], m.stops[step.Channel] = true, engine.PreviousBounce
		m.take(lane, p)
		m.facts[told{engine.Bounced, step.Channel}] = true
	case lane.taken && p.early != engine.Bounced:
		// What another channel took before is delivered if this meets the goal. If whoever reports it died before it said so, the handling itself
		// sees it later, and names its own channel; and perhaps nobody asks any more whether this one took it, if it answers later.
		if m.happen(early); lane.outcome == engine.InFlight {
			m.take(lane, p)
			break
		}
		lane.unnamed = true
		if p.polls > 0 {
			delete(m.told, told{engine.Sent, step.Channel})
			m.maybe[told{engine.Sent, step.Channel}], m.maybe[told{engine.Received, step.Channel}] = true, p.received
		}
	default:
		m.take(lane, p)
		m.happen(early)
	}
}

func (m *model) slipOf(lane *laneFate) slip {
	return m.slips[place{m.campaign.ID, lane.number, lane.step, m.who.Account}]
}

// sendAgain writes to somebody anew because nobody remembers that it was written to, if what has happened since still allows it.
func (m *model) sendAgain(lane *laneFate, p *plot) {
	why := m.forbidden(lane.steps[lane.step])
	switch {
	case m.met(lane):
		m.fulfil(lane)
	case why != engine.NoReason:
		m.pass(lane, why)
	default:
		m.take(lane, p)
	}
}

// take goes on after the channel has taken the message: it waits for the goal if there is still another step to be taken without it.
func (m *model) take(lane *laneFate, p *plot) {
	step := lane.steps[lane.step]
	if p.received {
		m.told[told{engine.Received, step.Channel}], m.facts[told{engine.Received, step.Channel}] = true, true
	}
	lane.unnamed = lane.taken && p.received // a crash may leave to the channel before what this one tells at once
	lane.taken, lane.channel, lane.reason = true, step.Channel, engine.NoReason
	if step.Wait > 0 && !slices.Contains(step.Until, engine.Sent) && m.following(lane) >= 0 {
		lane.waiting, lane.acts = true, m.now.Add(time.Duration(step.Wait))
	} else {
		lane.outcome = engine.Delivered
	}
	if m.facts[told{engine.Bounced, step.Channel}] && m.slipOf(lane) != unheard {
		// Facts are told of a channel, not of a message: who has returned one over it returns every other.
		m.giveBack(lane, happening{channel: step.Channel, reason: engine.BadAddress})
	}
	m.meet()
}
