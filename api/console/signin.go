package console

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"vestnik/api"
	"vestnik/engine"
)

// signInPath is where the form is.
const signInPath = home + "/sign-in"

// mostForm is the largest form that is read, in bytes.
const mostForm = 4 << 10

// form is the page that asks for a key.
type form struct {
	Next  string // where to go then
	Wrong string // what is wrong with what was given; empty: nothing yet
}

// showSignIn shows the form, or signs the bearer of a link's token in at once.
func showSignIn(v *visit) error {
	query := v.r.URL.Query()
	next := wayBack(query.Get("next"))
	if token := query.Get("token"); token != "" {
		return v.takeToken(token, next)
	}
	switch _, err := v.session(v.r); {
	case err == nil:
		return v.redirect(next)
	case !errors.Is(err, errSignedOut):
		return err
	}
	return v.ask(http.StatusOK, next, "")
}

// ask shows the form.
func (v *visit) ask(status int, next, wrong string) error {
	return v.show(status, "signin", v.page(v.Say("sign_in"), form{Next: next, Wrong: wrong}))
}

// takeToken signs in by a link.
func (v *visit) takeToken(token, next string) error {
	visitor := visitorOf(v.r)
	if wait, ok := v.attempts.take(visitor, v.now); !ok {
		return &tooManyError{wait}
	}
	id, ok := v.tokens.read(token, v.now)
	if !ok {
		return v.ask(http.StatusUnauthorized, next, v.Say("old_link"))
	}
	key, err := v.console.key(v.r.Context(), id)
	if errors.Is(err, errSignedOut) {
		return v.ask(http.StatusUnauthorized, next, v.Say("wrong_key"))
	}
	if err != nil {
		return err
	}
	v.attempts.giveBack(visitor)
	v.begin(v.w, key)
	return v.redirect(next)
}

// signIn takes the form. Any role may read.
func signIn(v *visit) error {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, mostForm)
	if err := v.r.ParseForm(); err != nil {
		return v.ask(http.StatusBadRequest, home, v.Say("wrong_key"))
	}
	next := wayBack(v.r.PostForm.Get("next"))
	visitor := visitorOf(v.r)
	if wait, ok := v.attempts.take(visitor, v.now); !ok {
		return &tooManyError{wait}
	}
	key, err := api.FindKey(v.r.Context(), v.stores.Registry, v.Secret, strings.TrimSpace(v.r.PostForm.Get("key")))
	if errors.Is(err, engine.ErrNotFound) {
		return v.ask(http.StatusUnauthorized, next, v.Say("wrong_key"))
	}
	v.attempts.giveBack(visitor)
	if err != nil {
		return fmt.Errorf("check a key: %w", err)
	}
	v.begin(v.w, key)
	return v.redirect(next)
}

// signOut ends the session in this browser.
func signOut(v *visit) error {
	v.setCookie(v.w, cookieName, "", -time.Second)
	return v.redirect(signInPath)
}
