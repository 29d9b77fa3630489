package vk

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/SevereCloud/vksdk/v2/api"

	"vestnik/engine"
)

// The provider's settings that the channel reads.
const (
	SettingGroup = "vk.group_id" // number of the community
	SettingToken = "vk.token"    // a key of the community with the right to messages
	SettingURL   = "vk.api_url"  // of the API, without /method/; empty: https://api.vk.com
)

// apiVersion is the version every request names (dev.vk.com/ru/reference/versions): answers keep their shape until we change it.
const apiVersion = "5.199"

// place is one community at one API.
type place struct {
	url   string
	group int64
}

// community is a provider's community as one call of the channel uses it.
type community struct {
	place
	channel *Channel
	vk      *api.VK
	token   string
	pacer   *pacer
}

// community reads the provider's settings.
func (c *Channel) community(p engine.Provider) (*community, error) {
	place, token, err := settingsOf(p)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	pace, is := c.pacers[place]
	if !is {
		pace = newPacer(c.cfg.Requests)
		c.pacers[place] = pace
	}
	return &community{place: place, channel: c, vk: newAPI(place, token, c.client), token: token, pacer: pace}, nil
}

func settingsOf(p engine.Provider) (place, string, error) {
	group, err := strconv.ParseInt(p.Setting(SettingGroup), 10, 64)
	if err != nil || group <= 0 {
		return place{}, "", errors.New("the provider's " + SettingGroup + " is not the number of a community")
	}
	token := p.Setting(SettingToken)
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return place{}, "", errors.New("the provider has no " + SettingToken)
	}
	at, err := url.Parse(cmp.Or(p.Setting(SettingURL), "https://api.vk.com"))
	if err != nil || at.Scheme != "https" && at.Scheme != "http" || at.Host == "" || at.User != nil || at.RawQuery != "" {
		return place{}, "", errors.New("the provider's " + SettingURL + " is not the address of an API")
	}
	base := strings.TrimSuffix(strings.TrimRight(at.String(), "/"), "/method")
	return place{url: base + "/method/", group: group}, token, nil
}

// newAPI is vksdk as we use it: our client, our version, no limiter.
func newAPI(at place, token string, client *http.Client) *api.VK {
	vk := api.NewVK(token)
	vk.MethodURL, vk.Version, vk.Client, vk.Limit = at.url, apiVersion, client, 0
	return vk
}

// mostCrowded is how often a request is made again that VK found to be one too many.
const mostCrowded = 4

// execute runs a program at the community's pace and gives what each call came to. A request beyond the pace (error 6) VK has not looked at:
// other processes use the community too, or requests have caught up with each other on their way. It is made again after a pause.
func (c *community) execute(ctx context.Context, p program) ([]item, *engine.Fault) {
	code := p.text()
	for tries := 0; ; tries++ {
		if fault := c.pacer.wait(ctx); fault != nil {
			return nil, fault
		}
		if c.channel.cfg.Turns.Wait(ctx, c.token) != nil {
			return nil, untried(ctx)
		}
		reply, failed, err := c.ask(ctx, code)
		if err == nil {
			return match(reply, failed, len(p))
		}
		if said, is := errors.AsType[*api.Error](err); is && said.Code == api.ErrTooMany && tries < mostCrowded {
			c.pacer.crowd(tries)
			continue
		}
		fault := faultOf(ctx, err)
		if fault.Reason == engine.Throttled {
			c.pacer.pause(fault.RetryAfter)
		}
		return nil, fault
	}
}

// ask sends a program. A request that is on the wire when ctx ends is given some time: a message whose end is known need not be sent again.
func (c *community) ask(ctx context.Context, code string) (reply []json.RawMessage, failed api.ExecuteErrors, err error) {
	wire, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	grace := make(chan *time.Timer, 1)
	unwatch := context.AfterFunc(ctx, func() { grace <- time.AfterFunc(c.channel.cfg.Grace, cancel) })
	defer func() {
		if !unwatch() {
			(<-grace).Stop()
		}
	}()
	err = c.vk.ExecuteWithArgs(code, api.Params{}.WithContext(wire), &reply)
	if partial, is := errors.AsType[*api.ExecuteErrors](err); is {
		return reply, *partial, nil
	}
	return reply, nil, err
}

// remember notes whether the community may write to a user.
func (c *community) remember(user int64, allowed bool) { c.channel.memory.put(c.place, user, allowed) }
