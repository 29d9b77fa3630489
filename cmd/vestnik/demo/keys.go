package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"time"

	"vestnik/api"
	"vestnik/engine"
)

// Keys is what keys.json says: with it anybody can go on by hand.
type Keys struct {
	URL           string `json:"url"`
	Provider      string `json:"provider"`       // of the company, live
	ProviderTest  string `json:"provider_test"`  // of the company, test
	Operator      string `json:"operator"`       // of the company, live
	OtherProvider string `json:"other_provider"` // of somebody else, who must see nothing of it
}

// issue writes the company and a stranger into the registry, and the keys of both into keys.json.
func (d *Demo) issue(ctx context.Context) error {
	c := d.world.Company
	settings := d.community.settings()
	maps.Copy(settings, d.square.settings())
	maps.Copy(settings, map[string]string{
		"email.from": c.Name + " <" + c.Email + ">", "email.reply_to": c.Post,
		"payment.name": c.Name, "payment.inn": c.INN, "payment.kpp": c.KPP, "payment.account": c.Account, "payment.bank": c.Bank,
		"payment.bic": c.BIC, "payment.corr_account": c.Corr, "payment.url": d.bank.Pattern(),
		engine.SettingBill: d.world.billed(),
	})
	maps.Copy(settings, d.gis())
	if err := errors.Join(sign(settings), d.publish(settings)); err != nil {
		return err
	}
	ours, err := d.enrol(ctx, c.Name, c.INN, settings)
	if err != nil {
		return err
	}
	if err := d.community.introduce(d.URL + "/hooks/vk/" + string(ours)); err != nil {
		return err
	}
	other, err := d.enrol(ctx, "ООО «Соседний водоканал»", inn("001234567"), map[string]string{"email.from": "Соседний водоканал <schet@vodokanal.example>"})
	if err != nil {
		return err
	}
	d.Keys, d.company = Keys{URL: d.URL}, ours
	for _, k := range []struct {
		to       *string
		provider engine.ProviderID
		role     engine.Role
		mode     engine.Mode
	}{
		{&d.Keys.Provider, ours, engine.RoleProvider, engine.Live}, {&d.Keys.ProviderTest, ours, engine.RoleProvider, engine.Test},
		{&d.Keys.Operator, ours, engine.RoleOperator, engine.Live}, {&d.Keys.OtherProvider, other, engine.RoleProvider, engine.Live},
	} {
		kept, key := api.NewKey(d.secret, k.provider, k.role, k.mode)
		if err := d.house.Stores.Registry.PutKey(ctx, kept); err != nil {
			return fmt.Errorf("keep a key: %w", err)
		}
		if *k.to = key; k.role == engine.RoleOperator {
			d.viewer = kept.ID
		}
	}
	text, err := json.MarshalIndent(d.Keys, "", "  ")
	if err != nil {
		return fmt.Errorf("write the keys: %w", err)
	}
	d.KeysFile = filepath.Join(d.dir, "keys.json")
	if err := os.WriteFile(d.KeysFile, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the keys: %w", err)
	}
	return nil
}

// enrol writes a provider.
func (d *Demo) enrol(ctx context.Context, name, inn string, settings map[string]string) (engine.ProviderID, error) {
	settings[engine.SettingQuiet] = "off" // the demo lives at night too
	p := engine.Provider{
		ID: engine.ProviderID(engine.NewID()), Name: name, INN: inn, Timezone: zone, Settings: settings,
		CreatedAt: time.Now().UTC().Truncate(time.Millisecond),
	}
	if err := d.house.Stores.Registry.PutProvider(ctx, p); err != nil {
		return "", fmt.Errorf("add a provider: %w", err)
	}
	return p.ID, nil
}
