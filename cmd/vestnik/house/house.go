// Package house puts the parts together into one running installation: stores, templates, channels, engine, history and the API, in the roles
// that are asked for. The commands serve and demo, the benchmarks and the end-to-end tests all start it here and nowhere else.
//
// It decides in which order things begin and end, waits for stores that are not there yet, and stops everything when one part can no longer do
// its work. It never reads a config file, never decides about a delivery and never speaks to people.
package house

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"vestnik/analytics"
	"vestnik/analytics/chdb"
	"vestnik/api"
	"vestnik/api/console"
	"vestnik/channels"
	"vestnik/cmd/vestnik/config"
	"vestnik/engine"
	"vestnik/engine/redisq"
	"vestnik/templates"
	"vestnik/templates/enclosed"
)

// Config says what Start puts together: what a file or the environment says, and what only a program can give.
type Config struct {
	config.Config
	Version  string                                // told in the log
	Log      *slog.Logger                          // nil: slog.Default()
	Listener net.Listener                          // where the API answers; nil: one at Config.Listen
	Channels map[engine.ChannelName]engine.Channel // nil: those that Config describes; whoever gives them closes them
}

// House is a running installation, or one process of it. Its fields are what other parts of the program, such as the demo, use from inside.
type House struct {
	URL     string             // where people see it: the beginning of every tracked link
	Addr    string             // "host:port" where the API answers; empty without that role
	Bounces string             // "host:port" where returned mail is taken; empty: it is not listened for
	Engine  *engine.Engine     //
	Stores  engine.Stores      // those of the engine
	History *analytics.History // nil in a process that only sends
	Library *templates.Library //
	Metrics *api.Metrics       //

	config     Config
	redis      *redisq.Redis
	clickhouse *chdb.Engine // nil unless it is the one in the box
	channels   map[engine.ChannelName]engine.Channel
	listener   net.Listener
	returns    net.Listener // for returned mail
	returnsTLS *tls.Config
	migrated   bool // the schema is up to date; of the goroutine that loads once that has begun

	front, back *crew // what is stopped first: API and workers; and then: the loader
	failed      chan error
}

// Start opens the stores and starts the roles. It does not wait for stores that are down: the log says so, readiness answers 503, and
// work begins as soon as they are there. An error means that trying again cannot help: the settings make no sense, the address is taken, or
// Redis may forget what it was told. ctx bounds the start only; Close ends the House.
func Start(ctx context.Context, c Config) (h *House, err error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if len(c.Roles) == 0 {
		c.Roles = config.List{config.RoleAPI, config.RoleWorker, config.RoleLoader}
	}
	h = &House{config: c, failed: make(chan error, 1), Library: templates.Builtin(), Metrics: api.NewMetrics()}
	h.front, h.back = newCrew(h.fail), newCrew(h.fail)
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
			h = nil
		}
	}()
	for _, step := range []func(context.Context) error{h.listen, h.listenReturns, h.openRedis, h.openHistory, h.migrate, h.openChannels} {
		if err := step(ctx); err != nil {
			return h, err
		}
	}
	texts, err := enclosed.New(h.Library)
	if err != nil {
		return h, fmt.Errorf("make the bills' printer: %w", err)
	}
	h.Engine = engine.New(engine.Config{
		Stores: h.Stores, Channels: h.channels, Limits: limits(c.Worker), Window: c.Worker.Window, Texts: texts, Tokens: engine.NewTokens(c.Secret), PublicURL: h.URL,
		Retry: engine.Retry{Tries: c.Retry.Tries, First: c.Retry.First, Most: c.Retry.Most, Limit: c.Retry.Limit},
		Lease: c.Worker.Lease, Log: c.Log, Meter: h.Metrics, KeepLive: c.KeepLive,
	})
	if err := h.gauge(); err != nil {
		return h, err
	}
	return h, h.begin()
}

// has reports whether this process has a role.
func (h *House) has(role string) bool { return slices.Contains(h.config.Roles, role) }

// begin starts the roles.
func (h *House) begin() error {
	c := h.config
	if h.has(config.RoleAPI) {
		if err := h.open(); err != nil {
			return err
		}
	}
	if h.has(config.RoleWorker) {
		h.front.Go(h.work)
		h.front.Go(h.reconcile)
		h.front.Go(h.poll)
		h.front.Go(h.subscribe)
		h.front.Go(h.exchange)
	}
	if h.has(config.RoleLoader) {
		h.back.Go(h.load)
	}
	c.Log.Info("vestnik is running", "version", c.Version, "roles", []string(c.Roles), "listen", h.Addr, "url", h.URL, "channels", h.on(), "bounces", h.Bounces)
	return nil
}

// open opens the door: the API, and the console beside it.
func (h *House) open() error {
	c := h.config
	pages, err := console.New(console.Config{Engine: h.Engine, History: h.History, Secret: c.Secret, PublicURL: h.URL, Log: c.Log})
	if err != nil {
		return fmt.Errorf("start the console: %w", err)
	}
	desk := h.takeReturns()
	server, err := api.New(api.Config{
		Engine: h.Engine, Secret: c.Secret, Library: h.Library, History: h.History, Metrics: h.Metrics, Checks: h.checks(),
		Console: behind(c.TrustedProxies, pages), Hooks: map[string]http.Handler{string(engine.VK): h.vkHooks(), hookMAX: h.maxHooks()}, Log: c.Log, Drain: c.ShutdownAfter / 4, RequestsPerSecond: c.KeyRate,
		Returned: returned(desk), Collected: h.collected,
	})
	if err != nil {
		return fmt.Errorf("start the API: %w", err)
	}
	listener := h.listener
	h.listener = nil // the server's to close from now on
	h.front.Go(func(ctx context.Context) error { return server.Serve(ctx, listener) })
	return nil
}

// on lists the channels that are on.
func (h *House) on() (list []engine.ChannelName) {
	for _, name := range engine.ChannelNames() {
		if h.channels[name] != nil {
			list = append(list, name)
		}
	}
	return list
}

// Failed hears of the first part that could not go on; then the House should be closed.
func (h *House) Failed() <-chan error { return h.failed }

func (h *House) fail(err error) {
	h.config.Log.Error("a part of the house has failed", "error", err)
	select {
	case h.failed <- err:
	default: // the first is what counts
	}
}

// PID is the process number of the embedded ClickHouse; 0 when there is none.
func (h *House) PID() int {
	if h.clickhouse == nil {
		return 0
	}
	return h.clickhouse.PID()
}

// Close ends the House within ShutdownAfter: no new requests and batches are taken and those under way are finished; then what the journal holds
// goes to the history; then the stores are closed. What could not be finished is taken up by the next process. Closing twice is harmless.
func (h *House) Close() error {
	patience := h.config.ShutdownAfter
	if patience <= 0 {
		patience = 20 * time.Second
	}
	var errs []error
	for _, stage := range []struct {
		crew  *crew
		what  string
		share time.Duration
	}{{h.front, "requests and batches", patience * 6 / 10}, {h.back, "the journal", patience * 3 / 10}} {
		if !stage.crew.dismiss(stage.share) {
			h.config.Log.Warn("not everything could be finished in time", "what", stage.what)
		}
	}
	for _, l := range []*net.Listener{&h.listener, &h.returns} {
		if *l != nil {
			errs = append(errs, (*l).Close())
			*l = nil
		}
	}
	if h.config.Channels == nil && h.channels != nil {
		errs = append(errs, channels.Close(h.channels))
		h.channels = nil
	}
	return errors.Join(append(errs, h.closeStores())...)
}
