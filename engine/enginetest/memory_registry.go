package enginetest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/engine"
)

// payableAge is for how long payments are matched against a campaign.
const payableAge = 180 * 24 * time.Hour

// registry is the Registry of a Memory.
type registry struct{ *Memory }

func (r registry) PutProvider(ctx context.Context, p engine.Provider) error {
	return put(ctx, r.Memory, r.providers, p.ID, p)
}

func (r registry) ChangeProvider(ctx context.Context, id engine.ProviderID, change func(*engine.Provider) error) (engine.Provider, error) {
	return update(ctx, r.Memory, r.providers, id, change)
}

func (r registry) Provider(ctx context.Context, id engine.ProviderID) (engine.Provider, error) {
	return get(ctx, r.Memory, r.providers, id)
}

func (r registry) Providers(ctx context.Context) ([]engine.Provider, error) {
	leave, err := r.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []engine.Provider
	for _, p := range r.providers {
		copied, err := clone(p)
		if err != nil {
			return nil, err
		}
		list = append(list, copied)
	}
	slices.SortFunc(list, func(a, b engine.Provider) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

func (r registry) PutKey(ctx context.Context, k engine.Key) error {
	return put(ctx, r.Memory, r.keys, k.ID, k)
}

func (r registry) Key(ctx context.Context, id string) (engine.Key, error) {
	return get(ctx, r.Memory, r.keys, id)
}

func (r registry) AddCampaign(ctx context.Context, c engine.Campaign) error {
	leave, err := r.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if _, there := r.campaigns[c.ID]; there {
		return fmt.Errorf("add campaign %s: %w", c.ID, engine.ErrConflict)
	}
	r.campaigns[c.ID], err = clone(c)
	return err
}

func (r registry) Campaign(ctx context.Context, id engine.CampaignID) (engine.Campaign, error) {
	return get(ctx, r.Memory, r.campaigns, id)
}

func (r registry) ChangeCampaign(ctx context.Context, id engine.CampaignID, change func(*engine.Campaign) error) (engine.Campaign, error) {
	return update(ctx, r.Memory, r.campaigns, id, change)
}

func (r registry) Campaigns(ctx context.Context, provider engine.ProviderID, cursor string, limit int) ([]engine.Campaign, string, error) {
	leave, err := r.enter(ctx)
	if err != nil {
		return nil, "", err
	}
	defer leave()
	var page []engine.Campaign
	for _, c := range r.newestFirst(provider) {
		if c.Single || cursor != "" && position(c) >= cursor {
			continue
		}
		if len(page) == limit {
			return page, position(page[limit-1]), nil
		}
		copied, err := clone(c)
		if err != nil {
			return nil, "", err
		}
		page = append(page, copied)
	}
	return page, "", nil
}

// position orders campaigns by age and serves as cursor.
func position(c engine.Campaign) string {
	return fmt.Sprintf("%015d.%s", c.CreatedAt.UnixMilli(), c.ID)
}

func (m *Memory) newestFirst(provider engine.ProviderID) []engine.Campaign {
	var list []engine.Campaign
	for _, c := range m.campaigns {
		if c.Provider == provider {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b engine.Campaign) int { return strings.Compare(position(b), position(a)) })
	return list
}

func (r registry) Active(ctx context.Context) ([]engine.CampaignID, error) {
	leave, err := r.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []engine.CampaignID
	for id, c := range r.campaigns {
		if c.Active() {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list, nil
}

func (r registry) Payable(ctx context.Context, provider engine.ProviderID) ([]engine.CampaignID, error) {
	leave, err := r.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []engine.CampaignID
	for _, c := range r.newestFirst(provider) {
		neverBegan := c.Status == engine.StatusCancelled && c.StartedAt.IsZero()
		if c.Kind.Payable() && !neverBegan && time.Since(c.CreatedAt) < payableAge {
			list = append(list, c.ID)
		}
	}
	return list, nil
}

// put writes a copy of v.
func put[K comparable, V any](ctx context.Context, m *Memory, into map[K]V, key K, v V) error {
	leave, err := m.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	into[key], err = clone(v)
	return err
}

// get reads a copy of what key names.
func get[K ~string, V any](ctx context.Context, m *Memory, from map[K]V, key K) (V, error) {
	var none V
	leave, err := m.enter(ctx)
	if err != nil {
		return none, err
	}
	defer leave()
	v, there := from[key]
	if !there {
		return none, fmt.Errorf("%T %q: %w", none, key, engine.ErrNotFound)
	}
	return clone(v)
}

// update reads what key names, lets change work on it and writes it, as often as somebody else has written meanwhile.
func update[K ~string, V any](ctx context.Context, m *Memory, in map[K]V, key K, change func(*V) error) (V, error) {
	for {
		before, err := get(ctx, m, in, key)
		if err != nil {
			return before, err
		}
		after, err := clone(before)
		if err != nil {
			return before, err
		}
		if err := change(&after); err != nil {
			return before, err
		}
		done, err := swap(ctx, m, in, key, before, after)
		if done || err != nil {
			return after, err
		}
	}
}

// swap writes after if what key names is still as it was before.
func swap[K ~string, V any](ctx context.Context, m *Memory, in map[K]V, key K, before, after V) (bool, error) {
	leave, err := m.enter(ctx)
	if err != nil {
		return false, err
	}
	defer leave()
	was, _ := json.Marshal(before)
	is, _ := json.Marshal(in[key])
	if !bytes.Equal(was, is) {
		return false, nil
	}
	in[key], err = clone(after)
	return err == nil, err
}
