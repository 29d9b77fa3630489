// Package vktest is the far end of the VK channel for tests, benchmarks and the demo: one community of VK on the loopback interface, with its
// API, its residents and what it tells of them. It keeps what it gets, or misbehaves when asked to.
//
// It is strict where VK is: token, version, requests a second, form of programs, keyboards and documents, lengths. It speaks as dev.vk.com
// describes; what is not described there, it does in the way that is least convenient for a client.
package vktest

import (
	"cmp"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options says what kind of community a Server is. The zero value is one on a free port.
type Options struct {
	Address   string               // to listen on; empty: a free port of 127.0.0.1
	Group     int64                // number of the community; 0: 1
	Token     string               // empty: DefaultToken
	Rate      int                  // requests a second; 0: 20, as VK; negative: without bound
	Keep      int                  // the newest messages that are kept; 0: 10000
	Refuse    func(user int64) int // the error that writing to a user meets, 0: none; nil: everybody may be written to. See Server.Refuse
	OnMessage func(Message)        // is told of every message, when its sender is; a slow one slows the server down. nil: nobody
	Retry     time.Duration        // pause before a callback is tried again; 0: a second
	Retries   int                  // how often that is done; 0: 10
}

// DefaultToken is the community's token unless Options say otherwise.
const DefaultToken = "vk1.a.test-community-token"

// Server is the community. It is safe for concurrent use; Close it in the end.
type Server struct {
	options Options
	address string
	closed  chan struct{}
	working sync.WaitGroup
	outbox  outbox
	poll    poll

	mu        sync.Mutex
	server    *http.Server // nil while stopped
	trouble   Trouble
	left      int           // requests that Trouble still meets; negative: all
	changed   chan struct{} // closed when trouble changes, or all ends
	accepted  []time.Time   // a ring of when the last requests were let in
	oldest    int
	requests  int
	dialogs   map[int64]*dialog
	refused   map[int64]int
	withheld  map[string]bool // rights that the token does not have
	kept      []*Message
	last      int64 // message id, those of residents' own messages included
	count     int
	eventID   int64
	chats     map[int64]*chat // by peer
	photos    []string        // those that were uploaded; saved ones by their names
	documents documents
}

// Start starts a community.
func Start(options Options) (*Server, error) {
	options.Address = cmp.Or(options.Address, "127.0.0.1:0")
	options.Group = cmp.Or(options.Group, 1)
	options.Token = cmp.Or(options.Token, DefaultToken)
	options.Rate = cmp.Or(options.Rate, 20)
	options.Keep = cmp.Or(options.Keep, 10_000)
	options.Retry = cmp.Or(options.Retry, time.Second)
	options.Retries = cmp.Or(options.Retries, 10)
	s := &Server{
		options: options, address: options.Address, closed: make(chan struct{}), changed: make(chan struct{}),
		accepted: make([]time.Time, max(options.Rate, 0)), dialogs: map[int64]*dialog{}, refused: map[int64]int{},
	}
	s.outbox.start(s)
	s.poll.start()
	if err := s.Resume(); err != nil {
		s.Close()
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
	mux := http.NewServeMux()
	mux.HandleFunc("/method/{method}", s.method)
	mux.HandleFunc("GET /poll", s.check)
	mux.HandleFunc("POST /upload", s.upload)
	mux.HandleFunc("POST /upload/document", s.uploadDocument)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
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

// Close ends the server and everything it does.
func (s *Server) Close() {
	s.Stop()
	s.mu.Lock()
	select {
	case <-s.closed:
	default:
		close(s.closed)
	}
	s.mu.Unlock()
	s.outbox.wake()
	s.working.Wait()
	s.outbox.client.CloseIdleConnections()
}

// URL is what the channel's setting vk.api_url is set to.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "http://" + s.address
}

// Settings are a provider's settings for this community.
func (s *Server) Settings() map[string]string {
	return map[string]string{"vk.group_id": itoa(s.options.Group), "vk.token": s.options.Token, "vk.api_url": s.URL()}
}

// Requests is how many requests to methods came, refused ones too.
func (s *Server) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}
