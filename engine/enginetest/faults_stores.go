package enginetest

import (
	"context"
	"time"

	"vestnik/engine"
)

type faultyRegistry struct {
	*Faults
	store engine.Registry
}

func (f faultyRegistry) PutProvider(ctx context.Context, p engine.Provider) error {
	return f.try(func() error { return f.store.PutProvider(ctx, p) })
}

func (f faultyRegistry) Provider(ctx context.Context, id engine.ProviderID) (v engine.Provider, err error) {
	err = f.attempt(func() error { v, err = f.store.Provider(ctx, id); return err })
	return v, err
}

func (f faultyRegistry) Providers(ctx context.Context) (v []engine.Provider, err error) {
	err = f.attempt(func() error { v, err = f.store.Providers(ctx); return err })
	return v, err
}

func (f faultyRegistry) PutKey(ctx context.Context, k engine.Key) error {
	return f.try(func() error { return f.store.PutKey(ctx, k) })
}

func (f faultyRegistry) Key(ctx context.Context, id string) (v engine.Key, err error) {
	err = f.attempt(func() error { v, err = f.store.Key(ctx, id); return err })
	return v, err
}

func (f faultyRegistry) AddCampaign(ctx context.Context, c engine.Campaign) error {
	return f.try(func() error { return f.store.AddCampaign(ctx, c) })
}

func (f faultyRegistry) Campaign(ctx context.Context, id engine.CampaignID) (v engine.Campaign, err error) {
	err = f.attempt(func() error { v, err = f.store.Campaign(ctx, id); return err })
	return v, err
}

func (f faultyRegistry) ChangeCampaign(ctx context.Context, id engine.CampaignID, change func(*engine.Campaign) error) (v engine.Campaign, err error) {
	err = f.attempt(func() error { v, err = f.store.ChangeCampaign(ctx, id, change); return err })
	return v, err
}

func (f faultyRegistry) Campaigns(ctx context.Context, provider engine.ProviderID, cursor string, limit int) ([]engine.Campaign, string, error) {
	next := ""
	page, err := attempt(f.Faults, func() (page []engine.Campaign, err error) {
		page, next, err = f.store.Campaigns(ctx, provider, cursor, limit)
		return page, err
	})
	if err != nil {
		next = ""
	}
	return page, next, err
}

func (f faultyRegistry) Active(ctx context.Context) (v []engine.CampaignID, err error) {
	err = f.attempt(func() error { v, err = f.store.Active(ctx); return err })
	return v, err
}

func (f faultyRegistry) Payable(ctx context.Context, provider engine.ProviderID) (v []engine.CampaignID, err error) {
	err = f.attempt(func() error { v, err = f.store.Payable(ctx, provider); return err })
	return v, err
}

type faultyAudience struct {
	*Faults
	store engine.Audience
}

func (f faultyAudience) Append(ctx context.Context, id engine.CampaignID, list []engine.Recipient) (v engine.Appended, err error) {
	err = f.attempt(func() error { v, err = f.store.Append(ctx, id, list); return err })
	return v, err
}

func (f faultyAudience) Chunk(ctx context.Context, id engine.CampaignID, chunk int) (v []engine.Recipient, err error) {
	err = f.attempt(func() error { v, err = f.store.Chunk(ctx, id, chunk); return err })
	return v, err
}

func (f faultyAudience) Length(ctx context.Context, id engine.CampaignID, chunk int) (v int, err error) {
	err = f.attempt(func() error { v, err = f.store.Length(ctx, id, chunk); return err })
	return v, err
}

func (f faultyAudience) Size(ctx context.Context, id engine.CampaignID) (v engine.Size, err error) {
	err = f.attempt(func() error { v, err = f.store.Size(ctx, id); return err })
	return v, err
}

func (f faultyAudience) FindAccount(ctx context.Context, id engine.CampaignID, account string) (v engine.Ordinal, err error) {
	err = f.attempt(func() error { v, err = f.store.FindAccount(ctx, id, account); return err })
	return v, err
}

func (f faultyAudience) FindDocument(ctx context.Context, id engine.CampaignID, document string) (v engine.Ordinal, err error) {
	err = f.attempt(func() error { v, err = f.store.FindDocument(ctx, id, document); return err })
	return v, err
}

type faultyLedger struct {
	*Faults
	store engine.Ledger
}

func (f faultyLedger) Open(ctx context.Context, id engine.CampaignID, ordered int64, lanes int) error {
	return f.try(func() error { return f.store.Open(ctx, id, ordered, lanes) })
}

func (f faultyLedger) Feed(ctx context.Context, id engine.CampaignID, from, to int, batches []engine.Batch) error {
	return f.try(func() error { return f.store.Feed(ctx, id, from, to, batches) })
}

func (f faultyLedger) Fed(ctx context.Context, id engine.CampaignID) (v int, err error) {
	err = f.attempt(func() error { v, err = f.store.Fed(ctx, id); return err })
	return v, err
}

func (f faultyLedger) Take(ctx context.Context, id engine.CampaignID, batch, holder string, now, until time.Time) (v engine.Batch, err error) {
	err = f.attempt(func() error { v, err = f.store.Take(ctx, id, batch, holder, now, until); return err })
	return v, err
}

func (f faultyLedger) Hold(ctx context.Context, id engine.CampaignID, batch, holder string, until time.Time) error {
	return f.try(func() error { return f.store.Hold(ctx, id, batch, holder, until) })
}

func (f faultyLedger) Settle(ctx context.Context, id engine.CampaignID, batch, holder string, s engine.Settlement) (v engine.Balance, err error) {
	err = f.attempt(func() error { v, err = f.store.Settle(ctx, id, batch, holder, s); return err })
	return v, err
}

func (f faultyLedger) Return(ctx context.Context, id engine.CampaignID, s engine.Settlement) (v engine.Balance, err error) {
	err = f.attempt(func() error { v, err = f.store.Return(ctx, id, s); return err })
	return v, err
}

func (f faultyLedger) States(ctx context.Context, id engine.CampaignID, lane int, from engine.Ordinal, n int) (v []engine.State, err error) {
	err = f.attempt(func() error { v, err = f.store.States(ctx, id, lane, from, n); return err })
	return v, err
}

func (f faultyLedger) Balance(ctx context.Context, id engine.CampaignID) (v engine.Balance, err error) {
	err = f.attempt(func() error { v, err = f.store.Balance(ctx, id); return err })
	return v, err
}

func (f faultyLedger) Batches(ctx context.Context, id engine.CampaignID, before time.Time, limit int) (v []engine.Batch, err error) {
	err = f.attempt(func() error { v, err = f.store.Batches(ctx, id, before, limit); return err })
	return v, err
}

func (f faultyLedger) Outstanding(ctx context.Context, id engine.CampaignID) (v int, err error) {
	err = f.attempt(func() error { v, err = f.store.Outstanding(ctx, id); return err })
	return v, err
}

type faultyMarks struct {
	*Faults
	store engine.Marks
}

func (f faultyMarks) Set(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, f engine.Fact, ordinals engine.Ordinals) (v []bool, err error) {
	err = f.attempt(func() error { v, err = f.store.Set(ctx, id, ch, f, ordinals); return err })
	return v, err
}

func (f faultyMarks) Has(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, f engine.Fact, ordinals engine.Ordinals) (v []bool, err error) {
	err = f.attempt(func() error { v, err = f.store.Has(ctx, id, ch, f, ordinals); return err })
	return v, err
}

func (f faultyMarks) Of(ctx context.Context, id engine.CampaignID, chunk int, facts ...Fact) (v engine.Members, err error) {
	err = f.attempt(func() error { v, err = f.store.Of(ctx, id, chunk, facts...); return err })
	return v, err
}

func (f faultyMarks) Count(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, f engine.Fact) (v int64, err error) {
	err = f.attempt(func() error { v, err = f.store.Count(ctx, id, ch, f); return err })
	return v, err
}

type faultyCashbook struct {
	*Faults
	store engine.Cashbook
}

func (f faultyCashbook) Credit(ctx context.Context, provider engine.ProviderID, payments []engine.Payment) (v []engine.Credit, err error) {
	err = f.attempt(func() error { v, err = f.store.Credit(ctx, provider, payments); return err })
	return v, err
}

func (f faultyCashbook) Close(ctx context.Context, provider engine.ProviderID, references []string) error {
	return f.try(func() error { return f.store.Close(ctx, provider, references) })
}

func (f faultyCashbook) Payments(ctx context.Context, provider engine.ProviderID, purposes []engine.Purpose) (v [][]engine.Payment, err error) {
	err = f.attempt(func() error { v, err = f.store.Payments(ctx, provider, purposes); return err })
	return v, err
}

type faultyStops struct {
	*Faults
	store engine.Stops
}

func (f faultyStops) Stop(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, reason engine.Reason, addresses []string) error {
	return f.try(func() error { return f.store.Stop(ctx, provider, ch, reason, addresses) })
}

func (f faultyStops) Stopped(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) ([]engine.Reason, error) {
	return attempt(f.Faults, func() ([]engine.Reason, error) { return f.store.Stopped(ctx, provider, ch, addresses) })
}

type faultyJournal struct {
	*Faults
	store engine.Journal
}

func (f faultyJournal) Record(ctx context.Context, entries ...Entry) error {
	return f.try(func() error { return f.store.Record(ctx, entries...) })
}

type faultyQueue struct {
	*Faults
	store engine.Queue
}

func (f faultyQueue) Put(ctx context.Context, wakes ...Wake) error {
	return f.try(func() error { return f.store.Put(ctx, wakes...) })
}
