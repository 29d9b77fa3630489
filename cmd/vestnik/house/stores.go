package house

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"vestnik/analytics"
	"vestnik/analytics/chdb"
	"vestnik/api"
	"vestnik/channels"
	"vestnik/channels/email"
	"vestnik/channels/gosuslugi"
	"vestnik/channels/vk"
	"vestnik/cmd/vestnik/config"
	"vestnik/engine"
	"vestnik/engine/redisq"
)

// OpenRedis prepares the connection to Redis without making one. The registry of the stores keeps the secrets of providers encrypted.
func OpenRedis(ctx context.Context, c config.Config) (*redisq.Redis, engine.Stores, error) {
	redis, err := redisq.Open(ctx, redisq.Options{
		URL: c.Redis.URL, DataKey: c.DataKey, Secret: derive(c.Secret, "digests"), ChunkAge: c.Redis.Keep, AllowVolatile: c.Redis.AllowVolatile,
	})
	if err != nil {
		return nil, engine.Stores{}, fmt.Errorf("redis: %w", err)
	}
	stores := redis.Stores()
	if stores.Registry, err = seal(stores.Registry, c.Secret); err != nil {
		return nil, stores, errors.Join(err, redis.Close())
	}
	return redis, stores, nil
}

// OpenHistory prepares the connection to ClickHouse without making one, after starting the embedded engine if that is what is asked for. close
// gives both back.
func OpenHistory(ctx context.Context, c config.Config, log *slog.Logger) (history *analytics.History, box *chdb.Engine, err error) {
	address := c.ClickHouse.URL
	if dir, ok := strings.CutPrefix(address, config.EmbeddedDir); ok {
		if box, err = chdb.Start(ctx, chdb.Options{Dir: dir, Lib: c.ClickHouse.Library, Log: log}); err != nil {
			return nil, nil, fmt.Errorf("start the embedded ClickHouse: %w", err)
		}
		address = box.URL()
	}
	if history, err = analytics.Open(ctx, analytics.Options{URL: address}); err != nil {
		err = fmt.Errorf("clickhouse: %w", err)
		if box != nil {
			err = errors.Join(err, box.Close())
		}
		return nil, nil, err
	}
	return history, box, nil
}

// OpenChannels makes the channels that are configured; those of house chats look them up in the stores.
func OpenChannels(c config.Config, stores engine.Stores, log *slog.Logger) (map[engine.ChannelName]engine.Channel, error) {
	relays, err := email.ParseRelays(strings.Join(c.Email.Relays, ","))
	if err != nil {
		return nil, fmt.Errorf("email.relays: %w", err)
	}
	chats, err := houseChats(c.HouseChats, stores, log)
	if err != nil {
		return nil, err
	}
	chats.VKTurns = engine.NewTurns(stores.Pace, "vk", cmp.Or(c.VK.Requests, vk.MostRequests))
	domains, err := email.ParseDomains(strings.Join(c.Email.Domains, ","))
	if err != nil {
		return nil, fmt.Errorf("email.domains: %w", err)
	}
	built, err := channels.Build(channels.Config{
		Email: email.Config{Relays: relays, Connections: c.Email.Connections, Domains: domains, Bounces: c.Email.Bounces.Domain},
		VK:    &vk.Config{Requests: c.VK.Requests, Turns: chats.VKTurns}, HouseChat: chats, Gosuslugi: Gosuslugi(c.Gosuslugi, stores),
	})
	if err != nil {
		return nil, fmt.Errorf("channels: %w", err)
	}
	return built, nil
}

// Gosuslugi is how the channel to Gosuslugi works.
func Gosuslugi(c config.Gosuslugi, stores engine.Stores) *gosuslugi.Config {
	return &gosuslugi.Config{Notes: stores.Notes, Schedule: c.Polls, OpenSSL: c.OpenSSL, SignCommand: strings.Fields(c.SignCommand)}
}

// CloseChannels closes what OpenChannels made.
func CloseChannels(built map[engine.ChannelName]engine.Channel) error { return channels.Close(built) }

// listen takes the address of the API, first of all: whether it is free is known at once.
func (h *House) listen(ctx context.Context) (err error) {
	h.URL = h.config.PublicAt(h.config.Listen)
	if !h.has(config.RoleAPI) {
		return nil
	}
	if h.listener = h.config.Listener; h.listener == nil {
		if h.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", h.config.Listen); err != nil {
			return fmt.Errorf("listen at %s: %w", h.config.Listen, err)
		}
	}
	h.Addr = h.listener.Addr().String()
	h.URL = h.config.PublicAt(h.Addr)
	return nil
}

// openRedis opens Redis and refuses one that may forget. One that is down is asked again until it answers.
func (h *House) openRedis(ctx context.Context) (err error) {
	redisq.SetLog(h.config.Log)
	if h.redis, h.Stores, err = OpenRedis(ctx, h.config.Config); err != nil {
		return err
	}
	if h.config.Redis.URL == config.Embedded {
		h.config.Log.Warn("redis is embedded: memory only, everything is gone when this process ends")
		return nil
	}
	checked := h.redis.Check(ctx)
	if !errors.Is(checked, engine.ErrDown) {
		return checked
	}
	h.config.Log.Warn("redis is down: waiting for it", "error", checked)
	h.front.Go(func(ctx context.Context) error {
		for errors.Is(checked, engine.ErrDown) && pause(ctx, time.Second) {
			checked = h.redis.Check(ctx)
		}
		return checked
	})
	return nil
}

// openHistory opens ClickHouse for the roles that need it.
func (h *House) openHistory(ctx context.Context) (err error) {
	if h.has(config.RoleAPI) || h.has(config.RoleLoader) {
		h.History, h.clickhouse, err = OpenHistory(ctx, h.config.Config, h.config.Log)
	}
	return err
}

// openChannels makes the channels. The API needs them too: it shows what a message would be over each of them.
func (h *House) openChannels(context.Context) (err error) {
	if h.channels = h.config.Channels; h.channels == nil {
		h.channels, err = OpenChannels(h.config.Config, h.Stores, h.config.Log)
	}
	return err
}

// checks is what readiness asks.
func (h *House) checks() []api.Check {
	list := []api.Check{{Name: "redis", Ask: h.redis.Ping}}
	if h.History != nil {
		list = append(list, api.Check{Name: "clickhouse", Ask: h.History.Ping})
	}
	return list
}

// closeStores gives the connections back.
func (h *House) closeStores() error {
	var errs []error
	if h.History != nil {
		errs = append(errs, h.History.Close())
		h.History = nil
	}
	if h.clickhouse != nil {
		errs = append(errs, h.clickhouse.Close())
		h.clickhouse = nil
	}
	if h.redis != nil {
		errs = append(errs, h.redis.Close())
		h.redis = nil
	}
	return errors.Join(errs...)
}
