package engine

import "context"

// Documents keeps the identifiers that a campaign's documents were given where they were placed, such as the ИПД of ГИС ЖКХ: payments and facts
// name them, while the provider may have ordered without any or with names of its own (see Recipient.DocumentID, which the Audience finds).
// It keeps them sealed as chunks are, and for as long.
type Documents interface {
	// Give writes which documents recipients were given. One that is given to somebody who has one takes its place; both are found.
	Give(ctx context.Context, id CampaignID, given map[Ordinal]string) error
	// Given tells the document of each recipient; empty for one who was given none.
	Given(ctx context.Context, id CampaignID, ordinals Ordinals) ([]string, error)
	// Find tells who was given the document: ErrNotFound if nobody was.
	Find(ctx context.Context, id CampaignID, document string) (Ordinal, error)
}
