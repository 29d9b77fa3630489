package vk

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/SevereCloud/vksdk/v2/api"
	"github.com/SevereCloud/vksdk/v2/events"
	longpoll "github.com/SevereCloud/vksdk/v2/longpoll-bot"

	"vestnik/engine"
)

// PollConfig says whose events Poll asks for, and from where on.
type PollConfig struct {
	Provider engine.Provider                      // whose settings name the community
	From     string                               // what Keep was given last; empty: from now on
	Take     func(context.Context, []Event) error // is handed what came together; what it fails to take is asked for again
	// Chats is handed each message in one of the community's chats, as the Callback API would bring it, under the same terms as Take; nil: nobody is.
	Chats func(ctx context.Context, event json.RawMessage) error
	Keep  func(context.Context, string) error // is told from where to go on, after Take; nil: nobody is
	Wait  time.Duration                       // for one answer, whole seconds; 0: 25 s
	Pause time.Duration                       // after a failure, doubled up to a minute; 0: 1 s
}

// Poll asks VK for a community's events (Bots Long Poll, dev.vk.com/ru/api/bots-long-poll/getting-started): for those who have no public
// address for a hook. It switches the events it needs on by itself. It goes on after failures of all kinds and returns nil when ctx ends; an
// *engine.Fault says that VK does not let us in. Like a hook it may tell an event again.
func Poll(ctx context.Context, cfg PollConfig) error {
	if cfg.Take == nil {
		return errors.New("VK: nobody takes the events")
	}
	at, token, err := settingsOf(cfg.Provider)
	if err != nil {
		return &engine.Fault{Reason: engine.Misconfigured, Whole: true, Err: err}
	}
	cfg.Wait, cfg.Pause = cmp.Or(cfg.Wait, 25*time.Second), cmp.Or(cfg.Pause, time.Second)
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute}
	defer transport.CloseIdleConnections()
	p := &poller{
		cfg: cfg, ts: cfg.From, group: int(at.group),
		vk: newAPI(at, token, &http.Client{Transport: transport, Timeout: 30 * time.Second}),
	}
	p.client = &http.Client{Transport: trimming{transport, &p.chats}, Timeout: cfg.Wait + 15*time.Second}
	for pause := cfg.Pause; ; {
		progress, err := p.round(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // whatever ended the round, ctx did
		}
		if err == nil {
			pause = cfg.Pause
			continue
		}
		fault := faultOf(ctx, err)
		if fault.Reason == engine.Misconfigured {
			return fmt.Errorf("poll the community's events: %w", fault)
		}
		if progress {
			pause = cfg.Pause
		}
		select {
		case <-time.After(max(pause, fault.RetryAfter)):
		case <-ctx.Done():
			return nil
		}
		pause = min(2*pause, time.Minute)
	}
}

// roundOf is how many answers vksdk is asked for at a stretch: with every one its context grows.
const roundOf = 200

// poller is one Poll.
type poller struct {
	cfg    PollConfig
	vk     *api.VK
	client *http.Client
	group  int
	ts     string            // from where on events have not been taken
	chats  []json.RawMessage // what the last answer tells of chats
}

// round polls until something fails, or for a good while. It tells whether anything was taken.
func (p *poller) round(ctx context.Context) (progress bool, err error) {
	server, err := p.vk.GroupsGetLongPollServer(api.Params{"group_id": p.group}.WithContext(ctx))
	if err != nil {
		return false, err
	}
	lp := &longpoll.LongPoll{
		VK: p.vk, GroupID: p.group, Client: p.client, Wait: int(p.cfg.Wait / time.Second),
		Key: server.Key, Server: server.Server, Ts: cmp.Or(p.ts, server.Ts),
	}
	var came []Event
	for _, kind := range told {
		lp.OnEvent(kind, func(_ context.Context, e events.GroupEvent) {
			if event, is := eventOf(e, time.Now()); is {
				came = append(came, event)
			}
		})
	}
	answers, failed := 0, error(nil)
	lp.FullResponse(func(longpoll.Response) {
		if failed = p.taken(ctx, came, lp.Ts); failed != nil {
			lp.Shutdown()
			return
		}
		came, progress = nil, true
		if answers++; answers == roundOf {
			lp.Shutdown()
		}
	})
	defer lp.Shutdown() // or its context stays with ours
	err = lp.RunWithContext(ctx)
	return progress, cmp.Or(failed, err)
}

// taken hands events on and remembers what comes after them.
func (p *poller) taken(ctx context.Context, came []Event, ts string) error {
	if len(came) > 0 {
		if err := p.cfg.Take(ctx, came); err != nil {
			return fmt.Errorf("take events: %w", err)
		}
	}
	for _, event := range p.chats {
		if p.cfg.Chats == nil {
			break
		}
		if err := p.cfg.Chats(ctx, event); err != nil {
			return fmt.Errorf("take events of chats: %w", err)
		}
	}
	if ts == p.ts {
		return nil
	}
	if p.cfg.Keep != nil {
		if err := p.cfg.Keep(ctx, ts); err != nil {
			return fmt.Errorf("remember where to go on: %w", err)
		}
	}
	p.ts = ts
	return nil
}

// mostPolled bounds one answer.
const mostPolled = 16 << 20

// trimming leaves of VK's answers what we read (see trim), so that an event in a form vksdk does not know cannot hide those beside it. What is said in
// chats it puts aside.
type trimming struct {
	base  http.RoundTripper
	chats *[]json.RawMessage
}

// RoundTrip asks and trims.
func (t trimming) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("VK answered %d", response.StatusCode)
	}
	var answer struct {
		Ts      any                 `json:"ts,omitempty"` // a string, or a number beside failed
		Failed  int                 `json:"failed,omitempty"`
		Updates []events.GroupEvent `json:"updates,omitempty"`
	}
	decoder := json.NewDecoder(io.LimitReader(response.Body, mostPolled))
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		return nil, errors.New("the answer of VK cannot be read")
	}
	if answer.Ts != nil {
		answer.Ts = fmt.Sprint(answer.Ts)
	}
	ours := answer.Updates[:0]
	*t.chats = nil
	for _, e := range answer.Updates {
		if inChat(e) {
			*t.chats = append(*t.chats, literal(e))
			continue
		}
		if is, err := trim(&e); is && err == nil {
			ours = append(ours, e)
		}
	}
	answer.Updates = ours
	body := literal(answer)
	trimmed := *response
	trimmed.Body, trimmed.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return &trimmed, nil
}
