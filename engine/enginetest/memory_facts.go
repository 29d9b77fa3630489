package enginetest

import (
	"cmp"
	"context"
	"slices"

	"vestnik/engine"
)

// marks is the Marks of a Memory.
type marks struct{ *Memory }

type mark struct {
	campaign engine.CampaignID
	channel  engine.ChannelName
	fact     engine.Fact
	ordinal  engine.Ordinal
}

func (m marks) Set(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, f engine.Fact, ordinals engine.Ordinals) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for _, o := range ordinals {
		m.marks[mark{id, ch, f, o}] = true
	}
	return nil
}

func (m marks) Has(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, f engine.Fact, ordinals engine.Ordinals) ([]bool, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	has := make([]bool, len(ordinals))
	for i, o := range ordinals {
		has[i] = m.marks[mark{id, ch, f, o}]
	}
	return has, nil
}

func (m marks) Of(ctx context.Context, id engine.CampaignID, chunk int, facts ...engine.Fact) (members engine.Members, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return members, err
	}
	defer leave()
	for at := range m.marks {
		if at.campaign == id && at.ordinal.Chunk() == chunk && slices.Contains(facts, at.fact) {
			members.Add(at.ordinal.Index())
		}
	}
	return members, nil
}

func (m marks) Count(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, f engine.Fact) (n int64, err error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	for at := range m.marks {
		if at.campaign == id && at.channel == ch && at.fact == f {
			n++
		}
	}
	return n, nil
}

// cashbook is the Cashbook of a Memory.
type cashbook struct{ *Memory }

type reference struct {
	provider engine.ProviderID
	name     string
}

func (c cashbook) Credit(ctx context.Context, provider engine.ProviderID, payments []engine.Payment) ([]engine.Credit, error) {
	leave, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	list := make([]engine.Credit, len(payments))
	seen := map[string]bool{}
	for i, p := range payments {
		at := reference{provider, p.Reference}
		known, there := c.credits[at]
		switch {
		case seen[p.Reference]:
			list[i] = engine.Closed
		case there:
			list[i] = known
		default:
			list[i], c.credits[at] = engine.Fresh, engine.Booked
			if p.PaidAt = millis(p.PaidAt); p.DocumentID != "" {
				p.Account, p.Period = "", "" // a payment that names a document is for the document alone
			}
			c.payments[provider] = append(c.payments[provider], p)
		}
		seen[p.Reference] = true
	}
	return list, nil
}

func (c cashbook) Close(ctx context.Context, provider engine.ProviderID, references []string) error {
	leave, err := c.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for _, name := range references {
		at := reference{provider, name}
		c.credits[at] = engine.Closed
		if _, is := c.annulled[at]; is {
			c.annulled[at] = engine.Closed
		}
	}
	return nil
}

func (c cashbook) Annul(ctx context.Context, provider engine.ProviderID, references []string) ([]engine.Credit, error) {
	leave, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	list := make([]engine.Credit, len(references))
	for i, name := range references {
		at := reference{provider, name}
		_, booked := c.credits[at]
		before, annulled := c.annulled[at]
		switch {
		case annulled:
			list[i] = before
		case booked:
			list[i], c.annulled[at] = engine.Booked, engine.Booked
		default:
			c.annulled[at] = engine.Closed
		}
		c.credits[at] = engine.Closed
	}
	return list, nil
}

func (c cashbook) Payments(ctx context.Context, provider engine.ProviderID, purposes []engine.Purpose) ([][]engine.Payment, error) {
	leave, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	found := make([][]engine.Payment, len(purposes))
	for i, purpose := range purposes {
		for _, p := range c.payments[provider] {
			byDocument := p.DocumentID != "" && p.DocumentID == purpose.DocumentID
			byAccount := p.Account != "" && p.Account == purpose.Account && p.Period == purpose.Period
			_, annulled := c.annulled[reference{provider, p.Reference}]
			if (byDocument || byAccount) && !annulled {
				found[i] = append(found[i], p)
			}
		}
		slices.SortFunc(found[i], func(a, b engine.Payment) int {
			return cmp.Or(a.PaidAt.Compare(b.PaidAt), cmp.Compare(a.Reference, b.Reference))
		})
	}
	return found, nil
}
