package housechat

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"vestnik/channels/channeltest"
	"vestnik/channels/housechat/maxtest"
	"vestnik/engine"
)

// TestContract runs what every channel must obey, once with VK chats and once with MAX chats.
func TestContract(t *testing.T) {
	t.Run("VK", func(t *testing.T) {
		channeltest.Exercise(t, func(t *testing.T) (engine.Channel, channeltest.Peer) {
			w := newWorld(t)
			return w.channel, &vkPeer{peer{w: w, open: func(n int64, house string) { w.vkAt(n, house) }}}
		})
	})
	t.Run("MAX", func(t *testing.T) {
		channeltest.Exercise(t, func(t *testing.T) (engine.Channel, channeltest.Peer) {
			w := newWorld(t)
			return w.channel, &maxPeer{peer{w: w, open: func(n int64, house string) { w.maxAt(n, house) }}}
		})
	})
}

// peer is a network as channeltest sees it: every resident has a house with a chat.
type peer struct {
	w    *world
	open func(n int64, house string)
}

func (p *peer) Sender() engine.Sender { return p.w.outage("exercise", "outage-planned", "") }

func (p *peer) Resident(i int) engine.Recipient {
	house := fmt.Sprintf("house-%d", i)
	if known, _ := p.w.chats.book().serving(p.w.t.Context(), house); len(known) == 0 {
		p.open(int64(i+1), house)
	}
	return engine.Recipient{Account: fmt.Sprintf("90000%05d", i), Name: "Петров Пётр", House: house}
}

func (p *peer) Nobody() engine.Recipient {
	return engine.Recipient{Account: "9000099999", Name: "Никитина Никто", House: "5c8b06f1-0000-496e-b683-7bf917e0d70b"}
}

func count(taken map[string]int, text string) {
	if key, is := strings.CutPrefix(text, "Сообщение "); is {
		taken[key]++
	}
}

type vkPeer struct{ peer }

func (p *vkPeer) Taken() map[string]int {
	taken := map[string]int{}
	for _, c := range p.w.chats.all() {
		for _, post := range p.w.vk.posts(c.Place.ID) {
			count(taken, post.text)
		}
	}
	return taken
}

func (p *vkPeer) Down() {
	p.w.vk.server.CloseClientConnections()
	p.w.vk.server.Close()
}

func (p *vkPeer) Hang() { p.w.vk.set(func() { p.w.vk.hang = true }) }

func (p *vkPeer) Up() {
	p.w.vk.set(func() { p.w.vk.hang = false })
	if p.w.vk.answers() {
		return
	}
	p.w.vk.start(p.w.vk.address)
}

type maxPeer struct{ peer }

func (p *maxPeer) Taken() map[string]int {
	taken := map[string]int{}
	for _, id := range p.w.max.Groups() {
		for _, post := range p.w.max.Posts(id) {
			count(taken, post.Text)
		}
	}
	return taken
}

func (p *maxPeer) Down() { p.w.max.Stop() }
func (p *maxPeer) Hang() { p.w.max.Misbehave(maxtest.Silent, -1) }
func (p *maxPeer) Up() {
	p.w.max.Misbehave(maxtest.Nothing, 0)
	if err := p.w.max.Resume(); err != nil {
		p.w.t.Fatal(err)
	}
}

// TestLimits: without waiting a channel keeps what the networks allow to itself.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	if limits := w.channel.Limits(); limits.PerSecond < 1 || limits.PerSecond > 10 {
		t.Errorf("limits %+v: a post and its pin are two requests of twenty a second", limits)
	}
	strict := startMAX(t, maxtest.Options{})
	channel, err := New(Config{Chats: w.chats})
	if err != nil {
		t.Fatal(err)
	}
	defer channel.Close()
	from := w.sender("pace", engine.KindMeeting, "meeting-planned", nil)
	from.Provider.Settings["max.api_url"] = strict.URL()
	strict.Open(-1)
	w.serve(placeOf(engine.NetworkMAX, -1), []string{houseA})
	var msgs []engine.Message
	for i := range 5 { // five posts to one chat: the campaigns differ
		msgs = append(msgs, to("pace", i, houseA, fmt.Sprintf("Собрание номер %d", i)))
		msgs[i].Key = fmt.Sprintf("other-%d", i)
	}
	begin := time.Now()
	for _, result := range channel.Send(t.Context(), from, msgs) {
		took(t, result)
	}
	if n := strict.Refused("too.many.requests"); n > 0 {
		t.Errorf("MAX asked %d times to slow down", n)
	}
	if took := time.Since(begin); took < 2*time.Second {
		t.Errorf("five messages to one chat took %v", took)
	}
}
