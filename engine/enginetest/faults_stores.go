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
	return f.try(ctx, func() error { return f.store.PutProvider(ctx, p) })
}

func (f faultyRegistry) ChangeProvider(ctx context.Context, id engine.ProviderID, change func(*engine.Provider) error) (engine.Provider, error) {
	return attempt(ctx, f.Faults, func() (engine.Provider, error) { return f.store.ChangeProvider(ctx, id, change) })
}

func (f faultyRegistry) Provider(ctx context.Context, id engine.ProviderID) (engine.Provider, error) {
	return attempt(ctx, f.Faults, func() (engine.Provider, error) { return f.store.Provider(ctx, id) })
}

func (f faultyRegistry) Providers(ctx context.Context) ([]engine.Provider, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Provider, error) { return f.store.Providers(ctx) })
}

func (f faultyRegistry) PutKey(ctx context.Context, k engine.Key) error {
	return f.try(ctx, func() error { return f.store.PutKey(ctx, k) })
}

func (f faultyRegistry) Key(ctx context.Context, id string) (engine.Key, error) {
	return attempt(ctx, f.Faults, func() (engine.Key, error) { return f.store.Key(ctx, id) })
}

func (f faultyRegistry) AddCampaign(ctx context.Context, c engine.Campaign) error {
	return f.try(ctx, func() error { return f.store.AddCampaign(ctx, c) })
}

func (f faultyRegistry) Campaign(ctx context.Context, id engine.CampaignID) (engine.Campaign, error) {
	return attempt(ctx, f.Faults, func() (engine.Campaign, error) { return f.store.Campaign(ctx, id) })
}

func (f faultyRegistry) ChangeCampaign(ctx context.Context, id engine.CampaignID, change func(*engine.Campaign) error) (engine.Campaign, error) {
	return attempt(ctx, f.Faults, func() (engine.Campaign, error) { return f.store.ChangeCampaign(ctx, id, change) })
}

func (f faultyRegistry) Campaigns(ctx context.Context, provider engine.ProviderID, cursor string, limit int) ([]engine.Campaign, string, error) {
	return attemptPage(ctx, f.Faults, func() ([]engine.Campaign, string, error) {
		return f.store.Campaigns(ctx, provider, cursor, limit)
	})
}

func (f faultyRegistry) Active(ctx context.Context) ([]engine.CampaignID, error) {
	return attempt(ctx, f.Faults, func() ([]engine.CampaignID, error) { return f.store.Active(ctx) })
}

func (f faultyRegistry) Payable(ctx context.Context, provider engine.ProviderID) ([]engine.CampaignID, error) {
	return attempt(ctx, f.Faults, func() ([]engine.CampaignID, error) { return f.store.Payable(ctx, provider) })
}

type faultyAudience struct {
	*Faults
	store engine.Audience
}

func (f faultyAudience) Append(ctx context.Context, id engine.CampaignID, list []engine.Recipient) (engine.Appended, error) {
	return attempt(ctx, f.Faults, func() (engine.Appended, error) { return f.store.Append(ctx, id, list) })
}

func (f faultyAudience) Chunk(ctx context.Context, id engine.CampaignID, chunk int) ([]engine.Recipient, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Recipient, error) { return f.store.Chunk(ctx, id, chunk) })
}

func (f faultyAudience) Person(ctx context.Context, id engine.CampaignID, o engine.Ordinal) (engine.Recipient, error) {
	return attempt(ctx, f.Faults, func() (engine.Recipient, error) { return f.store.Person(ctx, id, o) })
}

func (f faultyAudience) Length(ctx context.Context, id engine.CampaignID, chunk int) (int, error) {
	return attempt(ctx, f.Faults, func() (int, error) { return f.store.Length(ctx, id, chunk) })
}

func (f faultyAudience) Size(ctx context.Context, id engine.CampaignID) (engine.Size, error) {
	return attempt(ctx, f.Faults, func() (engine.Size, error) { return f.store.Size(ctx, id) })
}

func (f faultyAudience) FindAccount(ctx context.Context, id engine.CampaignID, account string) (engine.Ordinal, error) {
	return attempt(ctx, f.Faults, func() (engine.Ordinal, error) { return f.store.FindAccount(ctx, id, account) })
}

func (f faultyAudience) FindDocument(ctx context.Context, id engine.CampaignID, document string) (engine.Ordinal, error) {
	return attempt(ctx, f.Faults, func() (engine.Ordinal, error) { return f.store.FindDocument(ctx, id, document) })
}

type faultyLedger struct {
	*Faults
	store engine.Ledger
}

func (f faultyLedger) Open(ctx context.Context, id engine.CampaignID, ordered int64, lanes int) error {
	return f.try(ctx, func() error { return f.store.Open(ctx, id, ordered, lanes) })
}

func (f faultyLedger) Feed(ctx context.Context, id engine.CampaignID, from, to int, batches []engine.Batch) error {
	return f.try(ctx, func() error { return f.store.Feed(ctx, id, from, to, batches) })
}

func (f faultyLedger) Fed(ctx context.Context, id engine.CampaignID) (int, error) {
	return attempt(ctx, f.Faults, func() (int, error) { return f.store.Fed(ctx, id) })
}

func (f faultyLedger) Take(ctx context.Context, id engine.CampaignID, batch, holder string, now, until time.Time) (engine.Batch, error) {
	return attempt(ctx, f.Faults, func() (engine.Batch, error) { return f.store.Take(ctx, id, batch, holder, now, until) })
}

func (f faultyLedger) Hold(ctx context.Context, id engine.CampaignID, batch, holder string, until time.Time) error {
	return f.try(ctx, func() error { return f.store.Hold(ctx, id, batch, holder, until) })
}

func (f faultyLedger) Settle(ctx context.Context, id engine.CampaignID, batch, holder string, s engine.Settlement) (engine.Balance, error) {
	return attempt(ctx, f.Faults, func() (engine.Balance, error) { return f.store.Settle(ctx, id, batch, holder, s) })
}

func (f faultyLedger) Return(ctx context.Context, id engine.CampaignID, s engine.Settlement) (engine.Balance, error) {
	return attempt(ctx, f.Faults, func() (engine.Balance, error) { return f.store.Return(ctx, id, s) })
}

func (f faultyLedger) States(ctx context.Context, id engine.CampaignID, lane int, from engine.Ordinal, n int) ([]engine.State, error) {
	return attempt(ctx, f.Faults, func() ([]engine.State, error) { return f.store.States(ctx, id, lane, from, n) })
}

func (f faultyLedger) Balance(ctx context.Context, id engine.CampaignID) (engine.Balance, error) {
	return attempt(ctx, f.Faults, func() (engine.Balance, error) { return f.store.Balance(ctx, id) })
}

func (f faultyLedger) Rouse(ctx context.Context, id engine.CampaignID, now, until time.Time, most int) ([]engine.Batch, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Batch, error) { return f.store.Rouse(ctx, id, now, until, most) })
}

func (f faultyLedger) Recall(ctx context.Context, id engine.CampaignID, now time.Time) error {
	return f.try(ctx, func() error { return f.store.Recall(ctx, id, now) })
}

func (f faultyLedger) Batches(ctx context.Context, id engine.CampaignID, limit int) ([]engine.Batch, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Batch, error) { return f.store.Batches(ctx, id, limit) })
}

func (f faultyLedger) Outstanding(ctx context.Context, id engine.CampaignID) (int, error) {
	return attempt(ctx, f.Faults, func() (int, error) { return f.store.Outstanding(ctx, id) })
}

type faultyMarks struct {
	*Faults
	store engine.Marks
}

func (f faultyMarks) Set(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, fact engine.Fact, ordinals engine.Ordinals) error {
	return f.try(ctx, func() error { return f.store.Set(ctx, id, ch, fact, ordinals) })
}

func (f faultyMarks) Has(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, fact engine.Fact, ordinals engine.Ordinals) ([]bool, error) {
	return attempt(ctx, f.Faults, func() ([]bool, error) { return f.store.Has(ctx, id, ch, fact, ordinals) })
}

func (f faultyMarks) Of(ctx context.Context, id engine.CampaignID, chunk int, facts ...engine.Fact) (engine.Members, error) {
	return attempt(ctx, f.Faults, func() (engine.Members, error) { return f.store.Of(ctx, id, chunk, facts...) })
}

func (f faultyMarks) Count(ctx context.Context, id engine.CampaignID, ch engine.ChannelName, fact engine.Fact) (int64, error) {
	return attempt(ctx, f.Faults, func() (int64, error) { return f.store.Count(ctx, id, ch, fact) })
}

type faultyCashbook struct {
	*Faults
	store engine.Cashbook
}

func (f faultyCashbook) Credit(ctx context.Context, provider engine.ProviderID, payments []engine.Payment) ([]engine.Credit, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Credit, error) { return f.store.Credit(ctx, provider, payments) })
}

func (f faultyCashbook) Close(ctx context.Context, provider engine.ProviderID, references []string) error {
	return f.try(ctx, func() error { return f.store.Close(ctx, provider, references) })
}

func (f faultyCashbook) Annul(ctx context.Context, provider engine.ProviderID, references []string) ([]engine.Credit, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Credit, error) { return f.store.Annul(ctx, provider, references) })
}

func (f faultyCashbook) Payments(ctx context.Context, provider engine.ProviderID, purposes []engine.Purpose) ([][]engine.Payment, error) {
	return attempt(ctx, f.Faults, func() ([][]engine.Payment, error) { return f.store.Payments(ctx, provider, purposes) })
}

type faultyStops struct {
	*Faults
	store engine.Stops
}

func (f faultyStops) Stop(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, reason engine.Reason, addresses []string) error {
	return f.try(ctx, func() error { return f.store.Stop(ctx, provider, ch, reason, addresses) })
}

func (f faultyStops) Stopped(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, addresses []string) ([]engine.Reason, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Reason, error) { return f.store.Stopped(ctx, provider, ch, addresses) })
}

func (f faultyStops) List(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, cursor string, limit int,
) ([]engine.StoppedAddress, string, error) {
	return attemptPage(ctx, f.Faults, func() ([]engine.StoppedAddress, string, error) {
		return f.store.List(ctx, provider, ch, cursor, limit)
	})
}

type faultyJournal struct {
	*Faults
	store engine.Journal
}

func (f faultyJournal) Record(ctx context.Context, entries ...engine.Entry) error {
	return f.try(ctx, func() error { return f.store.Record(ctx, entries...) })
}

type faultyQueue struct {
	*Faults
	store engine.Queue
}

func (f faultyQueue) Put(ctx context.Context, wakes ...engine.Wake) error {
	return f.try(ctx, func() error { return f.store.Put(ctx, wakes...) })
}

type faultyAnswers struct {
	*Faults
	store engine.Answers
}

func (f faultyAnswers) Begin(ctx context.Context, provider engine.ProviderID, key string, body [32]byte) (engine.Asked, engine.Answer, error) {
	type both struct {
		asked  engine.Asked
		answer engine.Answer
	}
	v, err := attempt(ctx, f.Faults, func() (v both, err error) {
		v.asked, v.answer, err = f.store.Begin(ctx, provider, key, body)
		return v, err
	})
	return v.asked, v.answer, err
}

func (f faultyAnswers) Keep(ctx context.Context, provider engine.ProviderID, key string, body [32]byte, a engine.Answer) error {
	return f.try(ctx, func() error { return f.store.Keep(ctx, provider, key, body, a) })
}

func (f faultyAnswers) Drop(ctx context.Context, provider engine.ProviderID, key string) error {
	return f.try(ctx, func() error { return f.store.Drop(ctx, provider, key) })
}
