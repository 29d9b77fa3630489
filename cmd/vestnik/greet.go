package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"time"

	"vestnik/channels/email"
)

// greet opens a session with an SMTP server as the channel would: connects, encrypts, signs in, and leaves again without a message.
func greet(ctx context.Context, r email.Relay) (err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.Address())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	verified := &tls.Config{ServerName: r.Host, MinVersion: tls.VersionTLS12}
	if r.TLS == email.Implicit {
		conn = tls.Client(conn, verified)
	}
	c, err := smtp.NewClient(conn, r.Host)
	if err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	if err := encrypt(c, r, verified); err != nil {
		return err
	}
	if r.User != "" {
		if err := c.Auth(smtp.PlainAuth("", r.User, r.Password, r.Host)); err != nil {
			return fmt.Errorf("AUTH: %w", err)
		}
	}
	return c.Quit()
}

// encrypt does STARTTLS when the server offers it and the relay's settings want it.
func encrypt(c *smtp.Client, r email.Relay, verified *tls.Config) error {
	offered, _ := c.Extension("STARTTLS")
	switch {
	case r.TLS == email.Implicit || r.TLS == email.Off:
		return nil
	case !offered && r.TLS == email.Required:
		return errors.New("STARTTLS: not offered")
	case !offered:
		return nil
	}
	if r.TLS == email.Opportunistic && r.User == "" {
		verified.InsecureSkipVerify = true // any encryption is better than the plain text that this mode allows as well (RFC 7435)
	}
	if err := c.StartTLS(verified); err != nil {
		return fmt.Errorf("STARTTLS: %w", err)
	}
	return nil
}
