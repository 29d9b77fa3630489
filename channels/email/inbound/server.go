package inbound

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// ServerOptions says how a Server listens. The zero value listens without TLS, within the usual bounds.
type ServerOptions struct {
	Name        string        // in its greeting; empty: "localhost"
	TLS         *tls.Config   // offers STARTTLS; nil: it does not
	Connections int           // at once; 0: 100
	PerHost     int           // of one address at once; 0: 20
	Idle        time.Duration // for one command, and for one message whole; 0: 5 min (RFC 5321 §4.5.3.2.7)
	Most        int64         // bytes of a message; 0: 64 MiB
}

// feedbackName is the local part that feedback loops are registered under: who writes there must bring the letter's name along.
const feedbackName = "fbl"

// Server takes what comes back by SMTP (RFC 5321), at the addresses that letters of ours were sent from, at those one unsubscribes at, at fbl@,
// and at postmaster@ and abuse@, which people write to; it turns everything else away and relays nothing. A sender whose message cannot be made
// durable is told to come again, so its queue is ours.
type Server struct {
	desk *Desk
	smtp *smtp.Server
	set  ServerOptions
	ctx  context.Context // of the messages under way
	stop context.CancelFunc
}

// NewServer makes a Server for a Desk.
func NewServer(desk *Desk, o ServerOptions) *Server {
	o.Name = cmp.Or(o.Name, "localhost")
	o.Connections, o.PerHost = cmp.Or(o.Connections, 100), cmp.Or(o.PerHost, 20)
	o.Idle, o.Most = cmp.Or(o.Idle, 5*time.Minute), cmp.Or(o.Most, 64<<20)
	s := &Server{desk: desk, set: o}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.session))
	s.smtp.Domain, s.smtp.TLSConfig = o.Name, o.TLS
	s.smtp.MaxRecipients, s.smtp.MaxMessageBytes = 1, o.Most // one letter, one report: a second recipient is told to come apart
	s.smtp.ReadTimeout, s.smtp.WriteTimeout = o.Idle, o.Idle
	s.smtp.EnableSMTPUTF8 = true
	s.smtp.ErrorLog = log.New(io.Discard, "", 0) // it would name the addresses of hosts
	return s
}

// Serve listens until ctx ends; then no new connection is taken, and messages under way get patience to finish. It returns nil after
// such an end.
func (s *Server) Serve(ctx context.Context, l net.Listener, patience time.Duration) error {
	defer s.stop()
	ended := make(chan error, 1)
	go func() { ended <- s.smtp.Serve(newGate(l, s.set)) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if err := s.smtp.Shutdown(waiting); err != nil {
		s.stop()
		_ = s.smtp.Close() // its only errors are of what is closed already
	}
	<-ended
	return nil
}

func (s *Server) session(*smtp.Conn) (smtp.Session, error) { return &session{server: s}, nil }

// session is one connection.
type session struct {
	server *Server
	null   bool
	to     string
	people string
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.null, s.to, s.people = false, "", "" }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }

// Mail implements smtp.Session. Reports come without a sender; complaints, replies and letters that unsubscribe have one.
func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.null = from == ""
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	local, _, _ := strings.Cut(to, "@")
	_, _, ours := s.server.desk.Address(to)
	switch {
	case ours:
		s.to = to
	case forPeople(to):
		s.people = to
	case strings.EqualFold(local, feedbackName):
	default:
		s.server.desk.Count(Rejected)
		return answer(550, smtp.EnhancedCode{5, 1, 1}, "nobody here, and nothing is relayed")
	}
	return nil
}

// Data implements smtp.Session: it keeps the head of the message and lets the rest pass by.
func (s *session) Data(r io.Reader) error {
	var head bytes.Buffer
	most, rest := int64(maxHead), int64(0)
	if s.people != "" {
		most = mostLetter
	}
	_, err := io.CopyN(&head, r, most)
	if err == nil {
		rest, err = io.Copy(io.Discard, r)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		if errors.Is(err, smtp.ErrDataTooLarge) {
			s.server.desk.Count(Rejected)
		}
		return err
	}
	if s.people != "" && rest > 0 {
		s.server.desk.Count(Rejected)
		return answer(552, smtp.EnhancedCode{5, 3, 4}, "letters to people may have a million bytes here")
	}
	ctx, cancel := context.WithTimeout(s.server.ctx, takeWithin)
	defer cancel()
	switch class, err := s.server.desk.Take(ctx, Mail{To: s.to, People: s.people, Null: s.null, Raw: head.Bytes()}); {
	case err != nil:
		return answer(451, smtp.EnhancedCode{4, 3, 0}, "cannot be written down just now, come again")
	case class == Loop:
		return answer(554, smtp.EnhancedCode{5, 4, 6}, "a loop: this is a letter of ours, or has come through too many hands")
	case class == Unread:
		return answer(250, smtp.EnhancedCode{2, 0, 0}, "taken, but nobody is named here to read it")
	}
	return nil
}

// takeWithin is how long a message may take to be made durable.
const takeWithin = 30 * time.Second

func answer(code int, enhanced smtp.EnhancedCode, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}
}
