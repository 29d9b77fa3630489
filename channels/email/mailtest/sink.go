// Package mailtest is the far end of the e-mail channel for tests, benchmarks and the demo: mail servers on the loopback interface that
// keep what they get, or misbehave when asked to. It never sends mail on.
//
// Sink is a strict server with troubles, Null a fast one that only counts, StartPostfix a real Postfix.
package mailtest

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
)

// Options says what kind of server a Sink is. The zero value is a plain server on a free port.
type Options struct {
	Address   string        // to listen on; empty: a free port of 127.0.0.1
	Keep      int           // the newest mails that are kept; 0: 10000
	OnMessage func(Mail)    // gets every mail, one after another, about when its sender is told; a slow one slows the server down. nil: nobody
	TLS       TLS           // NoTLS by default
	User      string        // AUTH is required; empty: it is not offered
	Password  string        //
	LoginOnly bool          // AUTH offers LOGIN and not PLAIN
	Patience  int           // transactions in one connection before it is ended by a 421; 0: without end
	Delay     time.Duration // what slow@ takes; 0: a second
	UTF8      bool          // SMTPUTF8 is offered (RFC 6531)
	Expired   bool          // the certificate was valid until yesterday
	Failures  int           // how many times tempfail451@ fails before it is accepted; 0: once
}

// TLS says how a Sink encrypts. Its certificate is made by the Sink, for 127.0.0.1 and localhost; see Sink.Roots.
type TLS int

// The ways a Sink encrypts.
const (
	NoTLS TLS = iota
	StartTLS
	ImplicitTLS
)

// Mail is one message as it arrived.
type Mail struct {
	From string // of the envelope
	To   []string
	Raw  []byte // as it came after DATA, dots undone; not to be changed
	TLS  bool
	User string // who signed in
	At   time.Time
}

// Sink is an SMTP server that keeps its mail in memory. It refuses, delays or drops mail by address; see Trouble for the whole server.
//
// The part of a name before + decides (bounce550+42@example.org is bounce550):
//
//	bounce550    550 5.1.1 at RCPT                  tempfail451  451 4.7.1 at RCPT, Options.Failures times
//	full552      552 5.2.2 at RCPT                  busy421      421 4.7.0 at RCPT
//	spam554      554 5.7.1 after the message        large552     552 5.3.4 after the message
//	hurried451   451 4.7.0 rate limit at RCPT       closing421   421 4.3.2 after the message
//	hang         never answers after the message
//	slow         answers after Options.Delay        cutmid       cuts the connection in the middle of the message
//	cutafter     keeps the message, then cuts instead of answering
type Sink struct {
	options Options
	cert    tls.Certificate
	roots   *x509.CertPool
	address string
	trouble atomic.Int32
	hook    chan Mail
	closed  chan struct{}
	hooked  sync.WaitGroup

	mu       sync.Mutex
	server   *smtp.Server // nil while stopped
	listener net.Listener
	served   chan struct{}
	stopped  chan struct{} // closed when the running server stops
	mails    []Mail
	count    int
	failures map[string]int
}

// Start starts a Sink.
func Start(options Options) (*Sink, error) {
	if options.Keep == 0 {
		options.Keep = 10_000
	}
	if options.Delay == 0 {
		options.Delay = time.Second
	}
	if options.Failures == 0 {
		options.Failures = 1
	}
	s := &Sink{options: options, address: options.Address, failures: map[string]int{}, closed: make(chan struct{})}
	if s.address == "" {
		s.address = "127.0.0.1:0"
	}
	var err error
	if options.TLS != NoTLS {
		if s.cert, s.roots, err = certificate(options.Expired); err != nil {
			return nil, err
		}
	}
	if err = s.Resume(); err != nil {
		return nil, err
	}
	if options.OnMessage != nil {
		s.hook = make(chan Mail, 1024)
		s.hooked.Go(s.tell)
	}
	return s, nil
}

// Resume starts a stopped Sink again, at the same address and with the mail it had; one that runs goes on.
func (s *Sink) Resume() error {
	s.mu.Lock()
	running := s.server != nil
	s.mu.Unlock()
	if running {
		return nil
	}
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	s.address = listener.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(s.session))
	server.Domain, server.AllowInsecureAuth, server.MaxRecipients = "sink.example", true, 100
	server.EnableSMTPUTF8 = s.options.UTF8
	server.ErrorLog = log.New(io.Discard, "", 0)
	config := &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: s.handshake, Certificates: []tls.Certificate{s.cert}}
	switch s.options.TLS {
	case StartTLS:
		server.TLSConfig = config
	case ImplicitTLS:
		listener = tls.NewListener(listener, config)
	}
	served, stopped := make(chan struct{}), make(chan struct{})
	s.mu.Lock()
	s.server, s.listener, s.served, s.stopped = server, listener, served, stopped
	s.mu.Unlock()
	go func() {
		defer close(served)
		_ = server.Serve(listener) // it ends by Stop
	}()
	return nil
}

// Stop ends all connections and refuses new ones until Resume.
func (s *Sink) Stop() {
	s.mu.Lock()
	server, listener, served, stopped := s.server, s.listener, s.served, s.stopped
	s.server = nil
	s.mu.Unlock()
	if server == nil {
		return
	}
	close(stopped)
	_ = listener.Close() // the server closes only listeners that it already serves
	_ = server.Close()
	<-served
}

// Close stops the Sink for good, once, and waits until OnMessage has seen the mail.
func (s *Sink) Close() {
	s.Stop()
	close(s.closed)
	s.hooked.Wait()
}

// tell hands the mail to OnMessage.
func (s *Sink) tell() {
	for {
		select {
		case mail := <-s.hook:
			s.options.OnMessage(mail)
		case <-s.closed:
			for {
				select {
				case mail := <-s.hook:
					s.options.OnMessage(mail)
				default:
					return
				}
			}
		}
	}
}

// URL is the address to send mail to, as email.ParseRelays reads it.
func (s *Sink) URL() string {
	user := ""
	if s.options.User != "" {
		user = s.options.User + ":" + s.options.Password + "@"
	}
	switch s.options.TLS {
	case StartTLS:
		return "smtp://" + user + s.address + "?starttls=required"
	case ImplicitTLS:
		return "smtps://" + user + s.address
	}
	return "smtp://" + user + s.address + "?starttls=off"
}

// Roots is the authority that the Sink's certificate is checked against; nil without TLS.
func (s *Sink) Roots() *x509.CertPool { return s.roots }

// Mails are the newest mails, oldest first, Options.Keep of them at most.
func (s *Sink) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails[max(0, len(s.mails)-s.options.Keep):])
}

// Count is how many mails were taken, those no longer kept included.
func (s *Sink) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

func (s *Sink) keep(mail Mail) {
	s.mu.Lock()
	s.mails = append(s.mails, mail)
	if len(s.mails) >= 2*s.options.Keep {
		s.mails = slices.Clone(s.mails[len(s.mails)-s.options.Keep:])
	}
	s.count++
	s.mu.Unlock()
	if s.hook == nil {
		return
	}
	select {
	case s.hook <- mail:
	case <-s.closed:
	}
}

// fails reports whether an address that fails for a while still has to fail.
func (s *Sink) fails(address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures[strings.ToLower(address)]++
	return s.failures[strings.ToLower(address)] <= s.options.Failures
}
