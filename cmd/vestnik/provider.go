package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"time"

	"vestnik/channels/email"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

// providerCommand is the commands about providers.
type providerCommand struct {
	Add  providerAdd  `cmd:"" help:"Завести поставщика; печатает его ID. // Add a provider; prints its ID."`
	Set  providerSet  `cmd:"" help:"Изменить настройки поставщика. // Change a provider's settings."`
	Show providerShow `cmd:"" help:"Показать поставщика. // Show a provider."`
	List providerList `cmd:"" help:"Перечислить поставщиков. // List the providers."`
}

// providerAdd adds a provider.
type providerAdd struct {
	setup
	Name      string   `required:"" placeholder:"NAME" help:"Название, как его увидят жители. // Name as residents will see it."`
	INN       string   `required:"" name:"inn" placeholder:"INN" help:"ИНН: 10 или 12 цифр. // ИНН: 10 or 12 digits."`
	Timezone  string   `default:"Europe/Moscow" placeholder:"TZ" help:"Часовой пояс. // Time zone."`
	EmailFrom string   `placeholder:"ADDR" help:"От чьего имени письма. // Whom e-mail is from."`
	Settings  []string `arg:"" optional:"" name:"key=value" help:"Другие настройки, как в provider set. // Other settings, as in provider set."`
}

// Run adds it.
func (a providerAdd) Run(ctx context.Context, t *terminal) error {
	p := engine.Provider{
		ID: engine.ProviderID(engine.NewID()), Name: a.Name, INN: a.INN, Settings: map[string]string{}, CreatedAt: time.Now().UTC().Truncate(time.Millisecond),
	}
	pairs := append([]string{"name=" + a.Name, "inn=" + a.INN, "timezone=" + a.Timezone}, a.Settings...)
	if a.EmailFrom != "" {
		pairs = append(pairs, "email.from="+a.EmailFrom)
	}
	if err := t.change(&p, pairs); err != nil {
		return err
	}
	return a.withRegistry(ctx, t, func(r engine.Registry, _ []byte) error {
		if err := r.PutProvider(ctx, p); err != nil {
			return err
		}
		return t.print(string(p.ID))
	})
}

// providerSet changes settings.
type providerSet struct {
	setup
	ID       string   `arg:"" help:"Поставщик. // The provider."`
	Settings []string `arg:"" name:"key=value" help:"Что изменить; пустое значение убирает настройку, секреты — файлом: email.dkim_key_file=ФАЙЛ. // What to change; an empty value takes a setting away, secrets come by file: email.dkim_key_file=FILE."`
}

// Run changes them, all or none.
func (s providerSet) Run(ctx context.Context, t *terminal) error {
	return s.withRegistry(ctx, t, func(r engine.Registry, _ []byte) error {
		p, err := t.provider(ctx, r, s.ID)
		if err != nil {
			return err
		}
		_, err = r.ChangeProvider(ctx, p.ID, func(p *engine.Provider) error { return t.change(p, s.Settings) })
		return err
	})
}

// change makes changes written as KEY=VALUE, or tells everything that is wrong with them.
func (t *terminal) change(p *engine.Provider, pairs []string) error {
	var wrong []error
	if p.Settings == nil {
		p.Settings = map[string]string{}
	}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			wrong = append(wrong, t.fail("%s: нужно КЛЮЧ=ЗНАЧЕНИЕ // %s: KEY=VALUE is needed", key))
			continue
		}
		wrong = append(wrong, t.changeOne(p, key, value))
	}
	err := errors.Join(wrong...)
	if mail := func(pair string) bool { return strings.HasPrefix(pair, "email.") }; err == nil && slices.ContainsFunc(pairs, mail) {
		if err = email.CheckKeys(*p); err != nil {
			err = t.fail("ключи DKIM не сходятся: %w // the DKIM keys do not fit together: %w", err)
		}
	}
	if err != nil {
		return &usageError{err}
	}
	return nil
}

func (t *terminal) changeOne(p *engine.Provider, key, value string) error {
	switch key {
	case "name":
		if strings.TrimSpace(value) == "" {
			return t.fail("name: нужно название // name: a name is needed")
		}
		p.Name = value
		return nil
	case "inn":
		if !house.IsINN(value) {
			return t.fail("inn: нужно 10 или 12 цифр // inn: 10 or 12 digits are needed")
		}
		p.INN = value
		return nil
	}
	bare, byFile := strings.CutSuffix(key, house.SecretSuffix)
	setting, ok := house.FindSetting(bare)
	if !ok || setting.Secret != byFile {
		return t.fail("%s: такой настройки нет // %s: there is no such setting", key)
	}
	if value == "" && bare != "timezone" {
		delete(p.Settings, bare)
		return nil
	}
	if byFile {
		content, err := os.ReadFile(value)
		if err != nil {
			return t.fail("%s: файл не читается: %w // %s: the file cannot be read: %w", key, err)
		}
		value = strings.TrimRight(string(content), "\r\n")
	}
	if !setting.Fine(value) {
		return t.fail("%s: нужно: %s // %s: needed: %s", key, t.Cut(setting.Rule))
	}
	if bare == "timezone" {
		p.Timezone = value
		return nil
	}
	p.Settings[bare] = value
	return nil
}

// providerShow shows a provider without its secrets.
type providerShow struct {
	setup
	ID   string `arg:"" help:"Поставщик. // The provider."`
	JSON bool   `help:"Для программ. // For programs."`
}

// Run shows it.
func (s providerShow) Run(ctx context.Context, t *terminal) error {
	return s.withRegistry(ctx, t, func(r engine.Registry, _ []byte) error {
		p, err := t.provider(ctx, r, s.ID)
		if err != nil {
			return err
		}
		t.hide(&p)
		if s.JSON {
			return t.json(p)
		}
		rows := [][]string{{"id", string(p.ID)}, {"name", p.Name}, {"inn", p.INN}, {"timezone", p.Timezone}}
		for _, setting := range house.Settings() {
			if value, ok := p.Settings[setting.Key]; ok {
				rows = append(rows, []string{setting.Key, value})
			}
		}
		return t.table("", []string{"Настройка // Setting", "Значение // Value"}, rows)
	})
}

// hide puts words in the place of secrets.
func (t *terminal) hide(p *engine.Provider) {
	for key, value := range p.Settings {
		switch setting, ok := house.FindSetting(key); {
		case house.Sealed(value):
			p.Settings[key] = t.Say("(не открывается: VESTNIK_SECRET сменился)", "(cannot be opened: VESTNIK_SECRET has changed)")
		case !ok || setting.Secret:
			p.Settings[key] = t.Say("(скрыто)", "(hidden)")
		}
	}
}

// providerList lists the providers.
type providerList struct {
	setup
	JSON bool `help:"Для программ. // For programs."`
}

// Run lists them by name.
func (l providerList) Run(ctx context.Context, t *terminal) error {
	return l.withRegistry(ctx, t, func(r engine.Registry, _ []byte) error {
		list, err := r.Providers(ctx)
		if err != nil {
			return err
		}
		slices.SortFunc(list, func(a, b engine.Provider) int { return strings.Compare(a.Name, b.Name) })
		if l.JSON {
			for i := range list {
				t.hide(&list[i])
			}
			return t.json(map[string]any{"items": list})
		}
		var rows [][]string
		for _, p := range list {
			rows = append(rows, []string{string(p.ID), p.Name, p.INN, p.Timezone, clock(p.CreatedAt)})
		}
		return t.table("", []string{"ID", "Название // Name", "ИНН", "Часовой пояс // Time zone", "Заведён // Added"}, rows)
	})
}
