package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/jedib0t/go-pretty/v6/progress"

	"vestnik/cmd/vestnik/demo"
	"vestnik/cmd/vestnik/tongue"
	"vestnik/engine"
)

// demoCommand shows the whole product at work with a made-up town.
type demoCommand struct {
	Recipients int      `default:"3000" help:"Сколько лицевых счетов в городе. // How many accounts the town has."`
	Addr       string   `placeholder:"HOST:PORT" help:"Где отвечать; иначе 127.0.0.1:8080 или свободный порт. // Where to answer; otherwise 127.0.0.1:8080 or a free port."`
	Data       string   `placeholder:"DIR" help:"Где хранить списки, ключи и историю; иначе во временном каталоге до конца работы. // Where to keep lists, keys and history; otherwise in a temporary folder until the end."`
	Seed       uint64   `default:"1" help:"Из какого числа вырастет город. // The number the town grows from."`
	Kinds      []string `placeholder:"bill,debt,outage" help:"Какие рассылки заказать: bill, debt, outage, ad; иначе первые три. // Which campaigns to order: bill, debt, outage, ad; otherwise the first three."`
	Once       bool     `help:"Закончить, когда всё доставлено и сосчитано; код 0, только если все счета сошлись. // End when all is delivered and counted; exit 0 only if all counts agree."`
	JSON       bool     `help:"Для программ: один объект JSON. // For programs: one JSON object."`
}

// mostRecipients is what a town of the demo can have: its Redis is in memory.
const mostRecipients = 1_000_000

// options turns the flags into what package demo wants.
func (d demoCommand) options(t *terminal) (o demo.Options, err error) {
	o = demo.Options{
		Recipients: d.Recipients, Seed: d.Seed, Address: d.Addr, Dir: d.Data, Version: version, Language: "ru", Log: t.logger(slog.LevelWarn),
	}
	if t.Tongue == tongue.English {
		o.Language = "en"
	}
	if d.Recipients < 1 || d.Recipients > mostRecipients {
		return o, t.misuse("--recipients: от 1 до %d // --recipients: from 1 to %d", mostRecipients)
	}
	for _, name := range d.Kinds {
		kind := engine.Kind(strings.TrimSpace(name))
		if !slices.Contains(demo.Kinds(), kind) {
			return o, t.misuse("--kinds: есть %v // --kinds: there are %v", demo.Kinds())
		}
		if !slices.Contains(o.Kinds, kind) {
			o.Kinds = append(o.Kinds, kind)
		}
	}
	return o, nil
}

// Run shows it all, and goes on serving until Ctrl-C unless once is enough.
func (d demoCommand) Run(ctx context.Context, t *terminal) (err error) {
	o, err := d.options(t)
	if err != nil {
		return err
	}
	slog.SetDefault(o.Log)
	steps := t.steps()
	o.Progress = steps.show
	t.tell("Демонстрация: вымышленный город, лицевых счетов — %s // Demo: a made-up town of %s accounts", t.number(int64(d.Recipients)))
	town, err := demo.Start(ctx, o)
	if err != nil {
		steps.end()
		return t.fail("не запустить: %w // cannot start: %w", err)
	}
	defer func() { err = errors.Join(err, town.Close()) }()
	t.tell("Консоль (ссылка действует 10 минут): %s // Console (the link works for 10 minutes): %s", town.Console())
	report, err := town.Run(ctx)
	steps.end()
	switch {
	case err != nil && ctx.Err() != nil && !d.Once:
		return nil // Ctrl-C before the end is an end, too
	case err != nil:
		return err
	}
	if err := d.tell(t, report); err != nil {
		return err
	}
	if !report.Fine() {
		err = t.fail("счета не сошлись:\n%s // the counts do not agree:\n%s", strings.Join(report.Problems, "\n"))
	}
	if d.Once {
		return err
	}
	if err != nil {
		t.complain(err)
	}
	return d.stay(ctx, t, town)
}

// tell prints the report.
func (d demoCommand) tell(t *terminal, r demo.Report) error {
	if d.JSON {
		return t.json(r)
	}
	for _, c := range r.Campaigns {
		if err := t.funnel(c.Name, c.Report()); err != nil {
			return err
		}
		if err := t.print(t.ledger(c.Ledger) + "\n"); err != nil {
			return err
		}
	}
	return nil
}

// stay keeps serving.
func (d demoCommand) stay(ctx context.Context, t *terminal, town *demo.Demo) error {
	dir, kept := town.Dir()
	t.tell("Консоль (ссылка действует 10 минут): %s // Console (the link works for 10 minutes): %s", town.Console())
	t.tell("API: %[1]s   описание: %[1]s/docs // API: %[1]s   described at %[1]s/docs", town.URL)
	t.tell("Ключи: %s // Keys: %s", town.KeysFile)
	if kept {
		t.tell("Списки и история: %s // Lists and history: %s", dir)
	}
	t.tell("Работаю, пока не нажмёте Ctrl-C. // Serving until Ctrl-C.")
	lingering, stop := context.WithCancel(ctx)
	var life sync.WaitGroup
	defer life.Wait()
	defer stop()
	life.Go(func() { town.Linger(lingering) })
	select {
	case <-ctx.Done():
		t.tell("Заканчиваю… // Draining…")
		return nil
	case err := <-town.Failed():
		return t.fail("работать дальше нельзя: %w // cannot go on: %w", err)
	}
}

// steps shows the progress of the demo: bars for a person, lines for a log.
type steps struct {
	terminal *terminal
	bars     *bars
	known    map[string]*progress.Tracker
	told     map[string]bool
}

func (t *terminal) steps() *steps {
	return &steps{terminal: t, bars: t.bars(), known: map[string]*progress.Tracker{}, told: map[string]bool{}}
}

// show takes news of one part of the work.
func (s *steps) show(p demo.Progress) {
	name, units := s.terminal.Say("Доставка: ", "Delivery: ")+p.Campaign, progress.UnitsDefault
	if p.Phase == demo.Uploading {
		name, units = s.terminal.Say("Загрузка списка: ", "Upload: ")+p.Campaign, progress.UnitsBytes
	}
	bar := s.known[name]
	if bar == nil {
		bar = s.bars.bar(name, p.Total, units)
		s.known[name] = bar
	}
	bar.UpdateTotal(p.Total)
	bar.SetValue(p.Done)
	if p.Done < p.Total || p.Total == 0 || s.told[name] {
		return
	}
	s.told[name] = true
	bar.MarkAsDone()
	if !s.terminal.wide() {
		s.terminal.tell("%s: %s", name, s.terminal.number(p.Total))
	}
}

// end lets go of the terminal.
func (s *steps) end() { s.bars.end() }
