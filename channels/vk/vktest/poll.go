package vktest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// mostPast is how many events wait for those who poll.
const mostPast = 100_000

// poll is the community's Bots Long Poll server.
type poll struct {
	mu      sync.Mutex
	enabled map[string]bool
	key     int
	first   int     // ts of the first event of past
	past    []event // what was told
	news    chan struct{}
	fail    int // what the next check fails with
	checks  int // that came
}

func (p *poll) start() {
	p.key, p.first, p.enabled, p.news = 1, 1, map[string]bool{}, make(chan struct{})
}

// enable is groups.setLongPollSettings.
func (p *poll) enable(form url.Values) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range form {
		p.enabled[name] = form.Get(name) == "1"
	}
}

// server is groups.getLongPollServer.
func (p *poll) server(base string) any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return map[string]string{"key": "key" + strconv.Itoa(p.key), "server": base + "/poll", "ts": strconv.Itoa(p.first + len(p.past))}
}

func (p *poll) add(e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.enabled["enabled"] || !p.enabled[e.Type] {
		return
	}
	if p.past = append(p.past, e); len(p.past) > mostPast {
		p.past = append([]event(nil), p.past[len(p.past)-mostPast/2:]...)
		p.first += mostPast/2 + 1
	}
	close(p.news)
	p.news = make(chan struct{})
}

// UpsetPoll makes the next check of a client that polls fail: 1 says that its events are lost in part, 2 that its key is too old, 3 that all
// it knows is.
func (s *Server) UpsetPoll(failed int) {
	s.poll.mu.Lock()
	defer s.poll.mu.Unlock()
	s.poll.fail = failed
	if failed > 1 {
		s.poll.key++
	}
	close(s.poll.news)
	s.poll.news = make(chan struct{})
}

// Polls is how often somebody has asked for events.
func (s *Server) Polls() int {
	s.poll.mu.Lock()
	defer s.poll.mu.Unlock()
	return s.poll.checks
}

// check answers a client that polls, as soon as there is something.
func (s *Server) check(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	wait, errWait := strconv.Atoi(query.Get("wait"))
	ts, errTs := strconv.Atoi(query.Get("ts"))
	if query.Get("act") != "a_check" || errWait != nil || errTs != nil || wait < 1 || wait > 90 {
		http.Error(w, "act, key, ts and wait are wanted", http.StatusBadRequest)
		return
	}
	s.poll.mu.Lock()
	s.poll.checks++
	s.poll.mu.Unlock()
	end := time.After(time.Duration(wait) * time.Second)
	for {
		told, news := s.poll.since(query.Get("key"), ts)
		if told != nil {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_ = json.NewEncoder(w).Encode(told)
			return
		}
		select {
		case <-news:
		case <-end:
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			_ = json.NewEncoder(w).Encode(map[string]any{"ts": strconv.Itoa(ts), "updates": []any{}})
			return
		case <-r.Context().Done():
			return
		case <-s.closed:
			return
		}
	}
}

// since gives what was told since ts, nil if nothing was, and what is closed when there is more.
func (p *poll) since(key string, ts int) (any, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fail := p.fail
	p.fail = 0
	now := p.first + len(p.past)
	switch {
	case fail == 3:
		return map[string]int{"failed": 3}, nil
	case fail == 2, key != "key"+strconv.Itoa(p.key):
		return map[string]int{"failed": 2}, nil
	case fail == 1, ts < p.first, ts > now:
		return map[string]any{"failed": 1, "ts": now}, nil
	case ts == now:
		return nil, p.news
	}
	return map[string]any{"ts": strconv.Itoa(now), "updates": p.past[ts-p.first:]}, nil
}
