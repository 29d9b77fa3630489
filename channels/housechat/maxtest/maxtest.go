// Package maxtest is the bot API of MAX on a loopback port, for tests and the demo: as strict as the real one about tokens, methods, JSON and
// limits, and worse behaved when asked to be. It speaks what the schema of 2026-07-01 says of messages, pins and subscriptions.
package maxtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options of a Server. The zero value is as strict as MAX.
type Options struct {
	Token     string        // the bot's; empty: "max-token"
	PerSecond int           // requests of the bot; 0: 30, below zero: no limit
	PerChat   int           // messages to one chat in a second; 0: 2, below zero: no limit
	Again     time.Duration // after which an event that was not answered 200 is sent again, twice as long each time; 0: 1 s
	Address   string        // to listen on; empty: a free port of 127.0.0.1
}

// Trouble is a way to misbehave.
type Trouble int

// The troubles.
const (
	Nothing     Trouble = iota
	Silent              // requests are read and never answered
	CutBefore           // the connection breaks before anything is done
	CutAfter            // the connection breaks when everything is done: only the answer is lost
	Internal            // 500
	Unavailable         // 503, come back in a second
	Throttling          // 429, come back in a second
	Gibberish           // 200, done, and not JSON
	Revoked             // 401: the token is not valid any more
)

// Server is the simulated MAX. It is safe for concurrent use.
type Server struct {
	options Options
	address string
	done    chan struct{} // closed by Close
	work    sync.WaitGroup

	mu      sync.Mutex
	http    *http.Server // nil: stopped
	trouble Trouble
	times   int // how many requests it still troubles; below zero: all
	slow    time.Duration
	chats   map[int64]*chat
	lastMID int64
	spent   window
	hooks   map[string]*subscription // by address
	updates updates
	photos  map[string]bool // those that were handed over; true: a message may carry it
	refused map[string]int  // how often each error was answered, by its code
}

// Start begins to listen. Close it in the end.
func Start(options Options) (*Server, error) {
	options.Token = cmp.Or(options.Token, "max-token")
	options.PerSecond, options.PerChat = cmp.Or(options.PerSecond, 30), cmp.Or(options.PerChat, 2)
	options.Again = cmp.Or(options.Again, time.Second)
	s := &Server{options: options, address: cmp.Or(options.Address, "127.0.0.1:0"), done: make(chan struct{}), chats: map[int64]*chat{},
		hooks: map[string]*subscription{}, updates: updates{first: 1, news: make(chan struct{})}, photos: map[string]bool{}, refused: map[string]int{}}
	return s, s.Resume()
}

// Resume listens again, at the same address, after Stop.
func (s *Server) Resume() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.http != nil {
		return nil
	}
	var listener net.Listener
	var err error
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) { // the port may take a moment to be free again
		listener, err = new(net.ListenConfig).Listen(context.Background(), "tcp", s.address)
		if err == nil || time.Since(begin) > 5*time.Second {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("maxtest: %w", err)
	}
	s.address = listener.Addr().String()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	server := s.http
	s.work.Go(func() { _ = server.Serve(listener) })
	return nil
}

// Stop makes the server unreachable: connections break, new ones are refused.
func (s *Server) Stop() {
	s.mu.Lock()
	server := s.http
	s.http = nil
	s.mu.Unlock()
	if server != nil {
		_ = server.Close()
	}
}

// Close ends the server and its webhooks.
func (s *Server) Close() {
	s.Stop()
	close(s.done)
	s.work.Wait()
}

// URL is the address of the API, for the setting max.api_url.
func (s *Server) URL() string { return "http://" + s.address }

// Token is what the bot signs in with.
func (s *Server) Token() string { return s.options.Token }

// Misbehave makes trouble for so many requests; below zero for all, until told otherwise.
func (s *Server) Misbehave(trouble Trouble, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble, s.times = trouble, times
}

// Slow makes every answer take so much longer.
func (s *Server) Slow(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow = by
}

// Refused tells how often each error was answered, by its code.
func (s *Server) Refused(code string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused[code]
}

// manners tells how the next request is treated.
func (s *Server) manners() (Trouble, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.times == 0 {
		return Nothing, s.slow
	}
	if s.times > 0 {
		s.times--
	}
	return s.trouble, s.slow
}

// ServeHTTP is the API.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 8<<20))
	if err != nil {
		s.refuse(w, oops{http.StatusRequestEntityTooLarge, "proto.payload", "too long"})
		return
	}
	if r.URL.Path == uploads {
		s.upload(w, r, body)
		return
	}
	trouble, slow := s.manners()
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-r.Context().Done():
		}
	}
	switch trouble {
	case Silent:
		select {
		case <-r.Context().Done():
		case <-s.done:
		}
		panic(http.ErrAbortHandler)
	case CutBefore:
		panic(http.ErrAbortHandler)
	case CutAfter:
		_, _ = s.answer(r, body)
		panic(http.ErrAbortHandler)
	case Internal:
		s.refuse(w, oops{http.StatusInternalServerError, "internal.error", "internal error"})
	case Unavailable:
		w.Header().Set("Retry-After", "1")
		s.refuse(w, oops{http.StatusServiceUnavailable, "service.unavailable", "come back"})
	case Throttling:
		w.Header().Set("Retry-After", "1")
		s.refuse(w, oops{http.StatusTooManyRequests, "too.many.requests", "slow down"})
	case Revoked:
		s.refuse(w, badToken)
	case Gibberish:
		_, _ = s.answer(r, body)
		_, _ = io.WriteString(w, "<html>")
	default:
		s.obey(w, r, body)
	}
}

// obey does what was asked and answers.
func (s *Server) obey(w http.ResponseWriter, r *http.Request, body []byte) {
	result, err := s.answer(r, body)
	if problem, is := errors.AsType[oops](err); is {
		s.refuse(w, problem)
		return
	}
	write(w, http.StatusOK, result)
}

// window counts in the running second.
type window struct {
	began time.Time
	n     int
}

// allow counts one more, unless there were most already.
func (w *window) allow(most int) bool {
	if now := time.Now(); now.Sub(w.began) >= time.Second {
		w.began, w.n = now, 0
	}
	if most >= 0 && w.n >= most {
		return false
	}
	w.n++
	return true
}
