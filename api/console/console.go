// Package console is the web console at /console: what a provider's people see of their campaigns in a browser. It shows the live ledger, what
// a campaign waits for, and the funnel in people and roubles, in Russian and English, without needing JavaScript.
//
// It reads only: nothing about a campaign can be changed here. Who signs in with an API key sees what that key's provider ordered and nothing
// else. Names and addresses of people are shown in one place, among the messages that were kept (/console/inbox): keys of the roles provider
// and operator see them, a viewer's does not, and a test key sees those of tests only. The ledger comes from the engine's stores and the funnels from the history; when the
// history is away the ledger is still there.
package console

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vestnik/analytics"
	"vestnik/engine"
)

// Config is what a console shows and how it is reached.
type Config struct {
	Engine    *engine.Engine // with its Stores
	History   History        // what happened
	Secret    []byte         // of the installation: keys are checked, and sessions signed, with keys derived from it
	PublicURL string         // of the installation, without a slash at its end; with https:// the session's cookie is Secure
	Log       *slog.Logger   // nil: slog.Default(). Never holds personal data
}

// History answers with funnels; *analytics.History is one. An error of any kind is shown as "temporarily not available".
type History interface {
	Funnel(ctx context.Context, q analytics.Query) (analytics.Report, error)
	FunnelMany(ctx context.Context, provider engine.ProviderID, campaigns []engine.CampaignID) (map[engine.CampaignID]analytics.Funnel, error)
}

// console is the handler's state.
type console struct {
	Config
	stores    engine.Stores
	sessions  signer
	tokens    signer
	attempts  *limiter
	overviews *overviews
	pages     map[string]*template.Template
	assets    *assets
	clock     func() time.Time
}

// New makes the handler of /console and everything below. It asks no store anything yet.
func New(c Config) (http.Handler, error) {
	shown, err := newConsole(c)
	if err != nil {
		return nil, err
	}
	return shown.handler()
}

func newConsole(c Config) (*console, error) {
	switch {
	case c.Engine == nil, c.History == nil:
		return nil, errors.New("console: Engine and History are needed")
	case len(c.Secret) == 0:
		return nil, errors.New("console: Secret is empty")
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	shown := &console{
		Config: c, stores: c.Engine.Stores, sessions: newSigner(c.Secret, sessionPurpose), tokens: newSigner(c.Secret, tokenPurpose),
		attempts: newLimiter(), overviews: newOverviews(), clock: time.Now,
	}
	var err error
	if shown.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if shown.pages, err = parsePages(); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	return shown, nil
}

// handler ties the addresses to what answers them.
func (c *console) handler() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.Handle("GET /console/assets/{name}", c.assets)
	mux.Handle("GET /console", c.private(showCampaigns))
	mux.Handle("GET /console/{$}", http.RedirectHandler(home, http.StatusPermanentRedirect))
	mux.Handle("GET /console/campaigns/{id}", c.private(showCampaign))
	mux.Handle("GET /console/inbox", c.private(showInbox))
	mux.Handle("GET /console/inbox/{id}", c.private(showMessage))
	mux.Handle("GET /console/inbox/{id}/html", c.private(showHTML))
	mux.Handle("GET /console/inbox/{id}/source", c.private(showSource))
	mux.Handle("GET /console/inbox/{id}/files/{n}", c.private(showFile))
	mux.Handle("GET /console/sign-in", c.public(showSignIn))
	mux.Handle("POST /console/sign-in", c.public(signIn))
	mux.Handle("POST /console/sign-out", c.public(signOut))
	mux.Handle("/console/", c.public(func(*visit) error { return engine.ErrNotFound }))

	// A form of another site cannot sign anybody in or out: browsers say where a POST comes from (Sec-Fetch-Site, Origin).
	guard := http.NewCrossOriginProtection()
	if origin := originOf(c.PublicURL); origin != "" { // behind a proxy that changes Host
		if err := guard.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("console: the public URL: %w", err)
		}
	}
	guard.SetDenyHandler(c.public(func(*visit) error { return errForeign }))
	guarded := guard.Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secure(w.Header())
		if c.safe() { // browsers warn about it elsewhere
			w.Header().Set("Cross-Origin-Opener-Policy", "same-origin")
		}
		guarded.ServeHTTP(w, r)
	}), nil
}

// home is where the campaigns are.
const home = "/console"

// policy lets the browser load nothing but what the console itself serves, and nobody frame it.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; connect-src 'self'; " +
	"base-uri 'none'; frame-ancestors 'none'"

func secure(header http.Header) {
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "same-origin") // no-referrer would make browsers send "Origin: null" with our own forms
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	header.Set("Cache-Control", "private, no-store")
}

// originOf gives scheme and host of an address; empty when it has none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// safe reports whether the console is reached over TLS.
func (c *console) safe() bool { return strings.HasPrefix(c.PublicURL, "https://") }

// plainID reports whether a text from outside looks like an identity: nothing else is ever asked of a store.
func plainID(id string) bool {
	odd := func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'z') }
	return id != "" && len(id) <= 32 && strings.IndexFunc(id, odd) < 0
}
