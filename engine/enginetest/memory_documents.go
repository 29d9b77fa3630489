package enginetest

import (
	"context"

	"vestnik/engine"
)

// documents is the Documents of a Memory.
type documents struct{ *Memory }

type recipientOf struct {
	campaign engine.CampaignID
	ordinal  engine.Ordinal
}

type givenTo struct {
	campaign engine.CampaignID
	document string
}

func (d documents) Give(ctx context.Context, id engine.CampaignID, given map[engine.Ordinal]string) error {
	leave, err := d.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for o, document := range given {
		d.documents[recipientOf{id, o}] = document
		d.found[givenTo{id, document}] = o
	}
	return nil
}

func (d documents) Given(ctx context.Context, id engine.CampaignID, ordinals engine.Ordinals) ([]string, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	list := make([]string, len(ordinals))
	for i, o := range ordinals {
		list[i] = d.documents[recipientOf{id, o}]
	}
	return list, nil
}

func (d documents) Find(ctx context.Context, id engine.CampaignID, document string) (engine.Ordinal, error) {
	leave, err := d.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	o, known := d.found[givenTo{id, document}]
	if !known {
		return 0, engine.ErrNotFound
	}
	return o, nil
}

type faultyDocuments struct {
	*Faults
	store engine.Documents
}

func (f faultyDocuments) Give(ctx context.Context, id engine.CampaignID, given map[engine.Ordinal]string) error {
	return f.try(ctx, func() error { return f.store.Give(ctx, id, given) })
}

func (f faultyDocuments) Given(ctx context.Context, id engine.CampaignID, ordinals engine.Ordinals) ([]string, error) {
	return attempt(ctx, f.Faults, func() ([]string, error) { return f.store.Given(ctx, id, ordinals) })
}

func (f faultyDocuments) Find(ctx context.Context, id engine.CampaignID, document string) (engine.Ordinal, error) {
	return attempt(ctx, f.Faults, func() (engine.Ordinal, error) { return f.store.Find(ctx, id, document) })
}
