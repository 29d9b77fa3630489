package main

import (
	"context"
	"log/slog"
	"net/url"

	"vestnik/channels/housechat"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

// greeter is a channel that asks MAX whether it knows a provider's bot.
type greeter interface {
	GreetMAX(ctx context.Context, p engine.Provider) error
}

// checkBots asks MAX about the bots of all providers, and tells of house chats that were lost.
func (c checkCommand) checkBots(ctx context.Context, t *terminal, set config.Config) (list []finding) {
	if set.Redis.URL == config.Embedded {
		return nil
	}
	redis, stores, err := house.OpenRedis(ctx, set)
	if err != nil {
		return nil // checkRedis has told
	}
	defer func() { _ = redis.Close() }()
	providers, err := stores.Registry.Providers(ctx)
	if err != nil {
		return nil
	}
	built, err := house.OpenChannels(set, stores, t.logger(slog.LevelError))
	if err != nil {
		return []finding{{what: "Каналы // Channels", err: err}}
	}
	defer func() { _ = house.CloseChannels(built) }()
	for _, p := range providers {
		if !c.about(p) {
			continue
		}
		if bots, able := built[engine.HouseChat].(greeter); able && p.Setting(housechat.SettingMAXToken) != "" {
			list = append(list, finding{what: t.Say("Бот в MAX, ", "Bot in MAX, ") + p.Name, err: bots.GreetMAX(ctx, p), note: t.deaf(set, p)})
		}
		counts, err := stores.Chats.CountChats(ctx, p.ID)
		if lost := counts[engine.ChatLost]; err == nil && lost > 0 {
			list = append(list, finding{what: t.Say("Чаты домов, ", "House chats, ") + p.Name,
				note: t.Say("потеряно: ", "lost: ") + t.number(lost) + t.Say("; какие и почему: GET /v1/house-chats?state=lost", "; which and why: GET /v1/house-chats?state=lost")})
		}
	}
	return list
}

// deaf tells when MAX cannot tell us anything: it does so when it is asked, and at https addresses only.
func (t *terminal) deaf(c config.Config, p engine.Provider) string {
	if housechat.PolledMAX(p) {
		return ""
	}
	if public, err := url.Parse(c.PublicAt(c.Listen)); err != nil || public.Scheme != "https" {
		return t.Say("события MAX не дойдут: public_url не https", "the events of MAX do not arrive: public_url is not https")
	}
	return ""
}
