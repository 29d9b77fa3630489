package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// Person is one recipient of a campaign and where its delivery stands.
type Person struct {
	Ordinal Ordinal
	Account string
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
	for i := range list {
		list[i].Account = people[list[i].Ordinal.Index()].Account
	}
	return list, nil
}

// Pending is a group of recipients who are in flight for the same thing.
type Pending struct {
	Phase      Phase       `json:"phase"`
	Channel    ChannelName `json:"channel"`
	Retry      bool        `json:"retry"`      // an attempt has failed already
	Recipients int         `json:"recipients"` // at least: a large campaign is looked at in part
	Next       time.Time   `json:"next"`       // when the first of them goes on
}

// pendingPage is how many batches Pending looks at.
const pendingPage = 1000

// Pending tells what a campaign that is not at its end is waiting for.
func (e *Engine) Pending(ctx context.Context, c Campaign) ([]Pending, error) {
	if !c.Active() {
		return nil, nil
	}
	batches, err := e.Stores.Ledger.Batches(ctx, c.ID, time.Now().Add(2*time.Duration(maxWait)), pendingPage)
	if err != nil {
		return nil, fmt.Errorf("list the batches: %w", err)
	}
	var list []Pending
	for i := range batches {
		b := &batches[i]
		p := Pending{Phase: b.Phase, Channel: c.Route.Lanes[b.Lane][b.Step].Channel, Retry: b.Try > 0, Next: b.Due}
		k := slices.IndexFunc(list, func(q Pending) bool {
			return q.Phase == p.Phase && q.Channel == p.Channel && q.Retry == p.Retry
		})
		if k < 0 {
			list, k = append(list, p), len(list)
		}
		list[k].Recipients += b.Members.Count()
	}
	return list, nil
}

// Preview renders what a recipient would read over each configured channel of the campaign's route that can reach it. Nothing is
// recorded and links lead straight to where they lead.
func (e *Engine) Preview(ctx context.Context, c Campaign, person Recipient) (map[ChannelName]Content, error) {
	provider, err := e.Stores.Registry.Provider(ctx, c.Provider)
	if err != nil {
		return nil, fmt.Errorf("read provider %s: %w", c.Provider, err)
	}
	text, err := e.Texts.Open(ctx, c.Template)
	if err != nil {
		return nil, fmt.Errorf("open template %s: %w", c.Template, err)
	}
	rendered := map[ChannelName]Content{}
	for _, ch := range c.Route.Channels() {
		if !e.configured(c, ch) || person.Address(ch) == "" {
			continue
		}
		if rendered[ch], err = text.Render(ch, Letter{Provider: provider, Campaign: c, Recipient: person}); err != nil {
			return nil, fmt.Errorf("render for %s: %w", ch, err)
		}
	}
	return rendered, nil
}

// Destination gives the address a tracked link leads to: the message is rendered again, so that no address has to be kept or travel in
// the link. A message or link that is not there any more is ErrNotFound.
func (e *Engine) Destination(ctx context.Context, pass Pass) (string, error) {
	c, err := e.Stores.Registry.Campaign(ctx, pass.Campaign)
	if err != nil {
		return "", fmt.Errorf("read campaign %s: %w", pass.Campaign, err)
	}
	provider, err := e.Stores.Registry.Provider(ctx, c.Provider)
	if err != nil {
		return "", fmt.Errorf("read provider %s: %w", c.Provider, err)
	}
	person, err := e.Stores.Audience.Person(ctx, c.ID, pass.Ordinal)
	if err != nil {
		return "", err
	}
	text, err := e.Texts.Open(ctx, c.Template)
	if err != nil {
		return "", fmt.Errorf("open template %s: %w", c.Template, err)
	}
	content, err := text.Render(pass.Channel, Letter{
		Provider: provider, Campaign: c, Recipient: person,
		Links: e.Tokens.LinksFor(e.PublicURL, c.ID, pass.Ordinal, pass.Channel),
	})
	if err != nil {
		return "", fmt.Errorf("render the message of a link: %w", err)
	}
	if pass.Link >= len(content.Links) {
		return "", fmt.Errorf("link %d of a message: %w", pass.Link, ErrNotFound)
	}
	return content.Links[pass.Link], nil
}
