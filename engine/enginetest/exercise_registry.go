package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"vestnik/engine"
)

var registryTests = map[string]func(*testing.T, engine.Stores){
	"providers":                     testProviders,
	"changes of providers":          testChangeProvider,
	"keys":                          testKeys,
	"a campaign is added once":      testAddCampaign,
	"changes are not lost":          testChangeCampaign,
	"a refused change is no change": testRefusedChange,
	"pages of campaigns":            testCampaignPages,
	"active campaigns":              testActive,
	"payable campaigns":             testPayable,
	"a caller who gave up":          testCanceled,
}

func testProviders(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	id := newProvider()
	_, err := s.Registry.Provider(ctx, id)
	wantError(t, err, engine.ErrNotFound)
	p := engine.Provider{ID: id, Name: "УК «Дом»", INN: "7700000000", Timezone: "Asia/Yekaterinburg",
		Settings: map[string]string{"email.from": "bill@example.ru"}, CreatedAt: moment}
	ok(t, s.Registry.PutProvider(ctx, p))
	p.Name = "УК «Новый дом»"
	ok(t, s.Registry.PutProvider(ctx, p))
	got := must[engine.Provider](t)(s.Registry.Provider(ctx, id))
	equal(t, "name", got.Name, p.Name)
	equal(t, "setting", got.Setting("email.from"), "bill@example.ru")
	equal(t, "creation", got.CreatedAt.Equal(moment), true)
	list := must[[]engine.Provider](t)(s.Registry.Providers(ctx))
	equal(t, "listed", slices.ContainsFunc(list, func(p engine.Provider) bool { return p.ID == id }), true)
}

func testChangeProvider(t *testing.T, s engine.Stores) {
	ctx, id := t.Context(), newProvider()
	_, err := s.Registry.ChangeProvider(ctx, id, func(*engine.Provider) error { return nil })
	wantError(t, err, engine.ErrNotFound)
	reminder := engine.Route{Lanes: []engine.Lane{{{Channel: engine.Email, Until: engine.Goals{engine.Paid}},
		{Channel: engine.Email, Template: engine.TemplateRef{Name: "reminder", Version: 2}}}}}
	ok(t, s.Registry.PutProvider(ctx, engine.Provider{ID: id, Name: "УК «Дом»", Routes: map[string]engine.Route{"soft": reminder}, CreatedAt: moment}))
	const writers, rounds = 4, 10
	_, errs := together(writers, func(writer int) (int, error) {
		for round := range rounds {
			key := fmt.Sprintf("%d.%d", writer, round)
			is, err := s.Registry.ChangeProvider(ctx, id, func(p *engine.Provider) error {
				if p.Settings == nil {
					p.Settings = map[string]string{}
				}
				p.Settings[key] = "set"
				return nil
			})
			if err != nil {
				return 0, err
			}
			if is.Settings[key] != "set" {
				return 0, errors.New("the provider returned is not as it is now")
			}
		}
		return 0, nil
	})
	ok(t, errors.Join(errs...))
	refusal := errors.New("no")
	_, err = s.Registry.ChangeProvider(ctx, id, func(p *engine.Provider) error {
		p.Name, p.Settings["refused"] = "changed", "set"
		return refusal
	})
	equal(t, "the very error", err, refusal)
	got := must[engine.Provider](t)(s.Registry.Provider(ctx, id))
	equal(t, "settings", len(got.Settings), writers*rounds)
	equal(t, "name", got.Name, "УК «Дом»")
	equal(t, "a step's template", got.Routes["soft"].Lanes[0][1].Template, engine.TemplateRef{Name: "reminder", Version: 2})
	listed := must[[]engine.Provider](t)(s.Registry.Providers(ctx))
	of := slices.IndexFunc(listed, func(p engine.Provider) bool { return p.ID == id })
	equal(t, "settings in the list", of >= 0 && len(listed[of].Settings) == writers*rounds, true)
}

func testKeys(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	k := engine.Key{ID: engine.NewID(), Hash: []byte{1, 2, 0, 255}, Provider: newProvider(), Role: engine.RoleProvider, Mode: engine.Test}
	_, err := s.Registry.Key(ctx, k.ID)
	wantError(t, err, engine.ErrNotFound)
	ok(t, s.Registry.PutKey(ctx, k))
	got := must[engine.Key](t)(s.Registry.Key(ctx, k.ID))
	equal(t, "hash", string(got.Hash), string(k.Hash))
	equal(t, "provider", got.Provider, k.Provider)
	equal(t, "role", got.Role, k.Role)
	k.RevokedAt = moment
	ok(t, s.Registry.PutKey(ctx, k))
	equal(t, "revoked", must[engine.Key](t)(s.Registry.Key(ctx, k.ID)).RevokedAt.Equal(moment), true)
}

func campaignOf(provider engine.ProviderID) engine.Campaign {
	return engine.Campaign{
		ID: newCampaign(), Provider: provider, Mode: engine.Live, Name: "Квитанции", Kind: engine.KindBill,
		Template: engine.TemplateRef{Name: "bill-monthly", Version: 1}, Route: engine.DefaultRoute(engine.KindBill),
		Status: engine.StatusDraft, CreatedAt: time.Now().UTC().Truncate(time.Millisecond), Vars: []byte(`{"a":1}`),
	}
}

func testAddCampaign(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	c := campaignOf(newProvider())
	_, err := s.Registry.Campaign(ctx, c.ID)
	wantError(t, err, engine.ErrNotFound)
	_, errs := together(8, func(i int) (int, error) {
		mine := c
		mine.Name += string(rune('0' + i))
		return 0, s.Registry.AddCampaign(ctx, mine)
	})
	added := 0
	for _, err := range errs {
		if err == nil {
			added++
			continue
		}
		wantError(t, err, engine.ErrConflict)
	}
	equal(t, "added", added, 1)
	got := must[engine.Campaign](t)(s.Registry.Campaign(ctx, c.ID))
	equal(t, "lanes", len(got.Route.Lanes), 1)
	equal(t, "goal", got.Route.Lanes[0][0].Until[1], engine.Paid)
	equal(t, "vars", string(got.Vars), `{"a":1}`)
	equal(t, "creation", got.CreatedAt.Equal(c.CreatedAt), true)
}

func testChangeCampaign(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	c := campaignOf(newProvider())
	_, err := s.Registry.ChangeCampaign(ctx, c.ID, func(*engine.Campaign) error { return nil })
	wantError(t, err, engine.ErrNotFound)
	ok(t, s.Registry.AddCampaign(ctx, c))
	const writers, rounds = 4, 10
	_, errs := together(writers, func(int) (int, error) {
		for range rounds {
			if _, err := s.Registry.ChangeCampaign(ctx, c.ID, func(c *engine.Campaign) error {
				c.Template.Version++
				return nil
			}); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	ok(t, errors.Join(errs...))
	equal(t, "changes", must[engine.Campaign](t)(s.Registry.Campaign(ctx, c.ID)).Template.Version, 1+writers*rounds)
}

func testRefusedChange(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	c := campaignOf(newProvider())
	ok(t, s.Registry.AddCampaign(ctx, c))
	refusal := errors.New("no")
	is, err := s.Registry.ChangeCampaign(ctx, c.ID, func(c *engine.Campaign) error {
		c.Name = "changed"
		return refusal
	})
	equal(t, "the very error", err, refusal)
	equal(t, "name returned", is.Name, c.Name)
	equal(t, "name", must[engine.Campaign](t)(s.Registry.Campaign(ctx, c.ID)).Name, c.Name)
}

func testCampaignPages(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	provider := newProvider()
	var want []engine.CampaignID
	for i := range 7 {
		c := campaignOf(provider)
		c.CreatedAt = moment.Add(time.Duration(i/2) * time.Hour) // pairs of the same age
		c.Single = i == 3
		ok(t, s.Registry.AddCampaign(ctx, c))
		if !c.Single {
			want = append(want, c.ID)
		}
	}
	ok(t, s.Registry.AddCampaign(ctx, campaignOf(newProvider())))
	var got []engine.CampaignID
	last, cursor := time.Now().Add(time.Hour), ""
	for {
		page, next, err := s.Registry.Campaigns(ctx, provider, cursor, 2)
		ok(t, err)
		equal(t, "page fits", len(page) <= 2, true)
		for _, c := range page {
			equal(t, "newest first", c.CreatedAt.After(last), false)
			got, last = append(got, c.ID), c.CreatedAt
		}
		if cursor = next; next == "" {
			break
		}
		equal(t, "page before the end is full", len(page), 2)
	}
	slices.Sort(got)
	slices.Sort(want)
	equalSlices(t, "campaigns", got, want)
	page, next, err := s.Registry.Campaigns(ctx, newProvider(), "", 10)
	ok(t, err)
	equal(t, "nobody's campaigns", len(page), 0)
	equal(t, "nobody's cursor", next, "")
}

func testActive(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	c := campaignOf(newProvider())
	active := func() bool {
		t.Helper()
		return slices.Contains(must[[]engine.CampaignID](t)(s.Registry.Active(ctx)), c.ID)
	}
	become := func(status engine.Status, started, ended time.Time) {
		t.Helper()
		must[engine.Campaign](t)(s.Registry.ChangeCampaign(ctx, c.ID, func(c *engine.Campaign) error {
			c.Status, c.StartedAt, c.EndedAt = status, started, ended
			return nil
		}))
	}
	ok(t, s.Registry.AddCampaign(ctx, c))
	equal(t, "draft", active(), false)
	for _, step := range []struct {
		status         engine.Status
		started, ended time.Time
		want           bool
	}{
		{engine.StatusScheduled, time.Time{}, time.Time{}, true},
		{engine.StatusRunning, moment, time.Time{}, true},
		{engine.StatusPaused, moment, time.Time{}, true},
		{engine.StatusCompleted, moment, moment, false},
		{engine.StatusRunning, moment, time.Time{}, true}, // a returned message
		{engine.StatusCancelled, moment, time.Time{}, true},
		{engine.StatusCancelled, moment, moment, false},
	} {
		become(step.status, step.started, step.ended)
		equal(t, string(step.status), active(), step.want)
	}
	running := campaignOf(newProvider())
	running.Status, running.Single = engine.StatusRunning, true
	ok(t, s.Registry.AddCampaign(ctx, running))
	c = running
	equal(t, "added running", active(), true)
}

func testPayable(t *testing.T, s engine.Stores) {
	ctx := t.Context()
	provider := newProvider()
	add := func(change func(*engine.Campaign)) engine.CampaignID {
		c := campaignOf(provider)
		change(&c)
		ok(t, s.Registry.AddCampaign(ctx, c))
		return c.ID
	}
	older := add(func(c *engine.Campaign) { c.CreatedAt = c.CreatedAt.Add(-time.Hour) })
	newer := add(func(c *engine.Campaign) { c.Kind, c.Single, c.Status = engine.KindDebt, true, engine.StatusCompleted })
	add(func(c *engine.Campaign) { c.Kind = engine.KindOutage })
	add(func(c *engine.Campaign) { c.CreatedAt = c.CreatedAt.AddDate(-2, 0, 0) })
	add(func(c *engine.Campaign) { c.Status, c.EndedAt = engine.StatusCancelled, moment })
	equalSlices(t, "payable", must[[]engine.CampaignID](t)(s.Registry.Payable(ctx, provider)), []engine.CampaignID{newer, older})
}

func testCanceled(t *testing.T, s engine.Stores) {
	ctx := canceled()
	_, err := s.Registry.Providers(ctx)
	wantError(t, err, context.Canceled)
	_, err = s.Ledger.Balance(ctx, newCampaign())
	wantError(t, err, context.Canceled)
	wantError(t, s.Journal.Record(ctx, engine.Entry{Fact: engine.Sent}), context.Canceled)
	wantError(t, s.Queue.Put(ctx, engine.Wake{Campaign: newCampaign(), Batch: "0", Channel: engine.Email, At: moment}), context.Canceled)
	equal(t, "not down", errors.Is(err, engine.ErrDown), false)
}
