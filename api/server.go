package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
)

// Config is what a Server answers with. Engine, Secret, Library and History are needed.
type Config struct {
	Engine  *engine.Engine // with its Stores, Tokens and PublicURL
	Secret  []byte         // of the installation: API keys are hashed with it
	Library Library        // the templates
	History History        // what happened
	Metrics *Metrics       // from NewMetrics, also given to engine.New as its Meter; nil: one of its own
	Checks  []Check        // what /readyz asks
	// Hooks take what a channel's provider of transport tells, by the name in /hooks/{channel}/{provider}; see HookProvider. nil: nobody listens.
	Hooks   map[string]http.Handler
	Console http.Handler // serves /console and everything below; nil: there is no console
	Log     *slog.Logger // nil: slog.Default()
	Spool   string       // folder of temporary files (encrypted, unlinked at once); empty: os.TempDir()

	// Returned takes a message of e-mail that came back (the beginning of it, for long ones) from a provider's own mail server, and tells what it
	// amounts to; nil: such messages are not taken.
	Returned func(ctx context.Context, p engine.ProviderID, raw []byte) (class string, err error)

	// Collected tells how far payments were collected from ГИС ЖКХ; nil: nobody collects any.
	Collected func(ctx context.Context, p engine.ProviderID) (Collected, error)

	BodyIdle  time.Duration // how long a client may pause while it sends a body; 0 means 30 s
	Drain     time.Duration // how long Serve lets requests finish; 0 means 15 s
	MaxUpload int64         // largest list of recipients in bytes as sent; 0 means 4 GiB

	// RequestsPerSecond is how often each key may ask this process, twice as often for a moment; 0 means 200, negative: not bounded.
	RequestsPerSecond int
}

// Server answers the HTTP API and the tracking doors. It is an http.Handler; Close it, or let Serve do so.
type Server struct {
	config   Config
	echo     *echo.Echo
	table    []route
	keys     *keyring
	rates    *rates
	doors    *collector
	pages    *pages
	draining atomic.Bool
}

// New makes a Server. It asks no store anything yet.
func New(c Config) (*Server, error) {
	switch {
	case c.Engine == nil, c.Library == nil, c.History == nil:
		return nil, errors.New("api: Engine, Library and History are needed")
	case len(c.Secret) == 0:
		return nil, errors.New("api: Secret is empty")
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics()
	}
	c.BodyIdle = cmp.Or(c.BodyIdle, 30*time.Second)
	c.Drain = cmp.Or(c.Drain, 15*time.Second)
	c.MaxUpload = cmp.Or(c.MaxUpload, 4<<30)
	c.RequestsPerSecond = cmp.Or(c.RequestsPerSecond, usualRate)
	c.History = patientHistory{c.History}
	s := &Server{config: c, echo: echo.New(), keys: newKeyring(c.Engine.Stores.Registry, c.Secret), rates: newRates(c.RequestsPerSecond)}
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = func(err error, e echo.Context) { s.refuse(e, err) }
	s.echo.Use(s.watch)
	s.table = s.routes()
	for _, r := range s.table {
		s.echo.Add(r.method, echoPath(r.path), r.handle, s.authorize(r), s.bound(r), s.once(r))
	}
	if c.Console != nil {
		s.echo.Any("/console", echo.WrapHandler(c.Console))
		s.echo.Any("/console/*", echo.WrapHandler(c.Console))
		s.echo.GET("/", func(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/console") }) // where people begin
	}
	var err error
	if s.pages, err = newPages(s.table); err != nil {
		return nil, fmt.Errorf("make the pages: %w", err)
	}
	if err := s.gaugeBreakers(); err != nil {
		return nil, fmt.Errorf("add a gauge: %w", err)
	}
	if err := s.gaugeChats(); err != nil {
		return nil, fmt.Errorf("add a gauge: %w", err)
	}
	s.doors = newCollector(c.Engine)
	return s, nil
}

// echoPath writes "/v1/campaigns/{id}" the way echo does.
func echoPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Close stops what New has started. Requests after it are answered 503 where they would record something.
func (s *Server) Close() { s.doors.close() }

// Timeouts of a connection. A body has its own: see bound.
const (
	headerTimeout = 10 * time.Second
	answerTimeout = 60 * time.Second
	idleTimeout   = 120 * time.Second
	maxHeader     = 32 << 10
)

// Serve answers on the listener until ctx ends; then /readyz says so, no new connection is taken, requests under way get Config.Drain to
// finish, and the Server is closed. It returns nil after such an end, even when requests had to be cut off.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: headerTimeout, ReadTimeout: s.config.BodyIdle, WriteTimeout: answerTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(quiet{s.config.Log.Handler()}, slog.LevelDebug),
	}
	defer s.Close()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.Drain)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		s.config.Log.Warn("requests were cut off", "error", err)
		_ = server.Close() // its only errors are of listeners that are closed already
	}
	<-ended
	return nil
}

// quiet keeps what net/http logs, which names clients' addresses, out of the log but for its level.
type quiet struct{ slog.Handler }

// Handle drops the text.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	return q.Handler.Handle(ctx, slog.NewRecord(r.Time, slog.LevelDebug, "connection failed", 0))
}
