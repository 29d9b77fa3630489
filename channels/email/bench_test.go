package email

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// utility is the provider the tests of this package send for.
var utility = engine.Sender{Provider: engine.Provider{
	ID: "p1", Name: "УК «Заря»", Settings: map[string]string{"email.from": "bill@zarya.example", "email.reply_to": "office@zarya.example"},
}}

// bills are n messages of 5 KB on the wire, each to another address.
func bills(n int) []engine.Message {
	msgs := make([]engine.Message, n)
	for i := range msgs {
		msgs[i] = engine.Message{
			Key:       fmt.Sprintf("c1-%d-email", i),
			Recipient: &engine.Recipient{Account: fmt.Sprint(i), Email: fmt.Sprintf("resident%d@example.org", i)},
			Content: engine.Content{
				Subject:     fmt.Sprintf("Счёт за октябрь 2026 г.: %d,56 ₽", i),
				Text:        strings.Repeat("Здравствуйте! К оплате 1 234,56 ₽ до 10 ноября.\n", 8),
				HTML:        "<!doctype html><html><body>" + strings.Repeat("<p>Холодная вода <b>123,45 ₽</b></p>\n", 52) + "</body></html>",
				Unsubscribe: "https://vestnik.example/u/AQIDBAUGBwgJCgsMDQ4PEBESExQ",
			},
		}
	}
	return msgs
}

// BenchmarkSend sends messages of 5 KB over 8 connections to a server that throws them away. "fixed" sends one message, composed
// before, over the same connections: what is left between the two is the cost of composing.
func BenchmarkSend(b *testing.B) {
	sink, err := mailtest.StartNull()
	if err != nil {
		b.Fatal(err)
	}
	defer sink.Close()
	relays, err := ParseRelays(sink.URL())
	if err != nil {
		b.Fatal(err)
	}
	channel, err := New(Config{Relays: relays})
	if err != nil {
		b.Fatal(err)
	}
	defer channel.Close()
	batch := bills(engine.ChunkSize)
	for range 3 { // in turns: the rates compare within one round, whatever else the machine does
		b.Run("composed", func(b *testing.B) {
			b.ReportAllocs()
			defer processor(b)()
			for left := b.N; left > 0; left -= len(batch) {
				for _, result := range channel.Send(b.Context(), utility, batch[:min(left, len(batch))]) {
					if result.Fault != nil {
						b.Fatal(result.Fault)
					}
				}
			}
		})
		b.Run("fixed", func(b *testing.B) { sendFixed(b, channel, &batch[0]) })
	}
}

func sendFixed(b *testing.B, channel *Channel, msg *engine.Message) {
	from, err := senderOf(utility.Provider)
	if err != nil {
		b.Fatal(err)
	}
	block, err := new(letter).compose(from, msg.Recipient.Email, msg, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	defer processor(b)()
	var next atomic.Int64
	var couriers sync.WaitGroup
	for range channel.cfg.Connections {
		couriers.Go(func() {
			c := courier{ctx: b.Context(), channel: channel, sender: from}
			defer c.rest()
			for next.Add(1) <= int64(b.N) {
				if fault := c.connect(); fault != nil {
					b.Error(fault)
					return
				}
				if try := c.session.send(envelope{from.address, msg.Recipient.Email}, block, nil); try.fault != nil {
					b.Error(try.fault)
				}
			}
		})
	}
	couriers.Wait()
	b.ReportMetric(float64(len(block)), "bytes")
}

// processor reports the rate and the processor time a message took, the server's share included, from its call to the returned one's.
func processor(b *testing.B) func() {
	used := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	before := used()
	return func() {
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		b.ReportMetric(float64((used()-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
	}
}

func BenchmarkCompose(b *testing.B) {
	from, err := senderOf(utility.Provider)
	if err != nil {
		b.Fatal(err)
	}
	var l letter
	msg, now := &bills(1)[0], time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := l.compose(from, msg.Recipient.Email, msg, now); err != nil {
			b.Fatal(err)
		}
	}
}
