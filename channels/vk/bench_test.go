package vk

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

// BenchmarkSend sends bills with a button to the simulator: with all limits lifted, where the channel's own work and the simulator's is
// measured, and at VK's limit of 20 requests of 25 messages a second, where the share of these 500 messages is.
func BenchmarkSend(b *testing.B) {
	for _, bench := range []struct {
		name string
		rate int
	}{{"lifted", -1}, {"limit", 20}} {
		b.Run(bench.name, func(b *testing.B) {
			server := start(b, vktest.Options{Rate: bench.rate, Keep: 100})
			channel := open(b, Config{Requests: bench.rate})
			from, batch := sender(server), letters(engine.ChunkSize)
			b.ReportAllocs()
			defer processor(b)()
			b.ResetTimer()
			var sent atomic.Int64
			var workers sync.WaitGroup
			for range 4 {
				workers.Go(func() {
					for last := sent.Add(int64(len(batch))); last-int64(len(batch)) < int64(b.N); last = sent.Add(int64(len(batch))) {
						msgs := make([]engine.Message, min(len(batch), b.N-int(last)+len(batch)))
						for i := range msgs {
							msgs[i] = batch[i]
							msgs[i].Key = fmt.Sprintf("%d-%d", last, i)
						}
						for _, result := range channel.Send(b.Context(), from, msgs) {
							if result.Fault != nil {
								b.Error(result.Fault)
								return
							}
						}
					}
				})
			}
			workers.Wait()
			if server.Count() != b.N {
				b.Errorf("%d of %d messages were taken", server.Count(), b.N)
			}
			b.ReportMetric(float64(server.Requests()), "requests")
			rate := float64(b.N) / b.Elapsed().Seconds()
			b.ReportMetric(rate, "messages/s")
			if bench.rate > 0 {
				b.ReportMetric(100*rate/500, "%-of-limit")
			}
		})
	}
}

// processor reports the processor time an operation took, the simulator's share included, from its call to the returned one's.
func processor(b *testing.B) func() {
	used := func() time.Duration {
		var usage syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
			b.Fatal(err)
		}
		return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	before := used()
	return func() { b.ReportMetric(float64((used()-before).Nanoseconds())/float64(b.N), "cpu-ns/op") }
}

func BenchmarkCompose(b *testing.B) {
	msgs := letters(engine.ChunkSize)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, fault := callFor(&msgs[i%len(msgs)], ""); fault != nil {
			b.Fatal(fault)
		}
	}
}

// BenchmarkHook brings events to the door: "handler" without HTTP around it, "http" from 64 couriers over the loopback interface, both
// sides' work included.
func BenchmarkHook(b *testing.B) {
	var taken atomic.Int64
	door := openDoor(b, func(_ context.Context, events []Event) error { taken.Add(int64(len(events))); return nil })
	body := `{"type":"message_read","group_id":1,"event_id":"%040x","v":"5.199","secret":"` + secret + `",` +
		`"object":{"from_id":100001,"peer_id":100001,"read_message_id":12345,"conversation_message_id":7}}`
	b.Run("handler", func(b *testing.B) {
		defer processor(b)()
		b.RunParallel(func(pb *testing.PB) {
			for i := 0; pb.Next(); i++ {
				answer := httptest.NewRecorder()
				door.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(fmt.Sprintf(body, i))))
				if answer.Body.String() != "ok" {
					b.Error(answer.Code)
				}
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
	b.Run("http", func(b *testing.B) {
		server, site := start(b, vktest.Options{}), httptest.NewServer(door)
		defer site.Close()
		if err := server.Door(site.URL, secret, confirmation); err != nil {
			b.Fatal(err)
		}
		defer processor(b)()
		b.ResetTimer()
		for i := range b.N {
			server.Allow(int64(i + 1))
		}
		eventually(b, func() bool { told, _ := server.Told(); return told == b.N })
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	})
}
