package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"vestnik/channels/vk"
	"vestnik/channels/vk/vktest"
	"vestnik/engine"
	"vestnik/templates"
)

// What the community and our door call each other with.
const (
	vkSecret       = "bench-secret"
	vkConfirmation = "bench0confirm"
)

// townsfolk is what the part of the community is told to do.
type townsfolk struct {
	Rate int    // begin anew, taking so many requests a second; below 0: without bound; 0: go on
	Door string // where events go from now on
	Tell int    // so many events, and wait until they have been taken
}

// settledVK is what it answers: its settings for a provider, how many messages it has, how many events were given up.
type settledVK struct {
	Settings map[string]string
	Messages int
	Lost     int
}

// talkVK is the part that plays the community.
func talkVK(with talk) (err error) {
	var server *vktest.Server
	defer func() {
		if server != nil {
			server.Close()
		}
	}()
	for {
		var ask townsfolk
		if err := with.hear(&ask); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if ask.Rate != 0 {
			if server != nil {
				server.Close()
			}
			if server, err = vktest.Start(vktest.Options{Rate: ask.Rate, Keep: 100}); err != nil {
				return err
			}
		}
		if ask.Door != "" {
			if err := server.Door(ask.Door, vkSecret, vkConfirmation); err != nil {
				return err
			}
		}
		for i := range ask.Tell {
			server.Allow(int64(i + 1))
		}
		taken, lost := server.Told()
		for ; taken+lost < ask.Tell; taken, lost = server.Told() {
			time.Sleep(time.Millisecond)
		}
		if err := with.tell(settledVK{server.Settings(), server.Count(), lost}); err != nil {
			return err
		}
	}
}

// limitSeconds is how long messages are sent at VK's limit.
const limitSeconds = 10

// vkontakte sends notices with buttons to a community in another process that takes what comes; then to one that takes 20 requests a second, as VK
// does; and then has events brought to our door.
func vkontakte(b *bed) (r Result, err error) {
	part, err := b.part(communityPart)
	if err != nil {
		return r, err
	}
	n := b.options.N
	most := min(n, 500*limitSeconds)
	r.Work = fmt.Sprintf("%d notices with a button to a VK community without limits", n)
	r.Baselines = []Baseline{
		{Name: "limit", Work: fmt.Sprintf("%d of them to one that takes 20 requests a second with 25 messages each", most)},
		{Name: "door", Work: fmt.Sprintf("%d events to our door, over 64 connections", n)},
	}
	for _, turn := range []struct {
		label   string
		rate, n int
		into    *Measure
	}{{label: "vestnik", rate: -1, n: n, into: &r.Measure}, {label: "limit", rate: 20, n: most, into: &r.Baselines[0].Measure}} {
		var at settledVK
		if err := errors.Join(part.tell(townsfolk{Rate: turn.rate}), part.hear(&at)); err != nil {
			return r, err
		}
		*turn.into, err = b.timed(turn.label, turn.n, "messages", func() error { return b.notify(at.Settings, turn.rate, turn.n) })
		if err != nil {
			return r, err
		}
		if err := errors.Join(part.tell(townsfolk{}), part.hear(&at)); err != nil {
			return r, err
		}
		if at.Messages != turn.n {
			return r, fmt.Errorf("of %d messages %d have arrived", turn.n, at.Messages)
		}
		b.show("Сообщения // Messages", turn.n, turn.n)
	}
	if r.Baselines[1].Measure, err = b.knock(part, n); err != nil {
		return r, err
	}
	r.Goals = []Goal{atLeast("rate", 20_000, r.Rate), atLeast("share_of_limit", 0.95, r.Baselines[0].Rate/500), atLeast("door", 10_000, r.Baselines[1].Rate)}
	return r, nil
}

// notify renders n notices and sends them, as workers do.
func (b *bed) notify(settings map[string]string, rate, n int) error {
	channel, err := vk.New(vk.Config{Requests: rate})
	if err != nil {
		return err
	}
	defer channel.Close()
	text, err := templates.Builtin().Open(b.ctx, engine.TemplateRef{Name: "action-required"})
	if err != nil {
		return err
	}
	from := engine.Sender{Provider: utility(), Campaign: engine.Campaign{ID: engine.CampaignID(engine.NewID()), Kind: engine.KindAction,
		Vars: []byte(`{"what":"передать показания счётчиков","deadline":"2026-11-25","link":"https://merilo.example/readings"}`)}}
	from.Provider.Settings = settings
	tokens := engine.NewTokens(make([]byte, 32))
	send := func(begin, end int) error {
		list := make([]engine.Message, 0, end-begin)
		for i := begin; i < end; i++ {
			p := person(i)
			p.VKID = int64(i + 1)
			links := tokens.LinksFor("https://vestnik.example", engine.Pass{Campaign: from.Campaign.ID, Ordinal: engine.Ordinal(i), Channel: engine.VK})
			content, err := text.Render(engine.VK, &engine.Letter{Provider: from.Provider, Campaign: from.Campaign, Recipient: &p, Links: links})
			if err != nil {
				return err
			}
			list = append(list, engine.Message{Key: engine.MessageKey(from.Campaign.ID, engine.Ordinal(i), engine.VK, 0), Recipient: &p, Content: content})
		}
		for _, result := range channel.Send(b.ctx, from, list) {
			if result.Fault != nil {
				return result.Fault
			}
		}
		return nil
	}
	return inBatches(n, send)
}

// inBatches does batches of a chunk's size, four at a time, and gives the first failure.
func inBatches(n int, do func(from, to int) error) error {
	var next atomic.Int64
	var workers sync.WaitGroup
	failures := make(chan error, 4)
	for range 4 {
		workers.Go(func() {
			for {
				to := int(next.Add(engine.ChunkSize))
				from := to - engine.ChunkSize
				if from >= n {
					return
				}
				if err := do(from, min(to, n)); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	workers.Wait()
	close(failures)
	return <-failures
}

// knock opens our door and has n events brought to it.
func (b *bed) knock(part talk, n int) (m Measure, err error) {
	var taken atomic.Int64
	hook, err := vk.NewHook(vk.HookConfig{Group: 1, Secret: vkSecret, Confirmation: vkConfirmation,
		Take: func(_ context.Context, events []vk.Event) error { taken.Add(int64(len(events))); return nil }})
	if err != nil {
		return m, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return m, err
	}
	server := &http.Server{Handler: hook, ReadHeaderTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() { err = errors.Join(err, server.Close()); <-served }()
	var at settledVK
	if err := errors.Join(part.tell(townsfolk{Rate: -1, Door: "http://" + listener.Addr().String()}), part.hear(&at)); err != nil {
		return m, err
	}
	m, err = b.timed("door", n, "events", func() error { return errors.Join(part.tell(townsfolk{Tell: n}), part.hear(&at)) })
	if err == nil && (at.Lost > 0 || taken.Load() < int64(n)) {
		err = fmt.Errorf("of %d events %d were taken and %d given up", n, taken.Load(), at.Lost)
	}
	return m, err
}
