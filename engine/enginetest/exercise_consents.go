package enginetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"vestnik/engine"
)

var consentTests = map[string]func(*testing.T, engine.Stores){
	"the ledger of consents only grows": testConsentHistory,
	"an entry is recorded once":         testConsentTogether,
	"the latest word counts":            testConsentGiven,
	"campaigns within days":             testFrequency,
	"a campaign counts once":            testFrequencyOnce,
	"the cap of many at once":           testFrequencyTogether,
}

// agreed makes an entry of somebody who agreed, or withdrew, some seconds after moment.
func agreed(account string, ch engine.ChannelName, given bool, seconds int) engine.Consent {
	return engine.Consent{Account: account, Channel: ch, Given: given, At: at(seconds), How: "web form", Proof: "журнал № 7"}
}

// history gives an account's entries with times that can be compared.
func history(t *testing.T, s engine.Stores, provider engine.ProviderID, account string) []engine.Consent {
	t.Helper()
	list := must[[]engine.Consent](t)(s.Consents.History(t.Context(), provider, account))
	for i := range list {
		list[i].At = list[i].At.UTC()
	}
	return list
}

func testConsentHistory(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	equal(t, "nothing", len(history(t, s, provider, "1")), 0)
	first, second := agreed("1", engine.Email, true, 10), agreed("1", engine.NoChannel, false, 5)
	third := first
	third.Proof = "" // equal but for the proof
	others := agreed("2", engine.Email, true, 10)
	ok(t, s.Consents.Record(ctx, provider, nil))
	ok(t, s.Consents.Record(ctx, provider, []engine.Consent{first, others, first}))
	ok(t, s.Consents.Record(ctx, provider, []engine.Consent{second, first}))
	ok(t, s.Consents.Record(ctx, provider, []engine.Consent{third, others}))
	equalSlices(t, "in the order of recording", history(t, s, provider, "1"), []engine.Consent{first, second, third})
	equalSlices(t, "another account", history(t, s, provider, "2"), []engine.Consent{others})
	equal(t, "another provider", len(history(t, s, newProvider(), "1")), 0)
	precise := agreed("3", engine.Email, true, 1)
	precise.At = precise.At.Add(456 * time.Microsecond)
	ok(t, s.Consents.Record(ctx, provider, []engine.Consent{precise}))
	equalSlices(t, "to the millisecond", history(t, s, provider, "3"), []engine.Consent{agreed("3", engine.Email, true, 1)})
}

func testConsentTogether(t *testing.T, s engine.Stores) {
	provider := newProvider()
	_, errs := together(8, func(i int) (int, error) {
		return 0, s.Consents.Record(t.Context(), provider, []engine.Consent{agreed("1", engine.Email, true, 0), agreed("1", engine.VK, true, i)})
	})
	ok(t, errors.Join(errs...))
	equal(t, "entries", len(history(t, s, provider, "1")), 1+8)
}

func testConsentGiven(t *testing.T, s engine.Stores) {
	ctx, provider := t.Context(), newProvider()
	cases := []struct {
		name    string
		entries []engine.Consent // of the account with the name
		want    bool             // for e-mail
	}{
		{"never asked", nil, false},
		{"agreed", []engine.Consent{agreed("", engine.Email, true, 0)}, true},
		{"agreed to all", []engine.Consent{agreed("", engine.NoChannel, true, 0)}, true},
		{"agreed to another channel", []engine.Consent{agreed("", engine.VK, true, 0)}, false},
		{"withdrew", []engine.Consent{agreed("", engine.Email, true, 0), agreed("", engine.Email, false, 1)}, false},
		{"withdrew all", []engine.Consent{agreed("", engine.Email, true, 0), agreed("", engine.NoChannel, false, 1)}, false},
		{"withdrew another channel", []engine.Consent{agreed("", engine.NoChannel, true, 0), agreed("", engine.VK, false, 1)}, true},
		{"withdrew before", []engine.Consent{agreed("", engine.NoChannel, false, 0), agreed("", engine.Email, true, 1)}, true},
		{"recorded late", []engine.Consent{agreed("", engine.Email, false, 1), agreed("", engine.Email, true, 0)}, false},
		{"recorded late, of all", []engine.Consent{agreed("", engine.Email, true, 1), agreed("", engine.NoChannel, false, 0)}, true},
		{"at once, withdrawal last", []engine.Consent{agreed("", engine.Email, true, 0), agreed("", engine.Email, false, 0)}, false},
		{"at once, withdrawal first", []engine.Consent{agreed("", engine.Email, false, 0), agreed("", engine.Email, true, 0)}, false},
		{"at once, of all", []engine.Consent{agreed("", engine.NoChannel, false, 0), agreed("", engine.Email, true, 0)}, false},
		{"agreed again", []engine.Consent{agreed("", engine.Email, false, 0), agreed("", engine.Email, true, 0), agreed("", engine.NoChannel, true, 2)}, true},
	}
	var accounts []string
	var want []bool
	for _, c := range cases {
		for _, entry := range c.entries {
			entry.Account = c.name
			ok(t, s.Consents.Record(ctx, provider, []engine.Consent{entry}))
		}
		accounts, want = append(accounts, c.name), append(want, c.want)
	}
	for i, got := range must[[]bool](t)(s.Consents.Given(ctx, provider, engine.Email, accounts)) {
		equal(t, accounts[i], got, want[i])
	}
	none := make([]bool, len(accounts))
	equalSlices(t, "another provider", must[[]bool](t)(s.Consents.Given(ctx, newProvider(), engine.Email, accounts)), none)
	equal(t, "nobody", len(must[[]bool](t)(s.Consents.Given(ctx, provider, engine.Email, nil))), 0)
}

// counter claims campaigns on days from today on, by their numbers: a store may forget days that are long over.
type counter struct {
	t         *testing.T
	s         engine.Stores
	provider  engine.ProviderID
	kind      engine.Kind
	campaigns [9]engine.CampaignID
	today     time.Time
}

func newCounter(t *testing.T, s engine.Stores) *counter {
	c := &counter{t: t, s: s, provider: newProvider(), kind: engine.KindAd, today: time.Now().UTC().Truncate(24 * time.Hour)}
	for i := range c.campaigns {
		c.campaigns[i] = newCampaign()
	}
	return c
}

func (c *counter) claim(campaign, day, days, most int, accounts ...string) []bool {
	c.t.Helper()
	return must[[]bool](c.t)(c.s.Frequency.Claim(c.t.Context(), c.provider, c.kind, c.campaigns[campaign], accounts,
		c.today.AddDate(0, 0, day), days, most))
}

func testFrequency(t *testing.T, s engine.Stores) {
	c := newCounter(t, s)
	for i, step := range []struct {
		campaign, day, days, most int
		want                      bool
	}{
		{0, 0, 7, 2, true},
		{1, 1, 7, 2, true},
		{2, 2, 7, 2, false},
		{2, 2, 7, 2, false}, // what was refused does not count
		{2, 6, 7, 2, false}, // the last day of the first one
		{3, 7, 7, 2, true},
		{4, 7, 7, 2, false},
		{4, 7, 1, 2, true}, // one other on the day alone
		{5, 7, 1, 2, false},
		{5, 8, 1, 1, true},
		{6, 8, 7, 9, true},
	} {
		equal(t, fmt.Sprintf("step %d", i), c.claim(step.campaign, step.day, step.days, step.most, "1")[0], step.want)
	}
	equalSlices(t, "by account", c.claim(7, 8, 1, 1, "2", "1", "3"), []bool{true, false, true})
	equal(t, "nobody", len(c.claim(7, 8, 1, 1)), 0)
	c.kind = engine.KindAction
	equalSlices(t, "another kind", c.claim(8, 8, 1, 1, "1"), []bool{true})
	c.kind, c.provider = engine.KindAd, newProvider()
	equalSlices(t, "another provider", c.claim(8, 8, 1, 1, "1"), []bool{true})
}

func testFrequencyOnce(t *testing.T, s engine.Stores) {
	c := newCounter(t, s)
	for _, day := range []int{0, 0, 1, 3} {
		equalSlices(t, "the same campaign", c.claim(0, day, 7, 1, "1"), []bool{true})
	}
	equalSlices(t, "another campaign", c.claim(1, 3, 7, 1, "1"), []bool{false})
	equalSlices(t, "it counted once", c.claim(1, 3, 7, 2, "1"), []bool{true})
	equalSlices(t, "though the cap is lower", c.claim(1, 3, 7, 1, "1"), []bool{true})
	equalSlices(t, "on the first of its days", c.claim(2, 7, 7, 2, "1"), []bool{true})
}

func testFrequencyTogether(t *testing.T, s engine.Stores) {
	c := newCounter(t, s)
	answers, errs := together(8, func(i int) ([]bool, error) {
		return s.Frequency.Claim(t.Context(), c.provider, c.kind, c.campaigns[i], []string{"1", "2"}, c.today, 7, 3)
	})
	ok(t, errors.Join(errs...))
	counted := [2]int{}
	for _, answer := range answers {
		for i, is := range answer {
			if is {
				counted[i]++
			}
		}
	}
	equal(t, "counted", counted, [2]int{3, 3})
}
