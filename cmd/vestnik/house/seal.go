package house

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"strings"

	"vestnik/engine"
)

// derive makes a key for one purpose of the installation's secret, so that no two parts of the program ever use the same one.
func derive(secret []byte, purpose string) []byte {
	key, err := hkdf.Key(sha256.New, secret, nil, "vestnik "+purpose, 32)
	if err != nil {
		panic(err) // only for lengths beyond 255 hashes
	}
	return key
}

// sealedPrefix marks a setting that is encrypted: AES-256-GCM, nonce first, in base64.
const sealedPrefix = "sealed:1:"

// sealed is a registry that keeps the secret settings of providers encrypted: who reads Redis, or a dump of it, does not read them.
type sealed struct {
	engine.Registry
	aead cipher.AEAD
}

// seal puts the encryption in front of a registry.
func seal(r engine.Registry, secret []byte) (engine.Registry, error) {
	block, err := aes.NewCipher(derive(secret, "provider settings"))
	if err != nil {
		return nil, fmt.Errorf("encrypt the settings of providers: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("encrypt the settings of providers: %w", err)
	}
	return sealed{r, aead}, nil
}

// PutProvider encrypts the provider's secrets and writes it.
func (s sealed) PutProvider(ctx context.Context, p engine.Provider) error {
	s.close(&p)
	return s.Registry.PutProvider(ctx, p)
}

// ChangeProvider lets change see the provider with its secrets in the clear.
func (s sealed) ChangeProvider(ctx context.Context, id engine.ProviderID, change func(*engine.Provider) error) (engine.Provider, error) {
	p, err := s.Registry.ChangeProvider(ctx, id, func(p *engine.Provider) error {
		s.open(p)
		if err := change(p); err != nil {
			return err
		}
		s.close(p)
		return nil
	})
	s.open(&p)
	return p, err
}

func (s sealed) close(p *engine.Provider) {
	p.Settings = maps.Clone(p.Settings)
	for key, value := range p.Settings {
		if setting, ok := FindSetting(key); ok && setting.Secret && !Sealed(value) {
			nonce := make([]byte, s.aead.NonceSize())
			rand.Read(nonce)
			p.Settings[key] = sealedPrefix + base64.StdEncoding.EncodeToString(s.aead.Seal(nonce, nonce, []byte(value), place(p.ID, key)))
		}
	}
}

// Provider reads a provider and decrypts its secrets. One that cannot be decrypted, because the installation's secret is another one now, stays
// as it is: its channel will call it misconfigured, and Sealed tells.
func (s sealed) Provider(ctx context.Context, id engine.ProviderID) (engine.Provider, error) {
	p, err := s.Registry.Provider(ctx, id)
	s.open(&p)
	return p, err
}

// Providers reads all providers likewise.
func (s sealed) Providers(ctx context.Context) ([]engine.Provider, error) {
	list, err := s.Registry.Providers(ctx)
	for i := range list {
		s.open(&list[i])
	}
	return list, err
}

func (s sealed) open(p *engine.Provider) {
	for key, value := range p.Settings {
		if plain, err := s.decrypt(p.ID, key, value); err == nil {
			p.Settings[key] = plain
		}
	}
}

var errNotSealed = errors.New("not sealed by us")

func (s sealed) decrypt(id engine.ProviderID, key, value string) (string, error) {
	text, ok := strings.CutPrefix(value, sealedPrefix)
	if !ok {
		return value, nil
	}
	box, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(box) < s.aead.NonceSize() {
		return "", errNotSealed
	}
	plain, err := s.aead.Open(nil, box[:s.aead.NonceSize()], box[s.aead.NonceSize():], place(id, key))
	return string(plain), err
}

// place is what a secret belongs to: it cannot be opened as another setting, or another provider's.
func place(id engine.ProviderID, key string) []byte { return []byte(string(id) + "\x00" + key) }

// Sealed reports whether a setting's value is still encrypted: what a Registry of this package gives is so only when the installation's secret
// has been changed since.
func Sealed(value string) bool { return strings.HasPrefix(value, sealedPrefix) }
