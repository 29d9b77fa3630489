package house

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"vestnik/channels/email/inbound"
	"vestnik/cmd/vestnik/config"
	"vestnik/engine"
)

// listenReturns takes the address where returned mail is taken, and looks whether the certificate and the folder are there: what is wrong with
// them is known at once.
func (h *House) listenReturns(ctx context.Context) (err error) {
	b := h.config.Email.Bounces
	if !h.has(config.RoleAPI) {
		return nil
	}
	if b.Maildir != "" {
		if _, err := os.ReadDir(filepath.Join(b.Maildir, "new")); err != nil {
			return fmt.Errorf("email.bounces.maildir: %w", err)
		}
	}
	if b.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(b.TLSCert, b.TLSKey)
		if err != nil {
			return fmt.Errorf("email.bounces.tls_cert: %w", err)
		}
		h.returnsTLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if b.Listen == "" {
		return nil
	}
	if h.returns, err = (&net.ListenConfig{}).Listen(ctx, "tcp", b.Listen); err != nil {
		return fmt.Errorf("listen for returned mail at %s: %w", b.Listen, err)
	}
	h.Bounces = h.returns.Addr().String()
	return nil
}

// takeReturns opens the doors for mail that comes back, by SMTP and by Maildir, and gives the desk it is read at.
func (h *House) takeReturns() *inbound.Desk {
	c := h.config
	for _, class := range inbound.Classes() {
		h.Metrics.Inbound(string(class), 0)
	}
	forward := h.operatorsPost()
	if forward == nil && h.returns != nil {
		c.Log.Warn("letters of people to postmaster@ and abuse@ are counted and read by nobody: name an operator (email.bounces.operator)")
	}
	desk := inbound.New(inbound.Config{
		Tokens: h.Engine.Tokens, Registry: h.Stores.Registry, Observe: h.Engine.Observe, Forward: forward, Log: c.Log,
		Count: func(class inbound.Class) { h.Metrics.Inbound(string(class), 1) },
	})
	if listener := h.returns; listener != nil {
		h.returns = nil // the server's to close from now on
		server := inbound.NewServer(desk, inbound.ServerOptions{Name: c.Email.Bounces.Domain, TLS: h.returnsTLS})
		h.front.Go(func(ctx context.Context) error { return server.Serve(ctx, listener, returnsPatience(c.ShutdownAfter)) })
	}
	if dir := c.Email.Bounces.Maildir; dir != "" {
		reader := &inbound.Maildir{Dir: dir, Desk: desk, Log: c.Log}
		h.front.Go(reader.Run)
	}
	return desk
}

// returnsPatience is how long messages under way may take when the house ends: their senders keep them, and come again.
func returnsPatience(shutdown time.Duration) time.Duration { return shutdown / 4 }

// returned takes a message that a provider's own mail server has handed to the API.
func returned(desk *inbound.Desk) func(context.Context, engine.ProviderID, []byte) (string, error) {
	return func(ctx context.Context, p engine.ProviderID, raw []byte) (string, error) {
		class, err := desk.Take(ctx, inbound.Mail{Provider: p, Raw: raw})
		return string(class), err
	}
}
