package maxtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// mostUpdates is how many events wait for a bot that asks for them.
const mostUpdates = 10_000

// updates are the events that nobody was told at an address, for GET /updates.
type updates struct {
	first int64             // number of the first of list; a marker is the number of the next event
	list  []json.RawMessage //
	news  chan struct{}     // closed when there is more
	asked int               // how often somebody has asked
}

// add keeps an event for whoever asks; s.mu is held.
func (u *updates) add(event json.RawMessage) {
	if u.list = append(u.list, event); len(u.list) > mostUpdates {
		u.list, u.first = u.list[1:], u.first+1
	}
	close(u.news)
	u.news = make(chan struct{})
}

// Polls is how often somebody has asked for events.
func (s *Server) Polls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.updates.asked
}

// poll is GET /updates: it answers as soon as there is something, and forgets what a marker says was worked on. Events that are told at an address
// are not told here. s.mu is held, but for the waiting.
func (s *Server) poll(r *http.Request, query url.Values) (any, error) {
	if err := only(query, "limit", "timeout", "marker", "types"); err != nil {
		return nil, err
	}
	limit, errLimit := strconv.Atoi(query.Get("limit"))
	wait, errWait := strconv.Atoi(query.Get("timeout"))
	if r.Method != http.MethodGet {
		return nil, noMethod
	}
	if errLimit != nil || errWait != nil || limit < 1 || limit > 1000 || wait < 0 || wait > 90 {
		return nil, payload("limit: 1 to 1000, timeout: 0 to 90")
	}
	u := &s.updates
	u.asked++
	from := u.first
	if text := query.Get("marker"); text != "" {
		marker, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, payload("marker")
		}
		from = min(max(marker, u.first), u.first+int64(len(u.list)))
		u.list, u.first = u.list[from-u.first:], from
	}
	for end := time.After(time.Duration(wait) * time.Second); len(u.list) == 0 && s.wait(r, u.news, end); {
	}
	some := u.list[:min(limit, len(u.list))]
	return map[string]any{"updates": append([]json.RawMessage{}, some...), "marker": u.first + int64(len(some))}, nil
}

// wait lets others in until there is news; false when it is not worth waiting any more.
func (s *Server) wait(r *http.Request, news <-chan struct{}, end <-chan time.Time) bool {
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-news:
		return true
	case <-end:
	case <-r.Context().Done():
	case <-s.done:
	}
	return false
}
