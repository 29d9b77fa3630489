// Package channels builds the channels that are configured: the only list of them. It knows each channel's package and nothing of what
// travels through it.
package channels

import (
	"errors"
	"io"

	"vestnik/channels/email"
	"vestnik/channels/gosuslugi"
	"vestnik/channels/housechat"
	"vestnik/channels/vk"
	"vestnik/engine"
)

// Config has the settings of every channel. A channel whose settings are empty is off.
type Config struct {
	Email email.Config // on when it has relays
	VK    *vk.Config   // on when it is there; which provider it serves, the provider's settings say

	HouseChat *housechat.Config // likewise
	Gosuslugi *gosuslugi.Config // likewise
}

// Build makes the channels that are on, by name. All that is wrong with the settings is reported at once.
func Build(cfg Config) (map[engine.ChannelName]engine.Channel, error) {
	built := map[engine.ChannelName]engine.Channel{}
	var mistakes []error
	add := func(name engine.ChannelName, channel engine.Channel, err error) {
		if err != nil {
			mistakes = append(mistakes, err)
			return
		}
		built[name] = channel
	}
	if len(cfg.Email.Relays) > 0 {
		channel, err := email.New(cfg.Email)
		add(engine.Email, channel, err)
	}
	if cfg.VK != nil {
		channel, err := vk.New(*cfg.VK)
		add(engine.VK, channel, err)
	}
	if cfg.HouseChat != nil {
		channel, err := housechat.New(*cfg.HouseChat)
		add(engine.HouseChat, channel, err)
	}
	if cfg.Gosuslugi != nil {
		channel, err := gosuslugi.New(*cfg.Gosuslugi)
		add(engine.Gosuslugi, channel, err)
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(append(mistakes, Close(built))...)
	}
	return built, nil
}

// Close closes all channels that have something to close.
func Close(built map[engine.ChannelName]engine.Channel) error {
	var errs []error
	for _, channel := range built {
		if closer, ok := channel.(io.Closer); ok {
			errs = append(errs, closer.Close())
		}
	}
	return errors.Join(errs...)
}
