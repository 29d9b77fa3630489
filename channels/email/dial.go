package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"vestnik/engine"
)

// dial opens a session: connects, greets, encrypts and signs in, within the configured time and not beyond ctx.
func dial(ctx context.Context, r *relay, cfg *Config) (*session, *engine.Fault) {
	ctx, cancel := context.WithTimeout(ctx, cfg.DialTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.Address())
	if err != nil {
		return nil, breakdown(connecting, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // wakes whatever waits for the relay
	s := &session{relay: r, conn: conn, timeout: cfg.Timeout, carries: cfg.Messages}
	fault := s.greet(cfg)
	if !stop() && fault == nil {
		fault = breakdown(connecting, context.Cause(ctx))
	}
	if fault != nil {
		_ = conn.Close()
		return nil, fault
	}
	return s, nil
}

// greet talks to the relay until it is ready for mail.
func (s *session) greet(cfg *Config) *engine.Fault {
	outer, verified := s.conn, tls.Config{ServerName: s.relay.Host, RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12}
	if s.relay.TLS == Implicit {
		outer = tls.Client(s.conn, &verified)
	}
	var err error
	if s.client, err = smtp.NewClient(outer, s.relay.Host); err != nil {
		return breakdown(connecting, err)
	}
	if err = s.client.Hello(cfg.Hello); err != nil {
		return breakdown(connecting, err)
	}
	encrypted, err := s.encrypt(&verified)
	if err != nil {
		return breakdown(connecting, err)
	}
	if s.relay.User != "" {
		if err = s.signIn(encrypted); err != nil {
			return breakdown(auth, err)
		}
	}
	s.pipelining, _ = s.client.Extension("PIPELINING")
	s.eightBit, _ = s.client.Extension("8BITMIME")
	s.utf8, _ = s.client.Extension("SMTPUTF8")
	return nil
}

// encrypt does STARTTLS as far as the relay's settings ask for it, and reports whether the connection is encrypted.
func (s *session) encrypt(verified *tls.Config) (bool, error) {
	mode := s.relay.TLS
	if mode == Implicit || mode == Off {
		return mode == Implicit, nil
	}
	if offered, _ := s.client.Extension("STARTTLS"); !offered {
		if mode == Required {
			return false, fmt.Errorf("STARTTLS: %w", errSettings)
		}
		return false, nil
	}
	if mode == Opportunistic && s.relay.User == "" {
		verified.InsecureSkipVerify = true // better than the plain text this mode allows as well (RFC 7435); no secret is told
	}
	err := s.client.StartTLS(verified)
	if _, refused := errors.AsType[*textproto.Error](err); refused && mode == Opportunistic {
		return false, nil // 454: TLS is not available now; the plain session goes on (RFC 3207 §4)
	}
	return err == nil, err
}

// signIn does AUTH with PLAIN (RFC 4616) or else LOGIN. Without encryption it tells the password only where the settings say so.
func (s *session) signIn(encrypted bool) error {
	if !encrypted && s.relay.TLS != Off {
		return smtp.ErrUnencrypted
	}
	_, offered := s.client.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToUpper(offered))
	switch {
	case slices.Contains(mechanisms, "PLAIN"):
		return s.client.Auth(smtp.PlainAuth("", s.relay.User, s.relay.Password, s.relay.Host, true))
	case slices.Contains(mechanisms, "LOGIN"):
		return s.client.Auth(smtp.LoginAuth(s.relay.User, s.relay.Password, s.relay.Host, true))
	}
	return fmt.Errorf("AUTH PLAIN or LOGIN: %w", errSettings)
}

func isTimeout(err error) bool {
	timed, ok := errors.AsType[net.Error](err)
	return ok && timed.Timeout()
}
