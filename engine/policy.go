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

// stops reports whether a stop of this reason holds for the kind: an unsubscribe stops advertising and no service message.
func stops(kind Kind, reason Reason) bool {
	return reason == PreviousBounce || reason == Opted && kind == KindAd
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
