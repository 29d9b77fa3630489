package engine

import (
	"context"
	"errors"
	"time"
)

// Errors of the stores that callers decide by.
var (
	ErrNotFound = errors.New("not found")
	ErrConflict = errors.New("changed by somebody else") // read again and decide again
	ErrGone     = errors.New("batch is settled")         // or its lease was lost: whoever works on it must drop what it has
	ErrDown     = errors.New("store is down")            // the store cannot be reached; try again later
)

// Stores is everything the engine keeps. engine/redisq implements all of it on Redis, enginetest in memory; enginetest.ExerciseStores says
// in tests what each must obey. Every method that cannot reach its store returns an error that wraps ErrDown, and every write has
// happened whole or not at all.
type Stores struct {
	Registry Registry
	Audience Audience
	Ledger   Ledger
	Marks    Marks
	Cashbook Cashbook
	Stops    Stops
	Journal  Journal
	Queue    Queue
	Answers  Answers

	Consents     Consents
	Frequency    Frequency
	Claims       Claims
	Pace         Pace
	Breakers     Breakers
	Tally        Tally
	Chats        Chats
	Inbox        Inbox
	Notes        Notes
	Dialogs      Dialogs
	Documents    Documents
	Declarations Declarations
}

// Registry keeps what is small: providers, keys and campaigns.
type Registry interface {
	// PutProvider writes a provider whole.
	PutProvider(ctx context.Context, p Provider) error
	// ChangeProvider reads the provider, lets change work on it and writes it if nobody else has meanwhile; otherwise it does so again. An
	// error of change is returned as it is and nothing is written. It returns the provider as it is now.
	ChangeProvider(ctx context.Context, id ProviderID, change func(*Provider) error) (Provider, error)
	Provider(ctx context.Context, id ProviderID) (Provider, error)
	Providers(ctx context.Context) ([]Provider, error)

	// PutKey writes a key whole.
	PutKey(ctx context.Context, k Key) error
	Key(ctx context.Context, id string) (Key, error)

	// AddCampaign writes a new campaign; one with this ID already there is ErrConflict.
	AddCampaign(ctx context.Context, c Campaign) error
	Campaign(ctx context.Context, id CampaignID) (Campaign, error)
	// ChangeCampaign reads the campaign, lets change work on it and writes it if nobody else has meanwhile; otherwise it does so again. An
	// error of change is returned as it is and nothing is written. It returns the campaign as it is now.
	ChangeCampaign(ctx context.Context, id CampaignID, change func(*Campaign) error) (Campaign, error)
	// Campaigns lists a provider's campaigns, newest first, Single ones left out, at most limit from the cursor on ("" begins). The
	// returned cursor is empty at the end.
	Campaigns(ctx context.Context, provider ProviderID, cursor string, limit int) ([]Campaign, string, error)
	// Active lists the campaigns of all providers for which Campaign.Active holds.
	Active(ctx context.Context) ([]CampaignID, error)
	// Payable lists a provider's campaigns of payable kinds that payments may still be matched against, newest first.
	Payable(ctx context.Context, provider ProviderID) ([]CampaignID, error)
}

// Audience keeps the recipients: the one place of personal data, compressed (and encrypted when a key is configured), expiring.
type Audience interface {
	// Append stores up to ChunkSize recipients as the campaign's next chunk, without those whose account the campaign already has (or that
	// come twice in the list): their places in the list are returned. When all are duplicates no chunk is written and Chunk is -1.
	Append(ctx context.Context, id CampaignID, list []Recipient) (Appended, error)
	// Chunk gives the recipients of one chunk. One that has expired or was never written is ErrNotFound.
	Chunk(ctx context.Context, id CampaignID, chunk int) ([]Recipient, error)
	// Person gives one recipient, at the price of one and not of its chunk; ErrNotFound as for Chunk.
	Person(ctx context.Context, id CampaignID, o Ordinal) (Recipient, error)
	// Length is how many recipients a chunk has, without reading it.
	Length(ctx context.Context, id CampaignID, chunk int) (int, error)
	Size(ctx context.Context, id CampaignID) (Size, error)
	// FindAccount and FindDocument tell who in the campaign has the account or the document: ErrNotFound if nobody has.
	FindAccount(ctx context.Context, id CampaignID, account string) (Ordinal, error)
	FindDocument(ctx context.Context, id CampaignID, document string) (Ordinal, error)
}

// Appended is what Audience.Append did.
type Appended struct {
	Chunk      int
	Duplicates []int
}

// Size is how large a campaign's audience is.
type Size struct {
	Chunks     int   `json:"chunks"`
	Recipients int64 `json:"recipients"`
}

// Ledger keeps, for every campaign, the batches that travel and the state of every recipient in every lane. It is the truth about
// who is where.
type Ledger interface {
	// Open begins the ledger of a campaign: how many were ordered and over how many lanes. Opening again changes nothing.
	Open(ctx context.Context, id CampaignID, ordered int64, lanes int) error
	// Feed adds first batches of the chunks from…to-1 and moves the campaign's feeding cursor from from to to. A cursor that is not at
	// from is ErrConflict and nothing is added.
	Feed(ctx context.Context, id CampaignID, from, to int, batches []Batch) error
	// Fed is the feeding cursor: the first chunk that has not been fed.
	Fed(ctx context.Context, id CampaignID) (int, error)
	// Take leases a batch to holder until the given time. A batch that is not there any more is ErrGone; one leased to somebody else beyond now
	// is a *LeasedError.
	Take(ctx context.Context, id CampaignID, batch, holder string, now, until time.Time) (Batch, error)
	// Hold moves the end of holder's lease. ErrGone when the lease is not holder's any more.
	Hold(ctx context.Context, id CampaignID, batch, holder string, until time.Time) error
	// Settle ends the lease and the batch: it writes the new states, adds the next batches and counts, all or nothing. ErrGone when the
	// lease is not holder's any more; ErrConflict when a state is not what Change.Was says, because a Return came between. A batch of
	// s.Next may have the ID of the batch that ends: it was put back. It returns the balance after the change.
	Settle(ctx context.Context, id CampaignID, batch, holder string, s Settlement) (Balance, error)
	// Return changes states that no batch of the caller holds, because a channel returned a message it had taken: like Settle, but without
	// a batch and a lease. ErrConflict when a state is not what Change.Was says.
	Return(ctx context.Context, id CampaignID, s Settlement) (Balance, error)
	// States gives n states of one lane from an ordinal on.
	States(ctx context.Context, id CampaignID, lane int, from Ordinal, n int) ([]State, error)
	Balance(ctx context.Context, id CampaignID) (Balance, error)
	// Rouse picks batches to be put into the queue: of those that are due at now and not awake, the earliest, so many that at most `most`
	// batches of the campaign are awake, and makes them awake until the given time. A batch is awake from Rouse, or Take, on until it
	// settles or its time is over; one whose time is over without having settled was forgotten by a crash, and is due again.
	Rouse(ctx context.Context, id CampaignID, now, until time.Time, most int) (roused []Batch, err error)
	// Recall makes every batch that waits for a later time due now, except those in the phase Confirming.
	Recall(ctx context.Context, id CampaignID, now time.Time) error
	// Batches lists up to limit batches that travel, awake ones first, then by the time they are due. The Due of one that is awake is when
	// it was due before it was roused.
	Batches(ctx context.Context, id CampaignID, limit int) ([]Batch, error)
	// Outstanding counts the batches that travel.
	Outstanding(ctx context.Context, id CampaignID) (int, error)
}

// LeasedError says that somebody else works on the batch.
type LeasedError struct{ Until time.Time }

// Error tells until when.
func (e *LeasedError) Error() string { return "batch is leased until " + e.Until.Format(time.RFC3339) }

// Settlement is what handling a batch came to.
type Settlement struct {
	Chunk  int
	Lane   int
	States []Change // in ascending order of Index
	Next   []Batch
}

// Change is what becomes of the recipient at place Index of the chunk: its state now and its new one.
type Change struct {
	Index int
	Was   State
	State State
}

// Marks keeps facts that come from outside as one bit a recipient, so that waiting steps see them. Setting a bit twice changes nothing.
type Marks interface {
	// Set marks that the fact happened over the channel to the recipients.
	Set(ctx context.Context, id CampaignID, ch ChannelName, f Fact, ordinals Ordinals) error
	// Has tells for each recipient whether it is marked.
	Has(ctx context.Context, id CampaignID, ch ChannelName, f Fact, ordinals Ordinals) ([]bool, error)
	// Of gives the members of a chunk to whom any of the facts happened over any channel.
	Of(ctx context.Context, id CampaignID, chunk int, facts ...Fact) (Members, error)
	// Count is how many recipients are marked for the fact over the channel.
	Count(ctx context.Context, id CampaignID, ch ChannelName, f Fact) (int64, error)
}

// Cashbook keeps payments, so that one that comes before its campaign is found later, and one reported twice counts once.
type Cashbook interface {
	// Credit books payments and tells for each what it knows of the reference. It may be called again with a payment that is Booked.
	Credit(ctx context.Context, provider ProviderID, payments []Payment) ([]Credit, error)
	// Close marks references as done: matched, or annulled, and in the journal.
	Close(ctx context.Context, provider ProviderID, references []string) error
	// Annul takes payments back by their references: from now on they do not count, and never will. It tells for each what it knew of the reference:
	// Fresh, nothing was booked; Booked, it counted until now, or its annulment was not closed; Closed, it was annulled before.
	Annul(ctx context.Context, provider ProviderID, references []string) ([]Credit, error)
	// Payments gives what was booked for each purpose and not annulled, oldest first.
	Payments(ctx context.Context, provider ProviderID, purposes []Purpose) ([][]Payment, error)
}

// Credit is what the cashbook says of a payment.
type Credit int

// The credits.
const (
	Fresh  Credit = iota // never seen before
	Booked               // booked before, but a crash kept it from being closed: match it again
	Closed               // a duplicate: it counted already
)

// Purpose is what a payment is for: a document, or an account and a period.
type Purpose struct {
	DocumentID string
	Account    string
	Period     string
}

// Stops keeps which addresses must not be written to, by provider and channel; only a keyed hash of an address is kept.
type Stops interface {
	// Stop forbids (or, with NoReason, allows again) to write to the addresses (see Recipient.Address) over the channel.
	Stop(ctx context.Context, provider ProviderID, ch ChannelName, reason Reason, addresses []string) error
	// Stopped gives the reason for each address, NoReason if it may be written to.
	Stopped(ctx context.Context, provider ProviderID, ch ChannelName, addresses []string) ([]Reason, error)
	// List gives about limit stops of a channel from the cursor on ("" begins), in no particular order; the returned cursor is empty at the end.
	List(ctx context.Context, provider ProviderID, ch ChannelName, cursor string, limit int) ([]StoppedAddress, string, error)
}

// StoppedAddress is one address that must not be written to, as far as it is known: by its hash.
type StoppedAddress struct {
	Hash   string    `json:"hash"` // hexadecimal; the same for the same address of one installation
	Reason Reason    `json:"reason"`
	Since  time.Time `json:"since"` // of the last Stop; millisecond precision
}

// Journal keeps facts until they are in the history.
type Journal interface {
	// Record returns nil only when the entries are durable. Twice is harmless.
	Record(ctx context.Context, entries ...Entry) error
}

// Queue keeps wakes until they are due and hands each to a worker, which calls Engine.Handle, at least once.
type Queue interface {
	// Put is durable. The same wake twice, while it has not been worked on, is a no-op.
	Put(ctx context.Context, wakes ...Wake) error
}
