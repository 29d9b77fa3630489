package engine

import "slices"

// Kind says what a campaign is about. It decides policy: where it may go, when, and with whose consent.
type Kind string

// The kinds of campaigns.
const (
	KindBill    Kind = "bill"    // an e-bill: электронный платёжный документ
	KindDebt    Kind = "debt"    // a notice of debt
	KindOutage  Kind = "outage"  // water, heat or power is off, or on again
	KindAction  Kind = "action"  // the resident has to do something: readings, access, a meter's check
	KindAd      Kind = "ad"      // advertising: needs consent and an erid
	KindMeeting Kind = "meeting" // a general meeting of owners: ОСС
	KindStatus  Kind = "status"  // an answer to a resident's request
	KindReport  Kind = "report"  // a report to an organization
)

var kinds = []Kind{KindBill, KindDebt, KindOutage, KindAction, KindAd, KindMeeting, KindStatus, KindReport}

// Kinds lists every kind in the order people see them.
func Kinds() []Kind { return slices.Clone(kinds) }

// Known reports whether k is one of Kinds.
func (k Kind) Known() bool { return slices.Contains(kinds, k) }

// Payable reports whether a campaign of this kind carries an amount that payments are matched against.
func (k Kind) Payable() bool { return k == KindBill || k == KindDebt }

// ChannelName names one way to the resident.
type ChannelName string

// The channels. NoChannel stands in states and facts that belong to none, such as a payment.
const (
	NoChannel ChannelName = ""
	Gosuslugi ChannelName = "gosuslugi" // the citizen's cabinet, through ГИС ЖКХ
	Email     ChannelName = "email"
	VK        ChannelName = "vk"        // personal messages of a VK community
	HouseChat ChannelName = "housechat" // the chat of a house: one post for all its residents
	Paper     ChannelName = "paper"     // print and post
)

// channelNames is also the code of a channel in a packed State: append only.
var channelNames = []ChannelName{NoChannel, Gosuslugi, Email, VK, HouseChat, Paper}

// ChannelNames lists every channel, NoChannel excepted.
func ChannelNames() []ChannelName { return slices.Clone(channelNames[1:]) }

// Known reports whether c is one of ChannelNames.
func (c ChannelName) Known() bool { return c != NoChannel && slices.Contains(channelNames, c) }

// Outcome is where the delivery to a recipient stands: exactly one at any moment.
type Outcome string

// The outcomes. Everything begins in flight.
const (
	InFlight    Outcome = "in_flight"
	Delivered   Outcome = "delivered"   // a provider took it and has not returned it
	Undelivered Outcome = "undelivered" // every lane was tried and none took it
	Expired     Outcome = "expired"     // the campaign's expires_at passed first
	Cancelled   Outcome = "cancelled"   // the campaign was cancelled first
	Suppressed  Outcome = "suppressed"  // policy or the resident forbade it
)

// outcomes is the code of an outcome in a packed State, append only, and the order in which the lanes of one recipient are
// weighed: the recipient's outcome is the smallest of its lanes' codes. Undelivered is the last, since a lane that had no address for
// somebody must not hide what became of another.
var outcomes = []Outcome{InFlight, Delivered, Expired, Cancelled, Suppressed, Undelivered}

// Outcomes lists every outcome in the order in which lanes are weighed: a recipient with several lanes has the first that any of them has.
func Outcomes() []Outcome { return slices.Clone(outcomes) }

// Known reports whether o is one of Outcomes.
func (o Outcome) Known() bool { return slices.Contains(outcomes, o) }

// Fact is something that happened to a message or that the resident did. A recipient has any number of them.
type Fact string

// The facts. Ordered is recorded when a campaign starts and is not told to the outside as a fact of its own.
const (
	Ordered      Fact = "ordered"
	Sent         Fact = "sent"     // the channel's provider took responsibility
	Received     Fact = "received" // it lies in the resident's mailbox or cabinet
	Opened       Fact = "opened"
	Clicked      Fact = "clicked"
	Paid         Fact = "paid"     // payments have reached the amount asked for
	Deferred     Fact = "deferred" // one attempt failed for now and is tried again
	Failed       Fact = "failed"   // the channel failed for good
	Bounced      Fact = "bounced"  // taken first, returned later
	Complained   Fact = "complained"
	Unsubscribed Fact = "unsubscribed"

	// OpenedByProxy says that a machine has fetched the message's picture or followed a link of it on its own: a mailbox ahead of its reader, a
	// scanner. It says nothing of the resident, meets no goal and counts as neither opened nor clicked.
	OpenedByProxy Fact = "opened_by_proxy"
)

var facts = []Fact{Ordered, Sent, Received, Opened, Clicked, Paid, Deferred, Failed, Bounced, Complained, Unsubscribed, OpenedByProxy}

// AllFacts lists every fact, Ordered first.
func AllFacts() []Fact { return slices.Clone(facts) }

// Known reports whether f is one of AllFacts.
func (f Fact) Known() bool { return slices.Contains(facts, f) }

// Reason says why a send failed or why a recipient was suppressed.
type Reason string

// Reasons of a failure: a closed set. They are the retry rule, the metric label and the report column at once.
const (
	NoReason      Reason = ""
	Unknown       Reason = "unknown"       // temporary
	Unavailable   Reason = "unavailable"   // temporary: the provider is down or out of reach
	Throttled     Reason = "throttled"     // temporary, and not an attempt: the provider asks to slow down
	Misconfigured Reason = "misconfigured" // temporary: our credentials or settings are wrong, somebody must mend them
	BadAddress    Reason = "bad_address"   // final: there is nobody at this address
	Refused       Reason = "refused"       // final: the provider or the resident does not want it
	BadMessage    Reason = "bad_message"   // final: the message cannot be rendered or accepted
	NoAddress     Reason = "no_address"    // final: no lane of the route has a channel that is configured and an address for it
)

// Reasons of a suppression: which rule spoke.
const (
	GoalMet        Reason = "goal_met"     // paid, or opened elsewhere, before anything was sent
	Forbidden      Reason = "forbidden"    // this kind never goes over this channel
	Opted          Reason = "unsubscribed" // the resident unsubscribed from this kind
	PreviousBounce Reason = "bounced"      // the address bounced before
	PaperOnly      Reason = "paper_only"   // the resident takes paper only, or the step is paper and the resident takes none
	NoConsent      Reason = "no_consent"   // an ad, and the resident has not agreed to ads
	Capped         Reason = "frequency"    // the account has had as many campaigns of this kind as the provider allows
	Objected       Reason = "complained"   // the resident complained about messages to this address
	Listed         Reason = "manual"       // somebody put the address on the list of stops
	Denied         Reason = "denied"       // the resident does not let the provider write there; asked again before each campaign where the channel can
	Unreminded     Reason = "no_reminders" // the resident unsubscribed from reminders of debts; ads come no more either
)

// reasons is the code of a reason in a packed State: append only.
var reasons = []Reason{NoReason, Unknown, Unavailable, Throttled, Misconfigured, BadAddress, Refused, BadMessage, NoAddress,
	GoalMet, Forbidden, Opted, PreviousBounce, PaperOnly, NoConsent, Capped, Objected, Listed, Denied, Unreminded}

// Reasons lists the reasons of a failure.
func Reasons() []Reason { return slices.Clone(reasons[1:9]) }

// Known reports whether r is a reason of failure or suppression.
func (r Reason) Known() bool { return r != NoReason && slices.Contains(reasons, r) }

// Temporary reports whether a send that failed for this reason is tried again. What is not known is temporary.
func (r Reason) Temporary() bool {
	switch r {
	case BadAddress, Refused, BadMessage, NoAddress:
		return false
	}
	return true
}

// Suppression reports whether r is a reason of a suppression and not of a failure.
func (r Reason) Suppression() bool {
	return slices.Index(reasons, r) > slices.Index(reasons, NoAddress)
}

// Status is where a campaign is in its life.
type Status string

// The statuses of a campaign: draft → scheduled → running ⇄ paused → completed | cancelled.
const (
	StatusDraft     Status = "draft"
	StatusScheduled Status = "scheduled"
	StatusRunning   Status = "running"
	StatusPaused    Status = "paused"
	StatusCancelled Status = "cancelled"
	StatusCompleted Status = "completed"
)

// Ended reports whether nothing more is going to be sent.
func (s Status) Ended() bool { return s == StatusCancelled || s == StatusCompleted }

// Mode tells live orders from tests, which run everything but the last step to the outside.
type Mode string

// The modes.
const (
	Live Mode = "live"
	Test Mode = "test"
)

// Role is what a key may do.
type Role string

// The roles: a provider orders and reads, an operator also manages templates, a viewer only reads.
const (
	RoleProvider Role = "provider"
	RoleOperator Role = "operator"
	RoleViewer   Role = "viewer"
)

// Known reports whether r is a role.
func (r Role) Known() bool { return r == RoleProvider || r == RoleOperator || r == RoleViewer }

// Delivery is how the resident wants bills.
type Delivery string

// The ways of delivery. The empty value means electronic.
const (
	Electronic Delivery = "electronic"
	OnPaper    Delivery = "paper"
	Both       Delivery = "both"
)
