package console

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"vestnik/engine"
)

// visit is one request: who asks, in which language, and when.
type visit struct {
	*console
	voice
	w        http.ResponseWriter
	r        *http.Request
	key      engine.Key      // whose session it is; zero before sign-in
	provider engine.Provider // of the key
}

// errForeign says that a form came from another site.
var errForeign = errors.New("the form came from another site")

// tooManyError says that somebody has tried to sign in too often.
type tooManyError struct{ wait time.Duration }

func (e *tooManyError) Error() string { return "too many attempts to sign in" }

// public answers without asking who it is.
func (c *console) public(answer func(*visit) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := c.receive(w, r)
		if err := answer(v); err != nil {
			v.refuse(err)
		}
	})
}

// private answers who is signed in, and sends everybody else to the form.
func (c *console) private(answer func(*visit) error) http.Handler {
	return c.public(func(v *visit) error {
		if err := v.enter(); err != nil {
			return err
		}
		return answer(v)
	})
}

// receive begins a visit.
func (c *console) receive(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{console: c, w: w, r: r, voice: voice{Language: languageOf(r), zone: time.UTC, now: c.clock()}}
	if asked, ok := languageNamed(r.URL.Query().Get("lang")); ok {
		c.setCookie(w, languageCookie, string(asked), languageLife)
	}
	return v
}

// enter finds out who is signed in.
func (v *visit) enter() (err error) {
	if v.key, err = v.session(v.r); err != nil {
		return err
	}
	if v.provider, err = v.stores.Registry.Provider(v.r.Context(), v.key.Provider); err != nil {
		return fmt.Errorf("read provider %s: %w", v.key.Provider, err)
	}
	v.zone = new(engine.Recipient).Zone(v.provider)
	return nil
}

// owned gives the provider's campaign that the address names. This is the one place where one provider is kept from the campaigns of another.
func (v *visit) owned() (engine.Campaign, error) {
	id := v.r.PathValue("id")
	if !plainID(id) {
		return engine.Campaign{}, engine.ErrNotFound
	}
	found, err := v.stores.Registry.Campaign(v.r.Context(), engine.CampaignID(id))
	if err != nil {
		return engine.Campaign{}, fmt.Errorf("read campaign %s: %w", id, err)
	}
	if found.Provider != v.key.Provider || found.Single {
		return engine.Campaign{}, engine.ErrNotFound
	}
	return found, nil
}

// live reports whether a page's script asks for its changing part only.
func (v *visit) live() bool { return v.r.Header.Get("Vestnik-Part") == "live" }

// redirect sends the browser elsewhere within the console.
func (v *visit) redirect(to string) error {
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// retryAfter is how many seconds a browser waits before it tries again while a store is down.
const retryAfter = "5"

// refuse answers with the page an error is.
func (v *visit) refuse(err error) {
	status, code := http.StatusInternalServerError, "error"
	tooMany, limited := errors.AsType[*tooManyError](err)
	switch {
	case errors.Is(err, errSignedOut):
		v.askToSignIn()
		return
	case errors.Is(err, errClosed):
		status, code = http.StatusForbidden, "closed"
	case errors.Is(err, errForeign):
		status, code = http.StatusForbidden, "foreign"
	case limited:
		status, code = http.StatusTooManyRequests, "too_many"
		v.w.Header().Set("Retry-After", strconv.Itoa(int(tooMany.wait/time.Second)+1))
	case errors.Is(err, engine.ErrNotFound):
		status, code = http.StatusNotFound, "lost"
	case errors.Is(err, engine.ErrDown), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		status, code = http.StatusServiceUnavailable, "down"
		v.w.Header().Set("Retry-After", retryAfter)
		v.w.Header().Set("Refresh", retryAfter) // the page tries again by itself, without a script
	}
	if status >= http.StatusInternalServerError {
		v.Log.Error("the console cannot answer", "status", status, "error", err)
	}
	if code == "lost" && v.key.ID == "" {
		_ = v.enter() // only to show whose console this is
	}
	shown := v.page(v.Say(code+"_title"), nothing{
		Status: status, Title: v.Say(code + "_title"), Text: v.Say(code + "_text"), Back: code != "down",
	})
	if err := v.show(status, "nothing", shown); err != nil {
		http.Error(v.w, http.StatusText(status), status)
	}
}

// nothing is a page about something that cannot be shown.
type nothing struct {
	Status      int
	Title, Text string
	Back        bool // there is a way to go
}

// askToSignIn sends a browser to the form, which leads back to where it wanted to go. A script is told so that it can.
func (v *visit) askToSignIn() {
	if _, err := v.r.Cookie(cookieName); err == nil {
		v.setCookie(v.w, cookieName, "", -time.Second)
	}
	if v.live() {
		v.w.WriteHeader(http.StatusUnauthorized)
		return
	}
	to := signInPath
	if here := v.r.URL.Path; here != home {
		to += "?" + url.Values{"next": {here}}.Encode()
	}
	_ = v.redirect(to) // it never fails
}

// wayBack gives where to go after sign-in: a page of the console, and never an address from outside.
func wayBack(next string) string {
	if id, ok := strings.CutPrefix(next, home+"/campaigns/"); ok && plainID(id) {
		return next
	}
	if id, ok := strings.CutPrefix(next, inboxPath+"/"); next == inboxPath || ok && keptID.MatchString(id) {
		return next
	}
	return home
}
