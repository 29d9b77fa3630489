// Package gistest is the far end of the Gosuslugi channel for tests, benchmarks and the demo: ГИС ЖКХ on the loopback interface, with its
// registries of accounts and services, its queue of requests and what organizations have placed in it. It keeps what it gets, or
// misbehaves when asked to.
//
// It is strict where ГИС ЖКХ is: paths, SOAPAction, content type, the kind of header, schemas (xmllint, when Options.Schemas says where they
// are) of every request and of every answer it gives itself, limits, identifiers used twice. It follows the published schemas 14.4/14.5;
// where only the stand can know what happens (the wording and the codes of business controls), it does what public clients have seen, and
// says so in place. When Options.Signed says so, requests must be signed as on the stands ppak and sit01: signatures are verified with OpenSSL,
// by code of its own.
package gistest

import (
	"cmp"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options says what kind of stand a Server is. The zero value is one on a free port that answers at the first poll and validates nothing.
type Options struct {
	Address  string        // to listen on; empty: a free port of 127.0.0.1
	Schemas  string        // directory with the schemas, one folder a service; empty: nothing is validated, which is much faster
	Polls    int           // how often a request is told to be received (1) or in work (2) before it is done (3)
	Delay    time.Duration // how long a request is at least not done
	Life     time.Duration // how long the result of a request can be asked for; 0: 30 minutes
	User     string        // of basic authentication; empty: nobody is asked
	Password string        //
	Gzip     bool          // answers are compressed
	Signed   bool          // requests must be signed; needs openssl with the engine gost
	Count    bool          // for benchmarks: payment documents are counted only, neither looked into nor kept; all are accepted
	Services []Entry       // the services of the registries 1, 50 and 51, the same for all organizations; nil: DefaultServices

	Now     func() time.Time // what Delay and Life are counted by; nil: time.Now
	Overlap int              // how many payments at the end of a page the next one begins with again

	OnDocument func(Document) // is told of every document placed or withdrawn, in the goroutine of the request. nil: nobody
	OnNotice   func(Notice)   // likewise of every news and outage
}

// Server is a stand of ГИС ЖКХ. It is safe for concurrent use.
type Server struct {
	options Options
	address string
	schemas *schemas
	working sync.WaitGroup
	closed  chan struct{}

	mu       sync.Mutex
	server   *http.Server
	orgs     map[string]*organization // by orgPPAGUID
	requests map[string]*request      // by the MessageGUID of the acknowledgment
	seen     map[string]bool          // MessageGUIDs of senders
	files    map[string]*File         // of the file store, by upload
	calls    map[string]int           // by SOAPAction
	trouble  Trouble
	left     int           // how many requests the trouble meets yet; below zero: all
	changed  chan struct{} // closed when the trouble changes
	numbers  int           // for identifiers given out
	counted  int           // documents, where they are counted only
	err      error         // an answer of ours that its schema does not allow
}

// Start starts a stand.
func Start(options Options) (*Server, error) {
	options.Address = cmp.Or(options.Address, "127.0.0.1:0")
	options.Life = cmp.Or(options.Life, 30*time.Minute)
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Services == nil {
		options.Services = DefaultServices()
	}
	s := &Server{
		options: options, address: options.Address, closed: make(chan struct{}), changed: make(chan struct{}), orgs: map[string]*organization{},
		requests: map[string]*request{}, seen: map[string]bool{}, files: map[string]*File{}, calls: map[string]int{},
	}
	if options.Schemas != "" {
		s.schemas = &schemas{dir: options.Schemas}
	}
	if err := s.Resume(); err != nil {
		return nil, err
	}
	return s, nil
}

// Resume starts a stopped Server again, at the same address and with all it had; one that runs goes on.
func (s *Server) Resume() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		return nil
	}
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return err
	}
	s.address = listener.Addr().String()
	server := &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: time.Minute}
	s.server = server
	s.working.Go(func() { _ = server.Serve(listener) })
	return nil
}

// Stop cuts all connections and takes no more, until Resume.
func (s *Server) Stop() {
	s.mu.Lock()
	server := s.server
	s.server = nil
	s.mu.Unlock()
	if server != nil {
		_ = server.Close()
	}
}

// Close ends the server.
func (s *Server) Close() {
	s.Stop()
	s.mu.Lock()
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	s.mu.Unlock()
	s.working.Wait()
}

// URL is what the channel's setting gis.url is set to.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.address
}

// Signed reports whether requests must be signed.
func (s *Server) Signed() bool { return s.options.Signed }

// Calls is how many requests came, refused ones too, by SOAPAction; those without one count under "".
func (s *Server) Calls(action string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[action]
}

// Err tells of an answer of the server itself that its schema does not allow; nil when all were right.
func (s *Server) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
