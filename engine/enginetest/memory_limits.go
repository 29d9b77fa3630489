package enginetest

import (
	"context"
	"time"

	"vestnik/engine"
)

// claims is the Claims of a Memory.
type claims struct{ *Memory }

type doorbell struct {
	campaign engine.CampaignID
	place    string
	address  string
}

type claimed struct {
	by    engine.Ordinal
	taken bool
}

func (c claims) Claim(ctx context.Context, id engine.CampaignID, place string, addresses []string, ordinals engine.Ordinals) ([]engine.Claim, error) {
	leave, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	list := make([]engine.Claim, len(addresses))
	for i, address := range addresses {
		at := doorbell{id, place, address}
		has, there := c.claims[at]
		switch {
		case !there:
			c.claims[at] = claimed{by: ordinals[i]}
		case has.taken:
			list[i] = engine.Covered
		case has.by != ordinals[i]:
			list[i] = engine.Busy
		}
	}
	return list, nil
}

func (c claims) Close(ctx context.Context, id engine.CampaignID, place string, addresses []string, taken bool) error {
	leave, err := c.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for _, address := range addresses {
		at := doorbell{id, place, address}
		has, there := c.claims[at]
		switch {
		case !taken:
			delete(c.claims, at)
		case there:
			c.claims[at] = claimed{has.by, true}
		}
	}
	return nil
}

// pace is the Pace of a Memory.
type pace struct{ *Memory }

type window struct {
	name string
	end  int64
}

func (p pace) Spend(ctx context.Context, name string, end time.Time, n, limit int) (int, error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	at := window{name, end.UnixMilli()}
	got := max(n, -p.spent[at])
	if n > 0 {
		got = max(0, min(n, limit-p.spent[at]))
	}
	p.spent[at] += got
	return got, nil
}

func (p pace) Enter(ctx context.Context, name, holder string, most int, now, until time.Time) (bool, error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	if p.places[name] == nil {
		p.places[name] = map[string]time.Time{}
	}
	inside := p.places[name]
	for who, end := range inside {
		if !end.After(millis(now)) {
			delete(inside, who)
		}
	}
	if _, is := inside[holder]; !is && len(inside) >= most {
		return false, nil
	}
	inside[holder] = millis(until)
	return true, nil
}

func (p pace) Leave(ctx context.Context, name, holder string) error {
	leave, err := p.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	delete(p.places[name], holder)
	return nil
}

func (p pace) Turn(ctx context.Context, name string, every time.Duration) (time.Duration, error) {
	leave, err := p.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	now := time.Now()
	turn := p.turns[name]
	if turn.Before(now) {
		turn = now
	}
	p.turns[name] = turn.Add(every)
	return turn.Sub(now), nil
}
