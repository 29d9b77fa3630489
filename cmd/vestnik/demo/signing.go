package demo

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vestnik/channels/email"
	"vestnik/engine"
)

// sign gives the company a DKIM key that it signs its letters with. It is Ed25519, because a town's worth of RSA signatures would be a good part of the
// demo's work; a provider of mailboxes wants RSA, or both.
func sign(settings map[string]string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("make a DKIM key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("make a DKIM key: %w", err)
	}
	settings[email.SettingKey] = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return nil
}

// publish writes what the company's zone would say of its keys into dns.txt, as lines of a zone: with it anybody can verify a letter.
func (d *Demo) publish(settings map[string]string) error {
	id, err := email.Config{}.Identity(engine.Provider{Timezone: zone, Settings: settings}, time.Now())
	if err != nil {
		return fmt.Errorf("read the DKIM key: %w", err)
	}
	var lines []byte
	for _, key := range id.Keys {
		lines = fmt.Appendf(lines, "%s. TXT %q\n", key.Name(), key.Record)
	}
	if err := os.WriteFile(filepath.Join(d.dir, "dns.txt"), lines, 0o600); err != nil {
		return fmt.Errorf("write the DKIM record: %w", err)
	}
	return nil
}
