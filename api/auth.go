package api

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/engine"
)

// NewKey makes an API key of a provider: what is to be kept (with Registry.PutKey), and the key itself, "vst_live_<id>_<secret>", which is
// told once and cannot be found out again. secret is the installation's.
func NewKey(secret []byte, p engine.ProviderID, role engine.Role, mode engine.Mode) (kept engine.Key, key string) {
	var random [24]byte
	rand.Read(random[:]) // never fails
	part := base64.RawURLEncoding.EncodeToString(random[:])
	kept = engine.Key{
		ID: engine.NewID(), Hash: engine.HashKey(secret, part), Provider: p, Role: role, Mode: mode,
		CreatedAt: time.Now().UTC().Truncate(time.Millisecond),
	}
	return kept, fmt.Sprintf("vst_%s_%s_%s", mode, kept.ID, part)
}

// FindKey gives the key a text such as "vst_live_<id>_<secret>" is, with the provider and the role it stands for. It is for sessions that begin
// with a key, such as the console's; requests of the API are checked by the Server. A key that is malformed, unknown, wrong or revoked is
// engine.ErrNotFound.
func FindKey(ctx context.Context, registry engine.Registry, secret []byte, text string) (engine.Key, error) {
	return newKeyring(registry, secret).find(ctx, text)
}

// Bounds of the keyring. A key that was revoked works no longer than keyLife.
const (
	keyLife = 3 * time.Second
	maxKeys = 10_000
)

// keyring remembers keys for a moment, so that a busy client does not cost a read of the registry a request.
type keyring struct {
	registry engine.Registry
	secret   []byte

	mu    sync.Mutex
	known map[string]remembered
}

type remembered struct {
	key   engine.Key
	until time.Time
}

func newKeyring(registry engine.Registry, secret []byte) *keyring {
	return &keyring{registry: registry, secret: secret, known: map[string]remembered{}}
}

// find checks the key's secret in constant time, and whether it was revoked.
func (r *keyring) find(ctx context.Context, text string) (engine.Key, error) {
	parts := strings.SplitN(text, "_", 4)
	if len(parts) != 4 || parts[0] != "vst" || !plainID(parts[2]) {
		return engine.Key{}, engine.ErrNotFound
	}
	key, err := r.read(ctx, parts[2])
	if err != nil {
		return engine.Key{}, err
	}
	right := subtle.ConstantTimeCompare(engine.HashKey(r.secret, parts[3]), key.Hash) == 1
	if !right || !key.RevokedAt.IsZero() || string(key.Mode) != parts[1] {
		return engine.Key{}, engine.ErrNotFound
	}
	return key, nil
}

func (r *keyring) read(ctx context.Context, id string) (engine.Key, error) {
	now := time.Now()
	r.mu.Lock()
	found, ok := r.known[id]
	r.mu.Unlock()
	if ok && now.Before(found.until) {
		return found.key, nil
	}
	key, err := r.registry.Key(ctx, id)
	if err != nil {
		return engine.Key{}, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.known) >= maxKeys {
		clear(r.known)
	}
	r.known[id] = remembered{key, now.Add(keyLife)}
	return key, nil
}

// plainID reports whether a text from outside looks like an identity: nothing else is ever asked of a store.
func plainID(id string) bool {
	odd := func(r rune) bool { return (r < '0' || r > '9') && (r < 'a' || r > 'z') }
	return id != "" && len(id) <= 32 && strings.IndexFunc(id, odd) < 0
}

var ranks = map[engine.Role]int{engine.RoleViewer: 1, engine.RoleProvider: 2, engine.RoleOperator: 3}

// authorize lets through whose key has at least the route's role and does not ask too often.
func (s *Server) authorize(r route) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		if r.role == public {
			return next
		}
		return func(c echo.Context) error {
			scheme, text, _ := strings.Cut(c.Request().Header.Get("Authorization"), " ")
			if !strings.EqualFold(scheme, "Bearer") || text == "" {
				return fail(http.StatusUnauthorized, "no_key")
			}
			key, err := s.keys.find(c.Request().Context(), strings.TrimSpace(text))
			if errors.Is(err, engine.ErrNotFound) {
				return fail(http.StatusUnauthorized, "bad_key")
			}
			if err != nil {
				return fmt.Errorf("read a key: %w", err)
			}
			if wait, ok := s.rates.take(key.ID, time.Now()); !ok {
				return &failure{status: http.StatusTooManyRequests, code: "too_many_requests", after: wait}
			}
			if ranks[key.Role] < ranks[r.role] {
				return fail(http.StatusForbidden, "role_too_low", r.role, key.Role)
			}
			c.Set("key", key)
			return next(c)
		}
	}
}

// caller is the key a request came with.
func caller(c echo.Context) engine.Key {
	key, _ := c.Get("key").(engine.Key)
	return key
}

// owned gives the campaign or message of an identity, if it is the caller's own. This is the one place where one provider is kept from the
// objects of another: whatever else belongs to a campaign is reached through it.
func (s *Server) owned(c echo.Context, id string) (engine.Campaign, error) {
	if !plainID(id) {
		return engine.Campaign{}, errNotFound
	}
	found, err := s.config.Engine.Stores.Registry.Campaign(c.Request().Context(), engine.CampaignID(id))
	if err != nil {
		return engine.Campaign{}, fmt.Errorf("read campaign %s: %w", id, err)
	}
	if found.Provider != caller(c).Provider {
		return engine.Campaign{}, errNotFound
	}
	return found, nil
}

// campaign gives the campaign an address names; a single message is none.
func (s *Server) campaign(c echo.Context) (engine.Campaign, error) {
	found, err := s.owned(c, c.Param("id"))
	if err == nil && found.Single {
		err = errNotFound
	}
	return found, err
}

// liveOnly keeps test keys from changing what holds for live campaigns too.
func liveOnly(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if caller(c).Mode == engine.Test {
			return fail(http.StatusForbidden, "test_key_shared")
		}
		return next(c)
	}
}

// campaignToChange is campaign for requests that change it: a test key changes tests only.
func (s *Server) campaignToChange(c echo.Context) (engine.Campaign, error) {
	found, err := s.campaign(c)
	if err == nil && caller(c).Mode == engine.Test && found.Mode != engine.Test {
		err = fail(http.StatusForbidden, "test_key")
	}
	return found, err
}
