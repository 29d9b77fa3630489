package enginetest

import (
	"context"
	"time"

	"vestnik/engine"
)

type faultyConsents struct {
	*Faults
	store engine.Consents
}

func (f faultyConsents) Record(ctx context.Context, provider engine.ProviderID, list []engine.Consent) error {
	return f.try(ctx, func() error { return f.store.Record(ctx, provider, list) })
}

func (f faultyConsents) Given(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, accounts []string) ([]bool, error) {
	return attempt(ctx, f.Faults, func() ([]bool, error) { return f.store.Given(ctx, provider, ch, accounts) })
}

func (f faultyConsents) History(ctx context.Context, provider engine.ProviderID, account string) ([]engine.Consent, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Consent, error) { return f.store.History(ctx, provider, account) })
}

type faultyFrequency struct {
	*Faults
	store engine.Frequency
}

func (f faultyFrequency) Claim(ctx context.Context, provider engine.ProviderID, kind engine.Kind, id engine.CampaignID, accounts []string,
	day time.Time, days, most int,
) ([]bool, error) {
	return attempt(ctx, f.Faults, func() ([]bool, error) { return f.store.Claim(ctx, provider, kind, id, accounts, day, days, most) })
}

type faultyClaims struct {
	*Faults
	store engine.Claims
}

func (f faultyClaims) Claim(ctx context.Context, id engine.CampaignID, place string, addresses []string, ordinals engine.Ordinals,
) ([]engine.Claim, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Claim, error) { return f.store.Claim(ctx, id, place, addresses, ordinals) })
}

func (f faultyClaims) Close(ctx context.Context, id engine.CampaignID, place string, addresses []string, taken bool) error {
	return f.try(ctx, func() error { return f.store.Close(ctx, id, place, addresses, taken) })
}

type faultyPace struct {
	*Faults
	store engine.Pace
}

func (f faultyPace) Spend(ctx context.Context, name string, end time.Time, n, limit int) (int, error) {
	return attempt(ctx, f.Faults, func() (int, error) { return f.store.Spend(ctx, name, end, n, limit) })
}

func (f faultyPace) Enter(ctx context.Context, name, holder string, most int, now, until time.Time) (bool, error) {
	return attempt(ctx, f.Faults, func() (bool, error) { return f.store.Enter(ctx, name, holder, most, now, until) })
}

func (f faultyPace) Leave(ctx context.Context, name, holder string) error {
	return f.try(ctx, func() error { return f.store.Leave(ctx, name, holder) })
}

func (f faultyPace) Turn(ctx context.Context, name string, every time.Duration) (time.Duration, error) {
	return attempt(ctx, f.Faults, func() (time.Duration, error) { return f.store.Turn(ctx, name, every) })
}

type faultyBreakers struct {
	*Faults
	store engine.Breakers
}

func (f faultyBreakers) Breaker(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName) (engine.Breaker, error) {
	return attempt(ctx, f.Faults, func() (engine.Breaker, error) { return f.store.Breaker(ctx, provider, ch) })
}

func (f faultyBreakers) ChangeBreaker(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, change func(*engine.Breaker),
) (engine.Breaker, error) {
	return attempt(ctx, f.Faults, func() (engine.Breaker, error) { return f.store.ChangeBreaker(ctx, provider, ch, change) })
}

func (f faultyBreakers) Breakers(ctx context.Context) ([]engine.Breaker, error) {
	return attempt(ctx, f.Faults, func() ([]engine.Breaker, error) { return f.store.Breakers(ctx) })
}

type faultyTally struct {
	*Faults
	store engine.Tally
}

func (f faultyTally) Add(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, fact engine.Fact, at time.Time, n int) error {
	return f.try(ctx, func() error { return f.store.Add(ctx, provider, ch, fact, at, n) })
}

func (f faultyTally) Sum(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, now time.Time, facts ...engine.Fact) ([]int64, error) {
	return attempt(ctx, f.Faults, func() ([]int64, error) { return f.store.Sum(ctx, provider, ch, now, facts...) })
}
