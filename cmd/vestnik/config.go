package main

import (
	"errors"

	"vestnik/cmd/vestnik/config"
)

// configCommand prints the example config.
type configCommand struct{}

// Run prints it.
func (configCommand) Run(t *terminal) error { return config.Example(t.out, t.Tongue) }

// versionCommand prints the version.
type versionCommand struct{}

// Run prints it.
func (versionCommand) Run(t *terminal) error { return t.print(version) }

// setup says where the set-up is; commands that work on the stores embed it.
type setup struct {
	Config string `short:"c" placeholder:"FILE" env:"VESTNIK_CONFIG" help:"Файл настроек; без него — только переменные окружения. // Config file; without it only the environment."`
}

// load reads the set-up.
func (s setup) load(t *terminal) (config.Config, error) {
	c, err := config.Load(s.Config, t.environ, t.Tongue)
	if invalid := (config.Invalid)(nil); errors.As(err, &invalid) {
		return c, t.misuse("настройки не годятся:\n%w // the set-up is wrong:\n%w", err)
	}
	return c, err
}
