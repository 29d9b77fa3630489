package vk

import (
	"fmt"
	"testing"

	"vestnik/channels/channeltest"
	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

// TestContract runs what every channel must obey, against the simulator.
func TestContract(t *testing.T) {
	channeltest.Exercise(t, func(t *testing.T) (engine.Channel, channeltest.Peer) {
		server := start(t, vktest.Options{Rate: -1})
		server.Refuse(nobody, 901)
		return open(t, Config{Requests: -1}), &peer{t: t, Server: server}
	})
}

// start starts a community for the test.
func start(t testing.TB, options vktest.Options) *vktest.Server {
	t.Helper()
	server, err := vktest.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// open makes a channel for the test.
func open(t testing.TB, cfg Config) *Channel {
	t.Helper()
	channel, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = channel.Close() })
	return channel
}

// sender is the provider of a community.
func sender(server *vktest.Server) engine.Sender {
	return engine.Sender{Provider: engine.Provider{ID: "p1", Name: "УК «Заря»", Settings: server.Settings()}}
}

// letter is a message of the tests to the i-th resident.
func letter(i int) engine.Message {
	return engine.Message{
		Key:       fmt.Sprintf("c1-%d-vk", i),
		Recipient: &engine.Recipient{Account: fmt.Sprint(9000000 + i), Name: "Петров Пётр", VKID: resident(i)},
		Content: engine.Content{
			Text:    fmt.Sprintf("УК «Заря»: счёт за октябрь, лицевой счёт %d.\nК оплате 1 234,56 ₽ до 10 ноября.\nОплатить: https://vestnik.example/t/c/%040d", 9000000+i, i),
			Buttons: []engine.Button{{Label: "Оплатить", URL: fmt.Sprintf("https://vestnik.example/t/c/%040d", i)}},
		},
	}
}

func letters(n int) []engine.Message {
	msgs := make([]engine.Message, n)
	for i := range msgs {
		msgs[i] = letter(i)
	}
	return msgs
}

const nobody = 707_070_707

func resident(i int) int64 { return int64(100_000 + i) }

// peer is the simulator as channeltest sees it.
type peer struct {
	*vktest.Server
	t *testing.T
}

func (p *peer) Sender() engine.Sender { return sender(p.Server) }

func (p *peer) Resident(i int) engine.Recipient { return *letter(i).Recipient }

func (p *peer) Nobody() engine.Recipient {
	return engine.Recipient{Account: "9000099999", Name: "Никитина Никто", VKID: nobody}
}

// Taken finds the key of the exercise at the end of its text.
func (p *peer) Taken() map[string]int {
	taken := map[string]int{}
	for _, m := range p.Messages() {
		var key string
		if _, err := fmt.Sscanf(m.Text, "Сообщение %s", &key); err != nil {
			p.t.Fatal(err)
		}
		taken[key]++
	}
	return taken
}

func (p *peer) Down() { p.Stop() }
func (p *peer) Hang() { p.Misbehave(vktest.Trouble{Hang: true}) }
func (p *peer) Up() {
	p.Misbehave(vktest.Trouble{})
	if err := p.Resume(); err != nil {
		p.t.Fatal(err)
	}
}
