package vktest

import (
	"net/http"
	"time"
)

// Trouble is how the server misbehaves towards requests to its methods. The zero Trouble is none.
type Trouble struct {
	Code       int           // every request is answered by this error: 5 is a revoked token, 10 an internal error, 14 a captcha
	CallCode   int           // every call of CallMethod in a program fails with this error
	CallMethod string        // empty: messages.send
	Delay      time.Duration // before every answer
	Hang       bool          // no answer until the trouble is over
	Gateway    bool          // a page of HTML that says 502
	Cut        Cut           // the connection
	Requests   int           // how many requests it meets; 0: all until the next Misbehave
}

// Cut is when a connection is cut.
type Cut int

// The moments.
const (
	NoCut     Cut = iota
	CutBefore     // nothing of the request was done
	CutAfter      // it was done, and the answer is lost
)

// Misbehave makes trouble from the next request on, and ends the trouble before.
func (s *Server) Misbehave(t Trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble, s.left = t, -1
	if t.Requests > 0 {
		s.left = t.Requests
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// meet gives the trouble that a request meets, and what is closed when it is over.
func (s *Server) meet() (Trouble, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if s.left == 0 {
		return Trouble{}, s.changed
	}
	if s.left > 0 {
		s.left--
	}
	return s.trouble, s.changed
}

// suffer makes the part of the trouble that comes before a request is looked at. It reports whether the request is done with.
func (s *Server) suffer(w http.ResponseWriter, r *http.Request, t Trouble, over <-chan struct{}) bool {
	if t.Hang {
		select {
		case <-over:
		case <-r.Context().Done():
		case <-s.closed:
		}
		panic(http.ErrAbortHandler)
	}
	if t.Delay > 0 {
		select {
		case <-time.After(t.Delay):
		case <-r.Context().Done():
		case <-s.closed:
		}
	}
	switch {
	case t.Cut == CutBefore:
		panic(http.ErrAbortHandler)
	case t.Gateway:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<html><h1>502 Bad Gateway</h1></html>"))
		return true
	case t.Code != 0:
		answer(w, refuse(t.Code, r.Form))
		return true
	}
	return false
}

// crowded reports whether more requests come in a second than the community may make: the n-th before was let in less than a second ago.
func (s *Server) crowded(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.accepted) == 0 {
		return false
	}
	if now.Sub(s.accepted[s.oldest]) < time.Second {
		return true
	}
	s.accepted[s.oldest] = now
	s.oldest = (s.oldest + 1) % len(s.accepted)
	return false
}
