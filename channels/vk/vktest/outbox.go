package vktest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// couriers is how many callbacks are under way at once.
const couriers = 64

// outbox carries events to the community's Callback API server: the door.
type outbox struct {
	server *Server
	client *http.Client

	mu      sync.Mutex
	news    *sync.Cond
	url     string // empty: there is no door
	secret  string
	waiting []parcel
	told    int
	lost    int
}

// parcel is an event on its way, and how often it failed to arrive.
type parcel struct {
	event event
	tries int
}

func (o *outbox) start(s *Server) {
	o.server, o.news = s, sync.NewCond(&o.mu)
	o.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: couriers}}
}

// Door sets where the community's events go, and with which secret, after asking the door whether it knows the confirmation.
func (s *Server) Door(url, secret, confirmation string) error {
	o := &s.outbox
	said, err := o.post(url, parcel{event: event{Type: "confirmation", Group: s.options.Group, Secret: secret}})
	if err != nil {
		return fmt.Errorf("ask the door for its confirmation: %w", err)
	}
	if said != confirmation {
		return fmt.Errorf("the door answers %q and not its confirmation", said)
	}
	o.mu.Lock()
	first := o.url == ""
	o.url, o.secret = url, secret
	o.mu.Unlock()
	if first {
		for range couriers {
			s.working.Go(o.carry)
		}
	}
	return nil
}

// Told is how many events the door has taken, and how many were given up.
func (s *Server) Told() (taken, lost int) {
	s.outbox.mu.Lock()
	defer s.outbox.mu.Unlock()
	return s.outbox.told, s.outbox.lost
}

func (o *outbox) add(e event) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.url == "" {
		return
	}
	e.Secret = o.secret
	o.waiting = append(o.waiting, parcel{event: e})
	o.news.Signal()
}

// wake makes everybody who waits see that all is over.
func (o *outbox) wake() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.news.Broadcast()
}

func (o *outbox) over() bool {
	select {
	case <-o.server.closed:
		return true
	default:
		return false
	}
}

// next gives the next parcel, and false when all is over.
func (o *outbox) next() (parcel, string, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) == 0 && !o.over() {
		o.news.Wait()
	}
	if o.over() {
		return parcel{}, "", false
	}
	p := o.waiting[0]
	o.waiting = o.waiting[1:]
	return p, o.url, true
}

// carry brings one parcel after another to the door. Anything but "ok" makes it come again.
func (o *outbox) carry() {
	for {
		p, url, more := o.next()
		if !more {
			return
		}
		said, err := o.post(url, p)
		taken := err == nil && said == "ok"
		o.mu.Lock()
		switch {
		case taken:
			o.told++
		case p.tries >= o.server.options.Retries:
			o.lost++
		default:
			p.tries++
			o.server.working.Go(func() { o.later(p) })
		}
		o.mu.Unlock()
	}
}

func (o *outbox) later(p parcel) {
	select {
	case <-time.After(o.server.options.Retry):
		o.mu.Lock()
		defer o.mu.Unlock()
		o.waiting = append(o.waiting, p)
		o.news.Signal()
	case <-o.server.closed:
	}
}

// post brings a parcel to the door and gives what the door says.
func (o *outbox) post(url string, p parcel) (said string, err error) {
	body, err := json.Marshal(p.event)
	if err != nil {
		return "", err
	}
	request, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body)) //nolint:noctx // its client has a timeout
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Retry-Counter", strconv.Itoa(p.tries))
	response, err := o.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1000))
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the door answers %d", response.StatusCode)
	}
	return string(text), nil
}
