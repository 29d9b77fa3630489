package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// Person is one recipient of a campaign and where its delivery stands.
type Person struct {
	Ordinal Ordinal
	Account string
	Placed  string // the identifier of the document where it was placed, see Documents; empty: it was given none
	State   State
}

// Filter chooses recipients of a campaign; what is empty does not matter.
type Filter struct {
	Outcome Outcome
	Channel ChannelName
	Reason  Reason
}

func (f Filter) takes(s State) bool {
	return (f.Outcome == "" || f.Outcome == s.Outcome) && (f.Channel == NoChannel || f.Channel == s.Channel) &&
		(f.Reason == NoReason || f.Reason == s.Reason)
}

// Weigh gives the state of a recipient who travels several lanes: that of the lane whose outcome counts most (see Outcomes); of two that
// did not deliver, the one that had an address to try.
func Weigh(lanes []State) State {
	return slices.MinFunc(lanes, func(a, b State) int {
		return cmp.Or(cmp.Compare(OutcomeCode(a.Outcome), OutcomeCode(b.Outcome)), -cmp.Compare(tried(a), tried(b)))
	})
}

func tried(s State) int {
	if s.Reason == NoAddress {
		return 0
	}
	return 1
}

// People lists up to limit recipients from an ordinal on that the filter takes, and where to go on; more is false at the end. Before the
// campaign starts everybody is in flight. An audience that has expired is ErrNotFound.
func (e *Engine) People(ctx context.Context, c Campaign, f Filter, from Ordinal, limit int) (list []Person, next Ordinal, more bool, err error) {
	size, err := e.Stores.Audience.Size(ctx, c.ID)
	if err != nil {
		return nil, 0, false, fmt.Errorf("read the audience's size: %w", err)
	}
	for chunk := from.Chunk(); chunk < size.Chunks; chunk++ {
		found, err := e.chunkPeople(ctx, c, f, chunk)
		if err != nil {
			return nil, 0, false, err
		}
		for _, person := range found {
			if person.Ordinal < from {
				continue
			}
			if len(list) == limit {
				return list, person.Ordinal, true, nil
			}
			list = append(list, person)
		}
	}
	return list, 0, false, nil
}

// chunkPeople reads the states first, so that a chunk nobody of whom is wanted is never unpacked.
func (e *Engine) chunkPeople(ctx context.Context, c Campaign, f Filter, chunk int) ([]Person, error) {
	n, err := e.Stores.Audience.Length(ctx, c.ID, chunk)
	if err != nil {
		return nil, fmt.Errorf("read the length of chunk %d: %w", chunk, err)
	}
	lanes := make([][]State, len(c.Route.Lanes))
	for l := range lanes {
		if lanes[l], err = e.Stores.Ledger.States(ctx, c.ID, l, OrdinalOf(chunk, 0), n); err != nil {
			return nil, fmt.Errorf("read the states: %w", err)
		}
	}
	var list []Person
	for i := range n {
		states := make([]State, len(lanes))
		for l := range lanes {
			states[l] = lanes[l][i]
		}
		if s := Weigh(states); f.takes(s) {
			list = append(list, Person{Ordinal: OrdinalOf(chunk, i), State: s})
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	people, err := e.Stores.Audience.Chunk(ctx, c.ID, chunk)
	if err != nil {
		return nil, fmt.Errorf("read chunk %d: %w", chunk, err)
	}
	ordinals := make(Ordinals, len(list))
	for i := range list {
		ordinals[i] = list[i].Ordinal
	}
	placed, err := e.Stores.Documents.Given(ctx, c.ID, ordinals)
	if err != nil {
		return nil, fmt.Errorf("read the documents of chunk %d: %w", chunk, err)
	}
	for i := range list {
		list[i].Account, list[i].Placed = people[list[i].Ordinal.Index()].Account, placed[i]
	}
	return list, nil
}
