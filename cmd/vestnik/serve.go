package main

import (
	"context"
	"errors"
	"log/slog"

	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
)

// serveCommand runs the product until it is told to stop.
type serveCommand struct {
	setup
	Roles string `placeholder:"api,worker,loader" help:"Что делает этот процесс; иначе по настройкам. // What this process does; otherwise by the set-up."`
}

// Run serves until ctx ends (SIGTERM, Ctrl-C), then drains. What keeps it from starting is told in words, and so is what ends it early.
func (s serveCommand) Run(ctx context.Context, t *terminal) error {
	if s.Roles != "" {
		t.environ = append([]string{"VESTNIK_ROLES=" + s.Roles}, t.environ...)
	}
	c, err := s.load(t)
	if err != nil {
		return err
	}
	log := t.logger(c.Log.Level)
	slog.SetDefault(log)
	h, err := house.Start(ctx, house.Config{Config: c, Version: version, Log: log})
	if err != nil {
		return t.fail("не запустить: %w // cannot start: %w", err)
	}
	select {
	case <-ctx.Done():
		log.Info("draining", "patience", c.ShutdownAfter.String())
	case err = <-h.Failed():
		err = t.fail("работать дальше нельзя: %w // cannot go on: %w", err)
	}
	err = errors.Join(err, h.Close())
	log.Info("vestnik has stopped", "fine", err == nil)
	return err
}

// migrateCommand brings the ClickHouse schema up to date.
type migrateCommand struct{ setup }

// Run brings it up; it may run at any time, and beside others.
func (m migrateCommand) Run(ctx context.Context, t *terminal) (err error) {
	c, err := m.load(t)
	if err != nil {
		return err
	}
	return withHistory(ctx, t, c, func(h historian) error {
		if err := h.Migrate(ctx); err != nil {
			return t.fail("схема ClickHouse не обновлена: %w // the ClickHouse schema was not brought up to date: %w", err)
		}
		t.tell("Схема ClickHouse обновлена. // The ClickHouse schema is up to date.")
		return nil
	})
}

// historian is what the commands need of the history.
type historian interface {
	Ping(ctx context.Context) error
	Migrate(ctx context.Context) error
}

// withHistory does something with ClickHouse.
func withHistory(ctx context.Context, t *terminal, c config.Config, do func(historian) error) (err error) {
	history, box, err := house.OpenHistory(ctx, c, t.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, history.Close())
		if box != nil {
			err = errors.Join(err, box.Close())
		}
	}()
	return do(history)
}
