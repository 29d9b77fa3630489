package gosuslugi_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/channels/channeltest"
	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// schemaDir has the published schemas.
const schemaDir = "gistest/testdata/xsd"

const (
	org   = "0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b"
	bic   = "044525225"
	payTo = "40702810900000000001"
)

// quick asks at once: the simulator is done when it is asked.
var quick = []time.Duration{time.Millisecond}

// stand starts a simulator with the organization; what it answered must have been right in the end. One that looks at the schemas looks at signatures too, except
// where it gets the published samples, which have none.
func stand(t *testing.T, options gistest.Options) *gistest.Server {
	t.Helper()
	options.Signed = options.Signed || options.Schemas != "" && !strings.Contains(t.Name(), "PublishedSamples")
	return standAs(t, options)
}

// standAs starts a simulator just as the options say.
func standAs(t *testing.T, options gistest.Options) *gistest.Server {
	t.Helper()
	options.User, options.Password = "sit", "secret"
	s, err := gistest.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		if err := s.Err(); err != nil {
			t.Error(err)
		}
	})
	s.AddOrganization(gistest.Organization{PPAGUID: org, BIC: bic, Account: payTo, Houses: []string{house(0), house(1)}})
	return s
}

// open makes a channel on a stand.
func open(t *testing.T, cfg gosuslugi.Config) *gosuslugi.Channel {
	t.Helper()
	if cfg.Notes == nil {
		cfg.Notes = enginetest.NewMemory().Stores().Notes
	}
	if cfg.Schedule == nil {
		cfg.Schedule = quick
	}
	c, err := gosuslugi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// seal is a key and a certificate for all tests.
var seal = sync.OnceValue(func() [2]string {
	key, certificate, err := gistest.Mint(context.Background(), "/C=RU/O=ООО УК/CN=Подпись")
	if err != nil {
		panic(err)
	}
	return [2]string{string(key), string(certificate)}
})

// sender is the organization; it signs if the stand wants it.
func sender(s *gistest.Server, kind engine.Kind) engine.Sender {
	from := engine.Sender{
		Provider: engine.Provider{ID: "p", Name: "УК", Timezone: "Europe/Moscow", Settings: map[string]string{
			"gis.stand": "custom", "gis.url": s.URL(), "gis.org_ppaguid": org, "gis.user": "sit", "gis.password": "secret", "payment.bic": bic, "payment.account": payTo,
		}},
		Campaign: engine.Campaign{ID: "c", Kind: kind},
	}
	if s.Signed() {
		from.Provider.Settings["gis.signing"], from.Provider.Settings["gis.key"], from.Provider.Settings["gis.cert"] = "openssl", seal()[0], seal()[1]
	}
	return from
}

func house(n int) string { return fmt.Sprintf("88888888-8888-4888-8888-%012d", n) }

func account(n int) string { return fmt.Sprintf("22222222-2222-4222-8222-%012d", n) }

func money(text string) *engine.Money {
	m, err := engine.ParseMoney(text)
	if err != nil {
		panic(err)
	}
	return &m
}

func residentNumber(n int) string { return fmt.Sprintf("40%08d", n) }

// resident has an account in ГИС ЖКХ, and a bill.
func resident(s *gistest.Server, n int) engine.Recipient {
	s.AddAccount(org, gistest.Account{GUID: account(n), Number: residentNumber(n), House: house(n / 100)})
	return engine.Recipient{
		Account: residentNumber(n), Name: "Иванова Мария Петровна", GISAccount: account(n), House: house(n / 100), Period: "2026-10",
		Amount: money("330.65"), Vars: []byte(`{"services":[{"name":"Холодное водоснабжение","unit":"м³","volume":"5","rate":"45.88","charged":"229.40"}],"debt":"100.00","penalty":1.25}`),
	}
}

// settled is a channel that waits for the answers, as the engine does over hours.
type settled struct {
	*gosuslugi.Channel
	keys *sync.Map // of messages by TransportGUID; nil: nobody asks
}

func (s settled) Send(ctx context.Context, from engine.Sender, msgs []engine.Message) []engine.Result {
	results := make([]engine.Result, len(msgs))
	for _, msg := range msgs {
		if s.keys != nil {
			s.keys.Store(gosuslugi.GUIDOf(msg.Key), msg.Key)
		}
	}
	todo := make([]int, len(msgs))
	for i := range todo {
		todo[i] = i
	}
	for len(todo) > 0 {
		handed := make([]engine.Message, len(todo))
		for k, i := range todo {
			handed[k] = msgs[i]
		}
		sent := s.Channel.Send(ctx, from, handed)
		for k, i := range todo {
			results[i] = sent[k]
		}
		s.wait(ctx, from, msgs, results)
		again := todo[:0]
		for _, i := range todo {
			if l := results[i].Later; l != nil && ctx.Err() == nil { // without a receipt: the engine hands it over again
				again = append(again, i)
			}
		}
		todo = again
	}
	return results
}

// wait asks about everything that is answered later, until it is answered.
func (s settled) wait(ctx context.Context, from engine.Sender, msgs []engine.Message, results []engine.Result) {
	for polls := 0; ; polls++ {
		var who []int
		var pending []engine.Receipt
		for i, r := range results {
			if r.Later != nil && r.Later.Receipt != "" {
				who, pending = append(who, i), append(pending, engine.Receipt{Key: msgs[i].Key, Text: r.Later.Receipt, Polls: polls})
			}
		}
		if who == nil {
			return
		}
		answers := s.Confirm(ctx, from, pending)
		for k, i := range who {
			if results[i] = answers[k]; ctx.Err() != nil && answers[k].Later != nil {
				results[i] = engine.Result{Fault: engine.FaultOf(ctx.Err())}
			}
		}
	}
}

// peer is the simulator as the exercise sees it.
type peer struct {
	*gistest.Server
	keys *sync.Map // by TransportGUID
}

func (p peer) Sender() engine.Sender           { return sender(p.Server, engine.KindBill) }
func (p peer) Resident(i int) engine.Recipient { return resident(p.Server, i) }
func (p peer) Nobody() engine.Recipient {
	r := resident(p.Server, 1)
	r.GISAccount, r.Account, r.Email = "33333333-3333-4333-8333-333333333333", "4099999999", "nobody@example.org"
	return r
}
func (p peer) Down() { p.Stop() }
func (p peer) Up() {
	p.Misbehave(gistest.Trouble{})
	if err := p.Resume(); err != nil {
		panic(err)
	}
}
func (p peer) Hang() { p.Misbehave(gistest.Trouble{Hang: true}) }
func (p peer) Taken() map[string]int {
	counts := map[string]int{}
	for _, d := range p.Documents(org) {
		key, _ := p.keys.Load(d.Transport)
		counts[key.(string)]++
	}
	return counts
}

func TestChannelObeysTheContract(t *testing.T) {
	channeltest.Exercise(t, func(t *testing.T) (engine.Channel, channeltest.Peer) {
		s := stand(t, gistest.Options{Polls: 1})
		keys := &sync.Map{}
		return settled{open(t, gosuslugi.Config{}), keys}, peer{s, keys}
	})
}
