package engine

import (
	"context"
	"time"
)

// The stores behind the rules about how much, how often and with whose consent.

// Consent is one entry of the ledger of consents: an account agreed to advertising over a channel, or withdrew it (Federal law 38-FZ
// "On advertising", article 18: advertising over networks needs prior consent, and whoever advertises must be able to prove it).
type Consent struct {
	Account string      `json:"account"`
	Channel ChannelName `json:"channel,omitempty"` // NoChannel: all of them
	Given   bool        `json:"given"`             // false: withdrawn
	At      time.Time   `json:"at"`                // when the resident said so; millisecond precision
	How     string      `json:"how"`               // how it was said: "web form", "paper", "phone"
	Proof   string      `json:"proof,omitempty"`   // where the proof is kept: a number of a document, an address of a record
}

// Consents is an append-only ledger of who agreed to advertising. It never expires. Accounts are kept as keyed hashes, proofs sealed.
type Consents interface {
	// Record appends entries. An entry that is there already, equal in everything, is not written again.
	Record(ctx context.Context, provider ProviderID, list []Consent) error
	// Given tells for each account whether its consent holds for the channel: of the entries about the channel or about all, the one with the
	// latest At counts; of two at the same time the withdrawal.
	Given(ctx context.Context, provider ProviderID, ch ChannelName, accounts []string) ([]bool, error)
	// History gives the entries of an account in the order they were recorded.
	History(ctx context.Context, provider ProviderID, account string) ([]Consent, error)
}

// Frequency counts the campaigns of a kind that an account was sent, by day.
type Frequency interface {
	// Claim counts the campaign for each account on the given day, unless the account has most campaigns of the kind in the days before and
	// on it already (days in all, 1 is the day alone): false then, and nothing is counted. A campaign counts once for an account, however
	// often it is claimed within these days: true again.
	Claim(ctx context.Context, provider ProviderID, kind Kind, id CampaignID, accounts []string, day time.Time, days, most int) ([]bool, error)
}

// Claims says which one recipient of a campaign is written to at an address that many share, such as the chat of a house.
type Claims interface {
	// Claim gives each address to its recipient, if nobody has it yet. place tells apart what is sent to one address by different steps.
	Claim(ctx context.Context, id CampaignID, place string, addresses []string, ordinals Ordinals) ([]Claim, error)
	// Close tells what became of the messages to addresses the caller has: taken, so that they are Covered for everybody else, or not, so
	// that they are free again.
	Close(ctx context.Context, id CampaignID, place string, addresses []string, taken bool) error
}

// Claim is who has a shared address.
type Claim int

// The claims.
const (
	Mine    Claim = iota // this recipient: it is written to
	Busy                 // another one, and it is not known yet whether the channel took the message
	Covered              // the channel took the message, whoever it was for
)

// Pace counts what is spent in windows of time, who is in a place with room for few, and whose turn it is, across all workers.
type Pace interface {
	// Spend takes up to n of the limit of the window that ends at end, and tells how many it got. A negative n gives back.
	Spend(ctx context.Context, name string, end time.Time, n, limit int) (got int, err error)
	// Enter takes one of most places until the given time, or keeps holder's; false when all are taken.
	Enter(ctx context.Context, name, holder string, most int, now, until time.Time) (bool, error)
	// Leave gives holder's place back.
	Leave(ctx context.Context, name, holder string) error
	// Turn takes the next of the turns that come every so often, by the store's clock, and tells how long it is until it comes.
	Turn(ctx context.Context, name string, every time.Duration) (wait time.Duration, err error)
}

// Breakers keeps what is known of channels that do not work for a provider.
type Breakers interface {
	// Breaker gives one; the zero Breaker if nothing is known.
	Breaker(ctx context.Context, provider ProviderID, ch ChannelName) (Breaker, error)
	// ChangeBreaker reads the breaker, lets change work on it and writes it if nobody else has meanwhile; otherwise it does so again. A
	// Breaker without Failures is forgotten.
	ChangeBreaker(ctx context.Context, provider ProviderID, ch ChannelName, change func(*Breaker)) (Breaker, error)
	// Breakers lists those that have failures.
	Breakers(ctx context.Context) ([]Breaker, error)
}

// Tally counts facts of a provider's channel by the hour, for the reputation of its sender.
type Tally interface {
	// Add counts n facts in the hour of at. It may count twice after a crash.
	Add(ctx context.Context, provider ProviderID, ch ChannelName, f Fact, at time.Time, n int) error
	// Sum gives what was counted in the 24 hours up to now, the hour of now included.
	Sum(ctx context.Context, provider ProviderID, ch ChannelName, now time.Time, facts ...Fact) ([]int64, error)
}
