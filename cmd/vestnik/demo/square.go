package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/api/client"
	"vestnik/channels/housechat/maxtest"
	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

// square is where neighbours meet: the chats of houses in VK and in MAX, whose simulators speak the real protocols. Of four houses one has a chat in
// VK, one in MAX, one in both and one has none; some neighbours share one. From one chat the company was put out.
type square struct {
	vk    *vktest.Server
	max   *maxtest.Server
	chats []*gathering
	open  bool // the chats have their houses
}

// gathering is one chat of the square.
type gathering struct {
	id      string
	network engine.Network
	houses  []*House
	n       int64 // MAX: the group; VK: the number of the chat, and then its peer
	lost    bool
}

// openSquare furnishes it. The community of VK is there already.
func openSquare(w *World, vk *vktest.Server) (*square, error) {
	bot, err := maxtest.Start(maxtest.Options{PerSecond: -1, PerChat: -1})
	if err != nil {
		return nil, fmt.Errorf("start the bot in MAX: %w", err)
	}
	s := &square{vk: vk, max: bot}
	for i := range w.Houses {
		h := &w.Houses[i]
		if i%4 == 0 || i%4 == 2 {
			s.add(engine.NetworkVK, h).lost = i == 6
		}
		if i%4 == 2 || i%4 == 1 {
			chat := s.add(engine.NetworkMAX, h)
			if next := i + 3; i%4 == 1 && i%8 == 1 && next < len(w.Houses) { // shared with a neighbour
				chat.houses = append(chat.houses, &w.Houses[next])
			}
		}
	}
	return s, nil
}

func (s *square) add(network engine.Network, h *House) *gathering {
	n := int64(len(s.chats) + 1)
	if network == engine.NetworkMAX {
		n = -n
	}
	s.chats = append(s.chats, &gathering{id: fmt.Sprintf("%s-%d", network, len(s.chats)+1), network: network, houses: []*House{h}, n: n})
	return s.chats[len(s.chats)-1]
}

// settings are the company's about its bot in MAX. It may post as fast as it can.
func (s *square) settings() map[string]string {
	return map[string]string{"max.token": s.max.Token(), "max.api_url": s.max.URL(), "housechat.per_second": "1000000"}
}

// gather has the administrators of all chats take the company in and post its link codes, as they would anywhere; it waits until the chats are open,
// and puts the company out of some.
func (s *square) gather(ctx context.Context, api *client.Client, pause func(context.Context) error) error {
	if s.open || len(s.chats) == 0 {
		return nil
	}
	for s.max.Subscribed() == 0 {
		if err := pause(ctx); err != nil {
			return fmt.Errorf("wait until MAX knows where we are: %w", err)
		}
	}
	for list := range slices.Chunk(s.chats, 500) {
		if err := s.introduce(ctx, api, list); err != nil {
			return err
		}
	}
	if err := s.await(ctx, api, pause, func(g *gathering) engine.ChatState { return engine.ChatOpen }); err != nil {
		return err
	}
	for _, g := range s.chats {
		if g.lost {
			s.vk.PutOut(g.n, true)
		}
	}
	s.open = true
	return s.await(ctx, api, pause, (*gathering).state)
}

func (g *gathering) state() engine.ChatState {
	if g.lost {
		return engine.ChatLost
	}
	return engine.ChatOpen
}

// introduce adds chats over the API and posts their codes.
func (s *square) introduce(ctx context.Context, api *client.Client, list []*gathering) error {
	wanted := make([]client.NewHouseChat, len(list))
	for i, g := range list {
		wanted[i] = client.NewHouseChat{ID: g.id, Network: g.network, Title: g.houses[0].Address}
		for _, h := range g.houses {
			wanted[i].Houses = append(wanted[i].Houses, h.ID)
		}
	}
	made, err := api.PutHouseChats(ctx, wanted...)
	if err != nil || len(made) != len(list) {
		return fmt.Errorf("add the house chats: %w", err)
	}
	for i, g := range list {
		text := "Подключаем сообщения управляющей компании: " + made[i].Code
		if g.network == engine.NetworkMAX {
			s.max.TakeIn(g.n)
			s.max.Say(g.n, text, false)
			continue
		}
		g.n = s.vk.OpenChat(g.n)
		s.vk.TakeIn(g.n)
		s.vk.SayInChat(g.n, text)
	}
	return nil
}

// await waits until the API tells of every chat what is expected of it.
func (s *square) await(ctx context.Context, api *client.Client, pause func(context.Context) error, want func(*gathering) engine.ChatState) error {
	for {
		states := map[string]engine.ChatState{}
		for cursor, more := "", true; more; more = cursor != "" {
			page, err := api.HouseChats(ctx, cursor, 1000)
			if err != nil {
				return fmt.Errorf("look at the house chats: %w", err)
			}
			for _, c := range page.Items {
				states[c.ID] = c.State
			}
			cursor = page.Next
		}
		if !slices.ContainsFunc(s.chats, func(g *gathering) bool { return states[g.id] != want(g) }) {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("wait for the house chats: %w", err)
		}
	}
}

// notice is what we have posted in a chat.
type notice struct {
	text            string
	pinned, answers bool
}

// notices gives what we have posted in a chat, the oldest first.
func (s *square) notices(g *gathering) (list []notice) {
	if g.network == engine.NetworkMAX {
		for _, p := range s.max.Posts(g.n) {
			if p.Bot {
				list = append(list, notice{p.Text, p.Pinned, p.Answers != ""})
			}
		}
		return list
	}
	for _, p := range s.vk.ChatPosts(g.n) {
		if p.Own {
			list = append(list, notice{p.Text, p.Pinned, p.Answers != 0})
		}
	}
	return list
}

// told gives the houses in a chat of whose a text with these words stands, once; more than once is an error.
func (s *square) told(sign string) (houses map[*House]bool, err error) {
	houses = map[*House]bool{}
	for _, g := range s.chats {
		n := 0
		for _, notice := range s.notices(g) {
			if strings.Contains(notice.text, sign) {
				n++
			}
		}
		if n > 1 {
			err = errors.Join(err, fmt.Errorf("the chat %s was told %d times", g.id, n))
		}
		for _, h := range g.houses {
			if n > 0 {
				houses[h] = true
			}
		}
	}
	return houses, err
}

// check tells what is wrong when an outage is over: it is told in an answer to its notice, and nothing is pinned any more.
func (s *square) check(sign string) (problems []string) {
	for _, g := range s.chats {
		list := s.notices(g)
		if g.lost || len(list) == 0 {
			continue
		}
		last := list[len(list)-1]
		if !strings.Contains(last.text, sign) || !last.answers || slices.ContainsFunc(list, func(n notice) bool { return n.pinned }) {
			problems = append(problems, fmt.Sprintf("the chat %s does not know that the outage is over: %d posts, the last answers another: %t", g.id, len(list), last.answers))
		}
	}
	return problems
}

// close ends it.
func (s *square) close() { s.max.Close() }

// overPatience is how long the news of an outage's end may take.
const overPatience = 2 * time.Minute

// over tells the houses of an outage that it is over: the same reference makes it an answer to what was told before. It tells what went wrong.
func (d *Demo) over(ctx context.Context, list []*ordered) (problems []string, err error) {
	at := slices.IndexFunc(list, func(o *ordered) bool { return o.kind == engine.KindOutage })
	if at < 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, overPatience)
	defer cancel()
	before := d.world.Order(engine.KindOutage, "")
	c, err := d.api.CreateCampaign(ctx, client.Order{
		Name: "Горячая вода снова есть", Kind: engine.KindOutage, Template: "outage-restored", Reference: before.Reference,
		Route: &engine.Route{Lanes: []engine.Lane{{{Channel: engine.HouseChat}}}},
		Vars:  map[string]any{"service": before.Vars["service"], "phone": d.world.Company.Phone},
	})
	if err != nil {
		return nil, fmt.Errorf("order the end of the outage: %w", err)
	}
	audience, err := d.world.Audience(d.dir, engine.KindOutage)
	if err != nil {
		return nil, err
	}
	o := &ordered{id: c.ID, name: c.Name}
	if err := d.upload(ctx, o, audience); err != nil {
		return nil, fmt.Errorf("upload the recipients of %q: %w", c.Name, err)
	}
	if c, err = d.api.Start(ctx, c.ID); err != nil {
		return nil, fmt.Errorf("start %q: %w", c.Name, err)
	}
	for !c.Status.Ended() {
		if err := d.pause(ctx, lookPause); err != nil {
			return nil, err
		}
		if c, err = d.api.Campaign(ctx, c.ID); err != nil {
			return nil, fmt.Errorf("look at %q: %w", o.name, err)
		}
	}
	if !c.Ledger.Balanced() || c.Ledger.InFlight > 0 {
		problems = append(problems, fmt.Sprintf("%s: the ledger does not balance: %+v", c.Name, c.Ledger))
	}
	return append(problems, d.square.check("Восстановлено")...), nil
}
