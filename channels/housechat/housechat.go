// Package housechat posts in the chats of houses, in VK and in MAX: one post for all residents of a house.
//
// The engine hands over one message for each house of a campaign; its Recipient is any one of the residents. The channel posts it in every
// chat of the house that engine.Chats knows, once in each, also when several houses share the chat and when it is asked again. Posts about
// an outage are pinned while it lasts; what tells of its end answers them and takes the pin off. Personal data never gets in: see guard.
//
// It uses the provider's settings vk.token, vk.api_url (empty: api.vk.com), max.token, max.api_url (empty: platform-api2.max.ru) and
// ads.frequency. It never repeats a request that may have been heard; the engine tries again, and then the channel first looks whether
// the post is there.
package housechat

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"vestnik/engine"
)

// Config says how the channel works. The zero value of every field but Chats has a default.
type Config struct {
	Chats      engine.Chats   // the chats and what was posted in them; required
	Concurrent int            // houses of one Send that are worked on at once; 0: 8
	Timeout    time.Duration  // for one answer of a network; 0: 30 s
	VKPace     time.Duration  // between two requests with one community's token; 0: 100 ms, half of what VK allows: the channel vk has the other half
	VKTurns    *engine.Turns  // by token of VK, shared with other processes and the channel vk; nil: with none
	MAXPace    time.Duration  // between two requests with one bot's token; 0: 40 ms (30 a second are allowed)
	ChatPace   time.Duration  // between two messages to one chat of MAX; 0: 600 ms (2 a second are allowed)
	RootCAs    *x509.CertPool // that the networks' certificates are checked against (MAX has one of Минцифры); nil: the system's
	Log        *slog.Logger   // nil: slog.Default()
}

// Channel is the house chat channel. It is safe for concurrent use; Close it in the end.
type Channel struct {
	cfg    Config
	client *http.Client
	turns  turns[seat]

	mu   sync.Mutex
	bots map[access]network
}

// seat is a provider in a chat.
type seat struct {
	provider engine.ProviderID
	place    engine.ChatPlace
}

// access is with what a network is spoken to.
type access struct {
	network        engine.Network
	address, token string
}

// mostBots is how many tokens are remembered; more than one installation has providers that post at the same time.
const mostBots = 4096

// New makes the channel; it connects when there is something to post.
func New(cfg Config) (*Channel, error) {
	if cfg.Chats == nil {
		return nil, errors.New("house chats: there is no registry of chats")
	}
	cfg.Concurrent = cmp.Or(cfg.Concurrent, 8)
	cfg.Timeout = cmp.Or(cfg.Timeout, 30*time.Second)
	cfg.VKPace = cmp.Or(cfg.VKPace, 100*time.Millisecond)
	cfg.MAXPace = cmp.Or(cfg.MAXPace, 40*time.Millisecond)
	cfg.ChatPace = cmp.Or(cfg.ChatPace, maxChatGap)
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	return &Channel{cfg: cfg, client: newClient(cfg.Timeout, cfg.RootCAs), bots: map[access]network{}}, nil
}

// Close lets go of idle connections.
func (c *Channel) Close() error {
	c.client.CloseIdleConnections()
	return nil
}

// Limits implements engine.Limited: a post and its pin are two requests of the twenty a second that VK allows a community, and the channel vk
// needs some too.
func (c *Channel) Limits() engine.Limits { return engine.Limits{PerSecond: 5} }

// Send posts each message in the chats of its recipient's house; see engine.Channel. A message is taken when one of the chats took it. A
// post of which nobody knows whether it was made is a temporary Fault: the next attempt looks for it.
func (c *Channel) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	results := make([]engine.Result, len(msgs))
	var next atomic.Int64
	var posters sync.WaitGroup
	for range min(len(msgs), c.cfg.Concurrent) {
		posters.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(msgs)); i = next.Add(1) - 1 {
				results[i] = c.deliver(ctx, from, &msgs[i])
			}
		})
	}
	posters.Wait()
	return results
}

// deliver posts one message in all chats of the house.
func (c *Channel) deliver(ctx context.Context, from engine.Sender, msg *engine.Message) engine.Result {
	if f := refused(from, msg); f != nil {
		return engine.Result{Fault: f}
	}
	if ctx.Err() != nil {
		return engine.Result{Fault: &untried(ctx).Fault}
	}
	chats, err := c.book(from.Provider).serving(ctx, msg.Recipient.House)
	if err != nil {
		return engine.Result{Fault: &registryDown(ctx, "read the chats of the house", err).Fault}
	}
	var took engine.Result
	var worst *failure
	lost := 0
	for _, chat := range chats {
		switch chat.State() {
		case engine.ChatWaiting:
			continue
		case engine.ChatLost:
			lost++
			continue
		}
		id, f := c.visit(ctx, from, msg, chat.Place)
		if f == nil {
			took.ID = cmp.Or(took.ID, id)
			continue
		}
		c.cfg.Log.Warn("a house chat did not take a post", "network", string(chat.Place.Network), "reason", string(f.Reason), "code", f.Code)
		if worst == nil || !worst.Reason.Temporary() && f.Reason.Temporary() {
			worst = f
		}
	}
	switch {
	case took.ID != "":
		return took
	case worst != nil:
		worst.Whole = worst.Whole && (from.Provider.Setting("vk.token") == "" || from.Provider.Setting("max.token") == "") // the other network may work
		return engine.Result{Fault: &worst.Fault}
	case lost > 0:
		return engine.Result{Fault: &engine.Fault{Reason: engine.Refused, Code: "lost", Err: errors.New("every chat of this house is lost")}}
	}
	return engine.Result{Fault: &engine.Fault{Reason: engine.NoAddress, Code: "no chat", Err: errors.New("no chat of this house")}}
}

// refused is the Fault of a message that must not stand in a house chat.
func refused(from engine.Sender, msg *engine.Message) *engine.Fault {
	bad := func(code string, err error) *engine.Fault {
		return &engine.Fault{Reason: engine.BadMessage, Code: code, Err: err}
	}
	if kind := from.Campaign.Kind; !engine.Allowed(kind, engine.HouseChat) {
		return bad("kind", fmt.Errorf("messages of kind %s never go to a house chat", kind))
	}
	if msg.Content.Text == "" {
		return bad("empty", errors.New("there is no text"))
	}
	if err := guard(from, msg.Recipient, msg.Content); err != nil {
		return bad("personal data", err)
	}
	if from.Campaign.Kind == engine.KindAd {
		if err := advertisement(from, msg.Recipient, msg.Content.Text); err != nil {
			return bad("ad", err)
		}
	}
	return nil
}

// book is the chats of a provider.
func (c *Channel) book(p engine.Provider) book { return book{c.cfg.Chats, p.ID} }

// registryDown is the failure of what could not be done because the registry does not answer.
func registryDown(ctx context.Context, what string, err error) *failure {
	if ctx.Err() != nil {
		return untried(ctx)
	}
	return because(engine.Unavailable, "registry", fmt.Errorf("%s: %w", what, err))
}

// bot gives the network of a chat as the provider speaks with it.
func (c *Channel) bot(p engine.Provider, n engine.Network) (network, *failure) {
	key := access{n, p.Setting(string(n) + ".api_url"), p.Setting(string(n) + ".token")}
	if key.token == "" || !n.Known() {
		f := because(engine.Misconfigured, "no token", fmt.Errorf("the provider has no %s.token", n))
		f.Whole = true
		return nil, f
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.bots[key]; known != nil {
		return known, nil
	}
	if len(c.bots) >= mostBots {
		clear(c.bots)
	}
	var made network
	if n == engine.NetworkVK {
		made = newVKBot(key.address, key.token, c.client, &pacer{gap: c.cfg.VKPace}, c.cfg.VKTurns)
	} else {
		made = &maxBot{address: maxRoot(key.address), token: key.token, client: c.client,
			pace: &pacer{gap: c.cfg.MAXPace}, chatGap: c.cfg.ChatPace, last: map[int64]*pacer{}}
	}
	c.bots[key] = made
	return made, nil
}
