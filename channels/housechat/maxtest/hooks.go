package maxtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"
)

// subscription is an address that events are sent to.
type subscription struct {
	address string
	secret  string
	types   []string
	since   time.Time
	events  chan []byte
	ended   chan struct{}
}

var secretLike = regexp.MustCompile(`^[a-zA-Z0-9_-]{5,256}$`)

func (s *Server) subscriptions(method string, query url.Values, body []byte) (any, error) {
	switch method {
	case http.MethodGet:
		list := []any{}
		for _, sub := range s.hooks {
			list = append(list, map[string]any{"url": sub.address, "time": sub.since.UnixMilli(), "update_types": sub.types})
		}
		return map[string]any{"subscriptions": list}, nil
	case http.MethodDelete:
		if sub := s.hooks[query.Get("url")]; sub != nil {
			close(sub.ended)
			delete(s.hooks, sub.address)
		}
		return success, nil
	case http.MethodPost:
		return s.subscribe(body)
	}
	return nil, noMethod
}

// Subscribed is how many addresses events are sent to.
func (s *Server) Subscribed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.hooks)
}

func (s *Server) subscribe(body []byte) (any, error) {
	var ask struct {
		URL    string   `json:"url"`
		Types  []string `json:"update_types"`
		Secret string   `json:"secret"`
	}
	if err := decode(body, &ask); err != nil {
		return nil, err
	}
	address, err := url.Parse(ask.URL)
	switch {
	case err != nil || address.Host == "":
		return nil, payload("url")
	case address.Scheme != "https" && !net.ParseIP(address.Hostname()).IsLoopback(): // MAX takes https only; a test has no certificate
		return nil, payload("url: https only")
	case ask.Secret != "" && !secretLike.MatchString(ask.Secret):
		return nil, payload("secret")
	}
	if old := s.hooks[ask.URL]; old != nil {
		close(old.ended)
	}
	sub := &subscription{address: ask.URL, secret: ask.Secret, types: ask.Types, since: time.Now(), events: make(chan []byte, 100_000), ended: make(chan struct{})}
	s.hooks[ask.URL] = sub
	s.work.Go(func() { s.deliver(sub) })
	return success, nil
}

// tell sends an event to everybody who wants it; when nobody has said so, it waits for whoever asks.
func (s *Server) tell(kind string, event map[string]any) {
	event["update_type"], event["timestamp"] = kind, time.Now().UnixMilli()
	encoded, _ := json.Marshal(event) // maps of texts and numbers
	if len(s.hooks) == 0 {
		s.updates.add(encoded)
	}
	for _, sub := range s.hooks {
		if len(sub.types) == 0 || slices.Contains(sub.types, kind) {
			select {
			case sub.events <- encoded:
			default: // MAX forgets what nobody takes, too
			}
		}
	}
}

// deliver posts events one after another, each until it is answered 200.
func (s *Server) deliver(sub *subscription) {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s.work.Go(func() {
		select {
		case <-s.done:
		case <-sub.ended:
		case <-ctx.Done():
		}
		cancel()
	})
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-sub.events:
			for wait := s.options.Again; !post(ctx, client, sub, event); wait *= 2 {
				select {
				case <-ctx.Done():
					return
				case <-time.After(wait):
				}
			}
		}
	}
}

func post(ctx context.Context, client *http.Client, sub *subscription, event []byte) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, sub.address, bytes.NewReader(event))
	if err != nil {
		return true
	}
	request.Header.Set("Content-Type", "application/json")
	if sub.secret != "" {
		request.Header.Set("X-Max-Bot-Api-Secret", sub.secret)
	}
	response, err := client.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
	return response.StatusCode == http.StatusOK
}
