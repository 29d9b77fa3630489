package email

import (
	"bytes"
	"fmt"
	"net/mail"
	"strings"
	"testing"

	"vestnik/channels/channeltest"
	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// TestContract runs what every channel must obey, against the sink.
func TestContract(t *testing.T) {
	channeltest.Exercise(t, func(t *testing.T) (engine.Channel, channeltest.Peer) {
		sink := startSink(t, mailtest.Options{})
		return open(t, Config{Hello: "vestnik.example"}, sink.URL()), &peer{t: t, sink: sink}
	})
}

func startSink(t testing.TB, options mailtest.Options) *mailtest.Sink {
	t.Helper()
	sink, err := mailtest.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	return sink
}

// peer is the sink as channeltest sees it.
type peer struct {
	t    *testing.T
	sink *mailtest.Sink
}

func (p *peer) Sender() engine.Sender { return utility }

func (p *peer) Resident(i int) engine.Recipient {
	return engine.Recipient{Account: fmt.Sprintf("90000%05d", i), Name: "Петров Пётр", Email: fmt.Sprintf("petrov%d@example.org", i)}
}

func (p *peer) Nobody() engine.Recipient {
	return engine.Recipient{Account: "9000099999", Name: "Никитина Никто", Email: "bounce550+Nikitina@example.org"}
}

func (p *peer) Taken() map[string]int {
	taken := map[string]int{}
	for _, m := range p.sink.Mails() {
		parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
		if err != nil {
			p.t.Fatal(err)
		}
		key, _, _ := strings.Cut(strings.Trim(parsed.Header.Get("Message-ID"), "<>"), "@")
		taken[key]++
	}
	return taken
}

func (p *peer) Down() { p.sink.Stop() }
func (p *peer) Hang() { p.sink.Misbehave(mailtest.Silent) }
func (p *peer) Up() {
	p.sink.Misbehave(mailtest.None)
	if err := p.sink.Resume(); err != nil {
		p.t.Fatal(err)
	}
}
