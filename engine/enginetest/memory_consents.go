package enginetest

import (
	"context"
	"slices"
	"time"

	"vestnik/engine"
)

// consents is the Consents of a Memory.
type consents struct{ *Memory }

type resident struct {
	provider engine.ProviderID
	account  string
}

func (c consents) Record(ctx context.Context, provider engine.ProviderID, list []engine.Consent) error {
	leave, err := c.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	for _, entry := range list {
		entry.At = millis(entry.At)
		who := resident{provider, entry.Account}
		if !slices.Contains(c.consents[who], entry) {
			c.consents[who] = append(c.consents[who], entry)
		}
	}
	return nil
}

func (c consents) Given(ctx context.Context, provider engine.ProviderID, ch engine.ChannelName, accounts []string) ([]bool, error) {
	leave, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	given := make([]bool, len(accounts))
	for i, account := range accounts {
		var last time.Time
		for _, entry := range c.consents[resident{provider, account}] {
			if entry.Channel != ch && entry.Channel != engine.NoChannel || entry.At.Before(last) {
				continue
			}
			// The first entry stands on its own; of those of the same time a withdrawal does.
			given[i] = entry.Given && (given[i] || entry.At.After(last))
			last = entry.At
		}
	}
	return given, nil
}

func (c consents) History(ctx context.Context, provider engine.ProviderID, account string) ([]engine.Consent, error) {
	leave, err := c.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return slices.Clone(c.consents[resident{provider, account}]), nil
}

// frequency is the Frequency of a Memory.
type frequency struct{ *Memory }

type audienceKind struct {
	resident
	kind engine.Kind
}

type campaignDay struct {
	campaign engine.CampaignID
	day      time.Time
}

func (f frequency) Claim(ctx context.Context, provider engine.ProviderID, kind engine.Kind, id engine.CampaignID, accounts []string,
	day time.Time, days, most int,
) ([]bool, error) {
	leave, err := f.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	year, month, date := day.Date()
	day = time.Date(year, month, date, 0, 0, 0, 0, time.UTC)
	list := make([]bool, len(accounts))
	for i, account := range accounts {
		who := audienceKind{resident{provider, account}, kind}
		counted := map[engine.CampaignID]bool{}
		for _, was := range f.frequency[who] {
			if !was.day.After(day) && was.day.After(day.AddDate(0, 0, -days)) {
				counted[was.campaign] = true
			}
		}
		if list[i] = counted[id] || len(counted) < most; list[i] && !counted[id] {
			f.frequency[who] = append(f.frequency[who], campaignDay{id, day})
		}
	}
	return list, nil
}
