package console

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vestnik/engine"
)

// How long people stay signed in, and how long a link that signs in works.
const (
	sessionLife = 12 * time.Hour
	tokenLife   = 10 * time.Minute
)

// What the two kinds of signed texts are for: each is signed with a key of its own, so that a link's token is never a cookie's value.
const (
	sessionPurpose = "vestnik console session"
	tokenPurpose   = "vestnik console sign-in"
)

// SignInToken makes what signs a browser in without typing the key: "/console/sign-in?token=" and this. It names the key, works for 10 minutes
// after now, and stops working when the key is revoked. secret is the installation's.
func SignInToken(secret []byte, keyID string, now time.Time) string {
	return newSigner(secret, tokenPurpose).sign(keyID, now.Add(tokenLife))
}

// signer signs the name of a key together with a time it holds until. The key itself is never in there.
type signer struct{ key []byte }

func newSigner(secret []byte, purpose string) signer {
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, sha256.Size) // RFC 5869
	if err != nil {
		panic(err) // only for lengths beyond 255 hashes
	}
	return signer{key}
}

// sign gives "<key's id>.<seconds since 1970>.<HMAC-SHA-256>".
func (s signer) sign(keyID string, until time.Time) string {
	said := keyID + "." + strconv.FormatInt(until.Unix(), 10)
	return said + "." + base64.RawURLEncoding.EncodeToString(s.mac(said))
}

// read gives the key's id of a text that sign made and that has not run out.
func (s signer) read(text string, now time.Time) (keyID string, ok bool) {
	at := strings.LastIndexByte(text, '.')
	if at < 0 || len(text) > 128 {
		return "", false
	}
	mac, err := base64.RawURLEncoding.Strict().DecodeString(text[at+1:])
	if err != nil || !hmac.Equal(mac, s.mac(text[:at])) {
		return "", false
	}
	keyID, seconds, _ := strings.Cut(text[:at], ".")
	until, err := strconv.ParseInt(seconds, 10, 64)
	return keyID, err == nil && now.Unix() < until && plainID(keyID)
}

func (s signer) mac(said string) []byte {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(said))
	return h.Sum(nil)
}

// errSignedOut says that nobody is signed in, or not any more.
var errSignedOut = errors.New("signed out")

// cookieName is the session's cookie.
const cookieName = "vestnik_console"

// begin signs the bearer of a key in.
func (c *console) begin(w http.ResponseWriter, key engine.Key) {
	until := c.clock().Add(sessionLife)
	c.setCookie(w, cookieName, c.sessions.sign(key.ID, until), sessionLife)
}

// setCookie sets one of our cookies; a negative life removes it. SameSite is Lax and not Strict so that a link to a campaign in a mail or a chat
// opens it instead of the sign-in form; that is safe because no GET changes anything and POSTs from other sites are refused (see handler).
func (c *console) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: home, MaxAge: int(life.Seconds()), HttpOnly: true, Secure: c.safe(), SameSite: http.SameSiteLaxMode,
	})
}

// session finds out who is signed in. The key is read again at every request: when it is revoked its sessions end at once.
func (c *console) session(r *http.Request) (engine.Key, error) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return engine.Key{}, errSignedOut
	}
	id, ok := c.sessions.read(cookie.Value, c.clock())
	if !ok {
		return engine.Key{}, errSignedOut
	}
	return c.key(r.Context(), id)
}

// key reads a key that is not revoked.
func (c *console) key(ctx context.Context, id string) (engine.Key, error) {
	key, err := c.stores.Registry.Key(ctx, id)
	if errors.Is(err, engine.ErrNotFound) || err == nil && !key.RevokedAt.IsZero() {
		return engine.Key{}, errSignedOut
	}
	if err != nil {
		return engine.Key{}, fmt.Errorf("read the key of a session: %w", err)
	}
	return key, nil
}
