package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"vestnik/engine"
)

// visitors is how many people open their mail at the same time, each over a connection that stays open and each waiting for its answer.
const visitors = 128

// crowd is what the part of the visitors is told.
type crowd struct {
	Address  string
	Secret   []byte
	Campaign engine.CampaignID
	N        int
}

// sight is what the visitors tell.
type sight struct {
	Opened  int
	Latency Latency
}

// track has visitors, a process of their own, ask for the open pixel of one recipient after another; each is a fact that must be durable before
// it is answered.
func track(b *bed) (r Result, err error) {
	t, err := b.town()
	if err != nil {
		return r, err
	}
	stores, _, _, err := b.enrol(t)
	if err != nil {
		return r, err
	}
	c := engine.Campaign{ID: engine.CampaignID(engine.NewID()), Provider: utility().ID, Mode: engine.Live, Kind: engine.KindBill, Status: engine.StatusCompleted}
	if err := stores.Registry.AddCampaign(b.ctx, c); err != nil {
		return r, err
	}
	address, err := b.server(t)
	if err != nil {
		return r, err
	}
	people, err := b.part(visitorPart)
	if err != nil {
		return r, err
	}
	var ready bool
	if err := people.tell(crowd{address, t.Secret, c.ID, b.options.N}); err != nil {
		return r, err
	}
	if err := people.hear(&ready); err != nil {
		return r, err
	}
	var seen sight
	r.Work = fmt.Sprintf("%d open pixels of as many recipients over %d connections", b.options.N, visitors)
	b.show("Открытия // Opens", 0, b.options.N)
	r.Measure, err = b.timed("vestnik", b.options.N, "requests", func() error {
		if err := people.tell("go"); err != nil {
			return err
		}
		return people.hear(&seen)
	})
	if err != nil {
		return r, err
	}
	b.show("Открытия // Opens", b.options.N, b.options.N)
	marked, err := stores.Marks.Count(b.ctx, c.ID, engine.Email, engine.Opened)
	if err == nil && (seen.Opened != b.options.N || marked != int64(b.options.N)) {
		err = fmt.Errorf("of %d requests %d were answered well, and %d recipients are known to have opened", b.options.N, seen.Opened, marked)
	}
	r.Latency = &seen.Latency
	r.Goals = []Goal{atLeast("rate", 25_000, r.Rate), atMost("p99_ms", 10, seen.Latency.P99)}
	return r, err
}

// visit is the part of the visitors.
func visit(with talk) error {
	var c crowd
	if err := with.hear(&c); err != nil {
		return err
	}
	requests := c.requests()
	if err := with.tell(true); err != nil {
		return err
	}
	var start string
	if err := with.hear(&start); err != nil {
		return err
	}
	took, err := c.open(requests)
	if err != nil {
		return err
	}
	if err := with.tell(sight{len(took), latency(took)}); err != nil {
		return err
	}
	return with.end()
}

// requests writes every request beforehand: signing tokens is the business of who sends the mail.
func (c crowd) requests() [][]byte {
	tokens, list := engine.NewTokens(c.Secret), make([][]byte, c.N)
	for i := range list {
		path := tokens.LinksFor("", engine.Pass{Campaign: c.Campaign, Ordinal: engine.Ordinal(i), Channel: engine.Email}).Open()
		list[i] = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: image/*\r\n\r\n", path, c.Address)
	}
	return list
}

// open has the visitors send the requests and gives how long each took.
func (c crowd) open(requests [][]byte) (took []time.Duration, err error) {
	took = make([]time.Duration, len(requests))
	var next atomic.Int64
	err = together(min(visitors, len(requests)), func() error {
		conn, err := net.Dial("tcp", c.Address)
		if err != nil {
			return err
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		for {
			i := int(next.Add(1)) - 1
			if i >= len(requests) {
				return nil
			}
			begun := time.Now()
			if _, err := conn.Write(requests[i]); err != nil {
				return err
			}
			if err := answered(in); err != nil {
				return err
			}
			took[i] = time.Since(begun)
		}
	})
	return took, err
}

// answered reads one good answer. It is not net/http: a client that takes as much time as the server would halve what two processors can show.
func answered(in *bufio.Reader) error {
	status, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("the server answers %q", status)
	}
	length := 0
	for {
		field, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(field) <= 2 {
			break
		}
		if value, ok := strings.CutPrefix(string(field), "Content-Length: "); ok {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		}
	}
	_, err = in.Discard(length)
	return err
}

// latency sums up how long requests took.
func latency(took []time.Duration) Latency {
	if len(took) == 0 {
		return Latency{}
	}
	slices.Sort(took)
	at := func(share float64) float64 {
		return took[min(len(took)-1, int(share*float64(len(took))))].Seconds() * 1e3
	}
	return Latency{P50: at(0.5), P99: at(0.99), Max: at(1)}
}
