// Package vk hands messages to residents in the personal messages of a provider's VK community, and reads what they do there.
//
// Every provider has a community of its own: its settings vk.group_id, vk.token and, if it is not the usual one, vk.api_url say which. Up to
// 25 messages travel in one request, as a program of the method execute; a community's requests are paced, because VK takes 20 a second.
//
// With the setting vk.documents the files of messages go with them, as documents of VK: see engine.SettingDocuments.
//
// The channel repeats nothing that VK has looked at: the engine does so. What the engine sends again carries the same random_id, by which VK
// knows a message of the same dialog for an hour. No user id, text or token appears in what the channel tells of failures.
//
// The requests go through vksdk with its own limiter switched off, which sleeps without regard for ctx and repeats error 6 at once.
package vk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"vestnik/engine"
)

// MostRequests is how many requests with a community's token VK takes in a second (dev.vk.com/ru/api/api-requests).
const MostRequests = 20

// Config bounds how the channel works. The zero value is what VK documents.
type Config struct {
	Requests   int           // a second and community; 0: 20, what VK takes from a community's token; negative: not bounded
	Turns      *engine.Turns // by token, shared with other processes and channels that use it; nil: with none
	Concurrent int           // requests of one Send that are under way at once; 0: 20
	Timeout    time.Duration // for one answer of VK; 0: 30 s
	Grace      time.Duration // a request on the wire has to be answered in, once ctx has ended; 0: 2 s
	Remember   time.Duration // how long Allowed believes an answer of VK; 0: 5 min
}

// Channel is the VK channel. It is safe for concurrent use; Close it in the end.
type Channel struct {
	cfg     Config
	client  *http.Client
	uploads *http.Client // goes just where it is told
	memory  *memory

	mu     sync.Mutex
	pacers map[place]*pacer
}

// New makes the channel; it connects when there is something to send.
func New(cfg Config) (*Channel, error) {
	if cfg.Concurrent < 0 || cfg.Timeout < 0 || cfg.Grace < 0 || cfg.Remember < 0 {
		return nil, errors.New("VK: neither a number of requests nor a time can be negative")
	}
	cfg.Requests = cmp.Or(cfg.Requests, MostRequests)
	cfg.Concurrent = cmp.Or(cfg.Concurrent, 20)
	cfg.Timeout = cmp.Or(cfg.Timeout, 30*time.Second)
	cfg.Grace = cmp.Or(cfg.Grace, 2*time.Second)
	cfg.Remember = cmp.Or(cfg.Remember, 5*time.Minute)
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 2 * cfg.Concurrent, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second,
	}
	uploads := &http.Client{Transport: transport, Timeout: cfg.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Channel{
		cfg: cfg, client: &http.Client{Transport: transport, Timeout: cfg.Timeout}, uploads: uploads, memory: newMemory(cfg.Remember), pacers: map[place]*pacer{},
	}, nil
}

// Close gives up idle connections.
func (c *Channel) Close() error {
	c.client.CloseIdleConnections()
	return nil
}

// Limits is what VK takes from one community: 20 requests a second with 25 messages each.
func (c *Channel) Limits() engine.Limits { return engine.Limits{PerSecond: MostRequests * mostCalls} }

// Send hands the messages to the provider's community; see engine.Channel. Result.ID is VK's message id, which Event.MessageID speaks of.
func (c *Channel) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	results := make([]engine.Result, len(msgs))
	community, err := c.community(from.Provider)
	if err != nil {
		for i := range results {
			results[i].Fault = &engine.Fault{Reason: engine.Misconfigured, Whole: true, Err: err}
		}
		return results
	}
	s := &sending{ctx: ctx, community: community, msgs: msgs, results: results, enclosing: from.Provider.Setting(engine.SettingDocuments) == engine.DocumentsOn}
	programs := s.compose()
	abreast(c.cfg.Concurrent, len(programs), func(i int) { s.deliver(programs[i]) })
	return results
}

// abreast does n things, at most so many at once.
func abreast(most, n int, do func(i int)) {
	var next atomic.Int64
	var couriers sync.WaitGroup
	for range min(n, most) {
		couriers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	couriers.Wait()
}

// sending is one Send.
type sending struct {
	ctx       context.Context
	community *community
	msgs      []engine.Message
	results   []engine.Result
	enclosing bool                         // files go with the messages
	broken    atomic.Pointer[engine.Fault] // why nothing more of this Send is tried
}

// deliver sends the messages of one program, with what goes with them.
func (s *sending) deliver(p program) {
	for _, p := range s.enclose(p) {
		s.carry(p, func(c call, i item) {
			id, fault := i.sent()
			if fault != nil && c.doc != nil {
				fault = aboutDocument(fault)
			}
			s.results[c.of].ID = id
			if fault != nil {
				s.blame(c.of, fault)
			}
		})
	}
}

// carry sends one program, and has take read what was answered to each of its calls. One that VK refuses as a whole for what stands in it is cut
// in two until the culprit is alone.
func (s *sending) carry(p program, take func(call, item)) {
	if fault := s.broken.Load(); fault != nil {
		s.fail(p, fault)
		return
	}
	items, fault := s.community.execute(s.ctx, p)
	switch {
	case fault == nil:
		for k, call := range p {
			take(call, items[k])
		}
		s.heed(p)
	case !fault.Reason.Temporary() && len(p) > 1:
		s.carry(p[:len(p)/2], take)
		s.carry(p[len(p)/2:], take)
	default:
		if fault.Whole || fault.Reason == engine.Throttled && fault.RetryAfter > patience {
			s.broken.Store(fault)
		}
		s.fail(p, fault)
	}
}

// heed stops what makes no sense to go on with: a program of which every call failed for what the community is or does.
func (s *sending) heed(p program) {
	var last *engine.Fault
	for _, call := range p {
		last = s.results[call.of].Fault
		if last == nil || !last.Whole && last.Reason != engine.Throttled {
			return
		}
	}
	if len(p) > 1 || last.Whole {
		s.community.pacer.pause(last.RetryAfter)
		s.broken.Store(last)
	}
}

func (s *sending) fail(p program, fault *engine.Fault) {
	for _, call := range p {
		s.results[call.of].Fault = fault
	}
}

// blame notes why a message does not go out, and learns from it who cannot be written to.
func (s *sending) blame(of int, fault *engine.Fault) {
	if fault.Reason == engine.Refused {
		s.community.remember(s.msgs[of].Recipient.VKID, false)
	}
	s.results[of].Fault = fault
}

// untried is the Fault of what was not tried, or not answered, because ctx ended.
func untried(ctx context.Context) *engine.Fault {
	return &engine.Fault{Reason: engine.Unavailable, Err: fmt.Errorf("not tried to the end: %w", ctx.Err())}
}
