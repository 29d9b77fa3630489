package enginetest

import (
	"context"
	"fmt"

	"vestnik/engine"
)

// audience is the Audience of a Memory.
type audience struct{ *Memory }

type audienceOf struct {
	chunks    [][]engine.Recipient
	size      int64
	accounts  map[string]engine.Ordinal
	documents map[string]engine.Ordinal // the first who has it
}

func (a audience) of(id engine.CampaignID) *audienceOf {
	if a.audiences[id] == nil {
		a.audiences[id] = &audienceOf{accounts: map[string]engine.Ordinal{}, documents: map[string]engine.Ordinal{}}
	}
	return a.audiences[id]
}

func (a audience) Append(ctx context.Context, id engine.CampaignID, list []engine.Recipient) (engine.Appended, error) {
	leave, err := a.enter(ctx)
	if err != nil {
		return engine.Appended{}, err
	}
	defer leave()
	if len(list) > engine.ChunkSize {
		return engine.Appended{}, fmt.Errorf("append %d recipients: a chunk has room for %d", len(list), engine.ChunkSize)
	}
	list, err = clone(list)
	if err != nil {
		return engine.Appended{}, err
	}
	of := a.of(id)
	done := engine.Appended{Chunk: len(of.chunks)}
	var fresh []engine.Recipient
	for i, r := range list {
		if _, there := of.accounts[r.Account]; there {
			done.Duplicates = append(done.Duplicates, i)
			continue
		}
		ordinal := engine.OrdinalOf(done.Chunk, len(fresh))
		of.accounts[r.Account] = ordinal
		if _, there := of.documents[r.DocumentID]; !there && r.DocumentID != "" {
			of.documents[r.DocumentID] = ordinal
		}
		fresh = append(fresh, r)
	}
	if len(fresh) == 0 {
		done.Chunk = -1
		return done, nil
	}
	of.chunks = append(of.chunks, fresh)
	of.size += int64(len(fresh))
	return done, nil
}

func (a audience) Chunk(ctx context.Context, id engine.CampaignID, chunk int) ([]engine.Recipient, error) {
	leave, err := a.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	of := a.of(id)
	if chunk < 0 || chunk >= len(of.chunks) {
		return nil, fmt.Errorf("chunk %d of campaign %s: %w", chunk, id, engine.ErrNotFound)
	}
	return clone(of.chunks[chunk])
}

func (a audience) Person(ctx context.Context, id engine.CampaignID, o engine.Ordinal) (engine.Recipient, error) {
	people, err := a.Chunk(ctx, id, o.Chunk())
	if err == nil && o.Index() >= len(people) {
		err = fmt.Errorf("recipient %d of campaign %s: %w", o, id, engine.ErrNotFound)
	}
	if err != nil {
		return engine.Recipient{}, err
	}
	return people[o.Index()], nil
}

func (a audience) Length(ctx context.Context, id engine.CampaignID, chunk int) (int, error) {
	people, err := a.Chunk(ctx, id, chunk)
	return len(people), err
}

func (a audience) Size(ctx context.Context, id engine.CampaignID) (engine.Size, error) {
	leave, err := a.enter(ctx)
	if err != nil {
		return engine.Size{}, err
	}
	defer leave()
	of := a.of(id)
	return engine.Size{Chunks: len(of.chunks), Recipients: of.size}, nil
}

func (a audience) FindAccount(ctx context.Context, id engine.CampaignID, account string) (engine.Ordinal, error) {
	leave, err := a.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	return find(a.of(id).accounts, account)
}

func (a audience) FindDocument(ctx context.Context, id engine.CampaignID, document string) (engine.Ordinal, error) {
	leave, err := a.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	return find(a.of(id).documents, document)
}

func find(in map[string]engine.Ordinal, name string) (engine.Ordinal, error) {
	ordinal, there := in[name]
	if !there {
		return 0, fmt.Errorf("find a recipient: %w", engine.ErrNotFound)
	}
	return ordinal, nil
}
