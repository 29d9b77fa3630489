package engine

import (
	"context"
	"time"
)

// Dialogs keeps what stands in the personal dialogs between a provider and its residents, for channels whose provider of transport speaks of
// everything up to a message at once: "read up to 4711". Addresses (see Recipient.Address) are kept as keyed hashes, and a dialog expires
// when it has not been used for as long as an audience lives.
type Dialogs interface {
	// Wrote remembers messages and tells for each whether the resident has read beyond it already. Of the messages of one recipient the
	// first counts; of a dialog at least the newest DialogSize messages are remembered.
	Wrote(ctx context.Context, provider ProviderID, ch ChannelName, list []Written) (read []bool, err error)
	// Read notes up to where residents have read, unless they had read further already, and gives for each the messages up to there, oldest
	// first.
	Read(ctx context.Context, provider ProviderID, ch ChannelName, list []ReadUpTo) ([][]Written, error)
	// Drop forgets all messages before the given ones: what was read needs no second look.
	Drop(ctx context.Context, provider ProviderID, ch ChannelName, list []Written) error
	// Last gives the newest message of each dialog; one without a Campaign where there is none.
	Last(ctx context.Context, provider ProviderID, ch ChannelName, addresses []string) ([]Written, error)

	// Begin notes that residents let the provider write, though nothing was written yet.
	Begin(ctx context.Context, provider ProviderID, ch ChannelName, addresses []string) error
	// Begun tells whose dialogs there are: those that Begin, Wrote or Read was told of.
	Begun(ctx context.Context, provider ProviderID, ch ChannelName, addresses []string) ([]bool, error)

	// Heard tells which signals Hear was told of, for two days.
	Heard(ctx context.Context, provider ProviderID, ch ChannelName, ids []string) ([]bool, error)
	Hear(ctx context.Context, provider ProviderID, ch ChannelName, ids []string) error

	// Bookmark is from where on signals have not been asked for, as SetBookmark was told; empty: nobody knows.
	Bookmark(ctx context.Context, provider ProviderID, ch ChannelName) (string, error)
	SetBookmark(ctx context.Context, provider ProviderID, ch ChannelName, mark string) error
}

// DialogSize is how many messages of a dialog are remembered: more than anybody leaves unread and still reads.
const DialogSize = 64

// HeardFor is how long a signal is known again: VK repeats one for some hours.
const HeardFor = 48 * time.Hour

// Written is a message in a dialog.
type Written struct {
	Address  string
	Number   int64 // by which the provider of transport names it: a later message has a larger one
	Campaign CampaignID
	Ordinal  Ordinal
}

// ReadUpTo says how far a resident has read.
type ReadUpTo struct {
	Address string
	Number  int64
}
