package bench

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	channel "vestnik/channels/email"
	"vestnik/channels/email/mailtest"
	"vestnik/cmd/vestnik/config"
	"vestnik/engine"
	"vestnik/templates"
)

// outage is what the notices tell: with it they have some 5 KB.
const outage = `{"service":"Горячее водоснабжение","from":"2026-11-05T09:00:00+03:00","to":"2026-11-05T18:00:00+03:00","reason":"Замена участка трубопровода"}`

// mailRounds is in how many turns e-mail and its baselines are measured: what else the machine does meanwhile strikes all alike.
const mailRounds = 4

// email renders notices and sends them through the e-mail channel, as workers do, to a server in another process that only counts. Beside it, one
// message composed before goes over as many bare connections, and one rendered before through the channel.
func email(b *bed) (r Result, err error) {
	sink, err := b.part(sinkPart)
	if err != nil {
		return r, err
	}
	var address string
	if err := sink.hear(&address); err != nil {
		return r, err
	}
	post, err := b.post(address)
	if err != nil {
		return r, err
	}
	block, err := post.compose()
	if err != nil {
		return r, err
	}
	r.Work = fmt.Sprintf("%d e-mails of %d bytes from template to SMTP server", b.options.N, len(block))
	r.Baselines = []Baseline{
		{Name: "fixed", Work: "one message composed before, over as many bare connections"},
		{Name: "rendered", Work: "one message rendered before, through the same channel"},
		{Name: "grouped", Work: "as fixed, each envelope in one write with the message before it"},
	}
	for round := range mailRounds {
		from, to := b.options.N*round/mailRounds, b.options.N*(round+1)/mailRounds
		for _, turn := range []struct {
			label string
			sum   *Measure
			work  func() error
		}{
			{"vestnik", &r.Measure, func() error { return post.send(from, to, post.write) }},
			{"fixed", &r.Baselines[0].Measure, func() error { return post.flood(to-from, block, (*line).send) }},
			{"rendered", &r.Baselines[1].Measure, func() error { return post.send(from, to, post.same) }},
			{"grouped", &r.Baselines[2].Measure, func() error { return post.flood(to-from, block, (*line).follow) }},
		} {
			m, err := b.timed(fmt.Sprintf("%s-%d", turn.label, round), to-from, "messages", turn.work)
			if err != nil {
				return r, err
			}
			*turn.sum = turn.sum.with(m)
		}
		b.show("Письма // E-mails", to, b.options.N)
	}
	r.Goals = []Goal{atLeast("rate", 10_000, r.Rate), atLeast("ratio", 0.8, r.Rate/r.Baselines[0].Rate)}
	signed, err := post.signed(&r)
	if err != nil {
		return r, err
	}
	return r, swallowed(sink, 4*b.options.N+signed)
}

// swallow is the part that takes mail; asked, it tells how many messages it has.
func swallow(with talk) error {
	null, err := mailtest.StartNull()
	if err != nil {
		return err
	}
	defer null.Close()
	if err := with.tell(null.URL()); err != nil {
		return err
	}
	for {
		var ask string
		if err := with.hear(&ask); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := with.tell(null.Count()); err != nil {
			return err
		}
	}
}

// swallowed checks that every message has arrived.
func swallowed(sink talk, n int) error {
	var count int
	if err := errors.Join(sink.tell("count"), sink.hear(&count)); err != nil {
		return err
	}
	if count != n {
		return fmt.Errorf("of %d messages %d have arrived", n, count)
	}
	return nil
}

// mailPeople is how many people the messages go to, over and over: workers have no more of them in memory either.
const mailPeople = 20_000

// post is what sends.
type post struct {
	bed     *bed
	relay   channel.Relay
	channel *channel.Channel
	workers int // who render and send batches, each one at a time
	lines   int // connections
	text    engine.Text
	sender  engine.Sender
	tokens  *engine.Tokens
	people  []engine.Recipient
}

func (b *bed) post(address string) (p *post, err error) {
	usual := config.Default()
	p = &post{bed: b, workers: usual.Worker.Concurrency["email"], lines: usual.Email.Connections, tokens: engine.NewTokens(make([]byte, 32))}
	p.sender = engine.Sender{Provider: utility(), Campaign: engine.Campaign{
		ID: engine.CampaignID(engine.NewID()), Kind: engine.KindOutage, Vars: []byte(outage),
	}}
	if p.text, err = templates.Builtin().Open(b.ctx, engine.TemplateRef{Name: "outage-planned"}); err != nil {
		return nil, err
	}
	if p.channel, err = p.open(address); err != nil {
		return nil, err
	}
	b.atEnd(p.channel.Close)
	p.people = make([]engine.Recipient, min(b.options.N, mailPeople))
	for i := range p.people {
		p.people[i] = person(i)
		p.people[i].Email = fmt.Sprintf("resident%07d@%s", i, mailboxes[i%len(mailboxes)])
	}
	return p, nil
}

// open makes a channel to one relay, as it is shipped.
func (p *post) open(address string) (*channel.Channel, error) {
	relays, err := channel.ParseRelays(address)
	if err != nil {
		return nil, err
	}
	p.relay = relays[0]
	return channel.New(channel.Config{Relays: relays, Connections: p.lines})
}

// compose gives the message of the first resident as the channel writes it: what a strict server got.
func (p *post) compose() ([]byte, error) {
	strict, err := mailtest.Start(mailtest.Options{})
	if err != nil {
		return nil, err
	}
	defer strict.Close()
	other := *p
	if other.channel, err = other.open(strict.URL()); err != nil {
		return nil, err
	}
	defer other.channel.Close()
	if err := other.send(0, 1, other.write); err != nil {
		return nil, err
	}
	return append(strict.Mails()[0].Raw, ".\r\n"...), nil
}

// write renders the messages of some residents.
func (p *post) write(from, to int) ([]engine.Message, error) {
	list := make([]engine.Message, 0, to-from)
	id := p.sender.Campaign.ID
	for i := from; i < to; i++ {
		o := engine.Ordinal(i)
		content, err := p.text.Render(engine.Email, &engine.Letter{
			Provider: p.sender.Provider, Campaign: p.sender.Campaign, Recipient: &p.people[i%len(p.people)],
			Links: p.tokens.LinksFor("https://vestnik.example", engine.Pass{Campaign: id, Ordinal: o, Channel: engine.Email}),
		})
		if err != nil {
			return nil, err
		}
		list = append(list, engine.Message{Key: engine.MessageKey(id, o, engine.Email, 0), Recipient: &p.people[i%len(p.people)], Content: content})
	}
	return list, nil
}

// same gives one message over and over.
func (p *post) same(from, to int) ([]engine.Message, error) {
	one, err := p.write(from, from+1)
	list := make([]engine.Message, to-from)
	for i := range list {
		list[i] = one[0]
	}
	return list, err
}

// send has workers write and send batches.
func (p *post) send(from, to int, write func(from, to int) ([]engine.Message, error)) error {
	next := atomic.Int64{}
	next.Store(int64(from))
	return together(p.workers, func() error {
		for {
			at := int(next.Add(engine.ChunkSize)) - engine.ChunkSize
			if at >= to {
				return nil
			}
			list, err := write(at, min(at+engine.ChunkSize, to))
			if err != nil {
				return err
			}
			for _, result := range p.channel.Send(p.bed.ctx, p.sender, list) {
				if result.Fault != nil {
					return result.Fault
				}
			}
		}
	})
}

// together has n workers do the same and joins their errors.
func together(n int, work func() error) error {
	failed := make([]error, n)
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { failed[i] = work() })
	}
	running.Wait()
	return errors.Join(failed...)
}
