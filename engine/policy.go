package engine

import "slices"

// matrix says which kinds may go over which channels. The kinds that name a resident's money or request never reach a house chat, where
// neighbours read; paper carries what is owed and what is announced, not advertising.
var matrix = map[Kind][]ChannelName{
	KindBill:    {Gosuslugi, Email, VK, Paper},
	KindDebt:    {Gosuslugi, Email, VK, Paper},
	KindOutage:  {Gosuslugi, Email, VK, HouseChat, Paper},
	KindAction:  {Gosuslugi, Email, VK, HouseChat, Paper},
	KindAd:      {Gosuslugi, Email, VK, HouseChat},
	KindMeeting: {Gosuslugi, Email, VK, HouseChat, Paper},
	KindStatus:  {Gosuslugi, Email, VK},
	KindReport:  {Email},
}

// Allowed reports whether a campaign of the kind may ever go over the channel.
func Allowed(kind Kind, ch ChannelName) bool { return slices.Contains(matrix[kind], ch) }

// Follows reports whether a step of a campaign may have a text of another kind: a reminder of a debt may follow a bill, and nothing else;
// above all no ad is ever part of a bill.
func Follows(campaign, text Kind) bool {
	return campaign == text || campaign.Payable() && text.Payable()
}

// stops reports whether a stop of this reason holds for texts of the kind: an unsubscribe stops advertising, or reminders and advertising, and no
// other service message; who complained, whose address bounced or who was put on the list is not written to at all.
func stops(kind Kind, reason Reason) bool {
	switch reason {
	case PreviousBounce, Objected, Listed, Denied:
		return true
	case Opted:
		return kind == KindAd
	case Unreminded:
		return kind == KindAd || kind == KindDebt
	}
	return false
}

// unsubscribing is what an unsubscribe from a campaign of the kind means. Bills themselves offer none: it came from a reminder of one.
func unsubscribing(kind Kind) Reason {
	if kind.Payable() {
		return Unreminded
	}
	return Opted
}

// needsConsent reports whether the resident must have agreed before a message of the kind goes over the channel. A house chat is nobody's
// own: its administrators decide about ads there.
func needsConsent(kind Kind, ch ChannelName) bool { return kind == KindAd && ch != HouseChat }

// shared reports whether many recipients have the same address on the channel and are reached by one message to it.
func shared(ch ChannelName) bool { return ch == HouseChat }

// talks reports whether messages over the channel stand in a dialog between the provider and one resident, of which the provider of transport
// tells what the resident does there (see Engine.Hear). Its Result.ID is a number that grows with every message.
func talks(ch ChannelName) bool { return ch == VK }

// wants reports whether a resident takes what is owed over the channel. It holds for bills and debts alone: who is without water hears of it
// wherever possible. Who has not chosen gets whatever the route says.
func (r *Recipient) wants(kind Kind, ch ChannelName) bool {
	if !kind.Payable() {
		return true
	}
	switch r.Delivery {
	case OnPaper:
		return ch == Paper
	case Electronic:
		return ch != Paper
	}
	return true
}

// barrier tells why a recipient can never be reached over a channel that is configured: NoAddress, PaperOnly, or NoReason if it can.
func (r *Recipient) barrier(kind Kind, ch ChannelName) Reason {
	switch {
	case r.Address(ch) == "":
		return NoAddress
	case !r.wants(kind, ch):
		return PaperOnly
	}
	return NoReason
}

// implied lists, for each goal, the facts that meet it beside itself: who clicked has opened, who opened has received.
var implied = map[Fact][]Fact{Received: {Opened, Clicked}, Opened: {Clicked}}

// goals are the facts that end a lane for a batch at this place. Paid always does where there is something to pay, since no step may be
// taken after a bill was paid; before sending, the goal of the step that was waited for still counts, since it may have been met late.
func goals(kind Kind, lane Lane, step int, phase Phase) []Fact {
	list := slices.Clone(lane[step].Until)
	if phase == Sending && step > 0 {
		list = append(list, lane[step-1].Until...)
	}
	for _, goal := range list {
		list = append(list, implied[goal]...)
	}
	if kind.Payable() {
		list = append(list, Paid)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
