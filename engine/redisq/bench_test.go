package redisq_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/redisq"
	"vestnik/engine/redisq/redistest"
)

// perSecond reports how many of something were done in a second.
func perSecond(b *testing.B, n int, what string) {
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), what+"/s")
}

// info reads one number of INFO.
func info(b *testing.B, server *redistest.Server, name string) float64 {
	b.Helper()
	_, rest, _ := strings.Cut(redisCLI(b, server, "info"), name+":")
	line, _, _ := strings.Cut(rest, "\r")
	n, err := strconv.ParseFloat(line, 64)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// cost is what was used up to a moment; on a busy machine it tells more than rates do.
type cost struct{ memory, redis, client float64 }

func spent(b *testing.B, server *redistest.Server) cost {
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		b.Fatal(err)
	}
	return cost{
		memory: info(b, server, "used_memory"),
		redis:  info(b, server, "used_cpu_user_main_thread") + info(b, server, "used_cpu_sys_main_thread"),
		client: time.Duration(own.Utime.Nano() + own.Stime.Nano()).Seconds(),
	}
}

// perRow reports what each of n things has cost since before.
func perRow(b *testing.B, server *redistest.Server, before cost, n int, what string) {
	b.Helper()
	perSecond(b, n, what+"s")
	after, all := spent(b, server), float64(n)*float64(b.N)
	b.ReportMetric((after.memory-before.memory)/all, "B/"+what)
	b.ReportMetric((after.redis-before.redis)/all*1e6, "redis-µs/"+what)
	b.ReportMetric((after.client-before.client)/all*1e6, "client-µs/"+what)
}

// BenchmarkAppend stores full chunks of one campaign, as two readers of a file would.
func BenchmarkAppend(b *testing.B) {
	server := redistest.Start(b)
	r := open(b, redisq.Options{URL: server.URL(), DataKey: []byte("sixteen bytes !!")})
	s, id := r.Stores().Audience, engine.CampaignID(engine.NewID())
	before := spent(b, server)
	var from atomic.Int64
	b.SetParallelism(2)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			n := int(from.Add(engine.ChunkSize)) - engine.ChunkSize
			if done, err := s.Append(b.Context(), id, accounts(n, engine.ChunkSize)); err != nil || len(done.Duplicates) > 0 {
				b.Error(done, err)
			}
		}
	})
	b.StopTimer()
	perRow(b, server, before, engine.ChunkSize, "row")
}

// BenchmarkAppendSmall stores campaigns of a small management company.
func BenchmarkAppendSmall(b *testing.B) {
	server := redistest.Start(b)
	s := open(b, redisq.Options{URL: server.URL()}).Stores().Audience
	before := spent(b, server)
	const chunks = 6
	for b.Loop() {
		id := engine.CampaignID(engine.NewID())
		for chunk := range chunks {
			if _, err := s.Append(b.Context(), id, accounts(chunk*engine.ChunkSize, engine.ChunkSize)); err != nil {
				b.Fatal(err)
			}
		}
	}
	perRow(b, server, before, chunks*engine.ChunkSize, "row")
}

// BenchmarkChunk reads chunks back.
func BenchmarkChunk(b *testing.B) {
	s := open(b, redisq.Options{URL: redistest.Start(b).URL(), DataKey: []byte("sixteen bytes !!")}).Stores().Audience
	if _, err := s.Append(b.Context(), "c", accounts(0, engine.ChunkSize)); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Chunk(b.Context(), "c", 0); err != nil {
			b.Fatal(err)
		}
	}
	perSecond(b, engine.ChunkSize, "rows")
}

// BenchmarkSettle takes a batch, settles it and puts its successor, which is what a step costs the ledger.
func BenchmarkSettle(b *testing.B) {
	for _, lanes := range []int{1, 3} {
		b.Run(fmt.Sprintf("lanes=%d", lanes), func(b *testing.B) {
			server := redistest.Start(b)
			s := open(b, redisq.Options{URL: server.URL()}).Stores().Ledger
			id := engine.CampaignID(engine.NewID())
			if err := s.Open(b.Context(), id, int64(b.N)*engine.ChunkSize, lanes); err != nil {
				b.Fatal(err)
			}
			now := time.Now()
			for chunk := range b.N {
				batch := engine.Batch{Chunk: chunk, Phase: engine.Sending, Due: now, Members: engine.FirstMembers(engine.ChunkSize)}
				if err := s.Feed(b.Context(), id, chunk, chunk+1, []engine.Batch{batch}); err != nil {
					b.Fatal(err)
				}
			}
			var next atomic.Int64
			before := spent(b, server)
			b.SetParallelism(8)
			b.ResetTimer()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					chunk := int(next.Add(1)) - 1
					batch := engine.Batch{Chunk: chunk, Phase: engine.Sending, Due: now, Members: engine.FirstMembers(engine.ChunkSize)}
					if _, err := s.Take(b.Context(), id, batch.ID(), "me", now, now.Add(time.Minute)); err != nil {
						b.Error(err)
					}
					settlement := engine.Settlement{Chunk: chunk}
					for i := range batch.Members.All() {
						state := engine.State{Outcome: engine.Delivered, Channel: engine.Email}
						if i%10 == 0 {
							state.Outcome = engine.InFlight // one in ten travels on: as many runs as there are likely to be
						}
						settlement.States = append(settlement.States, engine.Change{Index: i, State: state})
					}
					batch.Phase = engine.Waiting
					settlement.Next = []engine.Batch{batch}
					first := engine.Batch{Chunk: chunk, Phase: engine.Sending, Due: now, Members: engine.FirstMembers(engine.ChunkSize)}
					if _, err := s.Settle(b.Context(), id, first.ID(), "me", settlement); err != nil {
						b.Error(err)
					}
				}
			})
			perRow(b, server, before, 1, "batch")
		})
	}
}

// BenchmarkPut puts wakes one by one, from many goroutines, and many at once.
func BenchmarkPut(b *testing.B) {
	for _, size := range []int{1, 64} {
		b.Run(fmt.Sprintf("wakes=%d", size), func(b *testing.B) {
			r := open(b, redisq.Options{URL: redistest.Start(b).URL()})
			s := r.Stores().Queue
			var n atomic.Int64
			b.SetParallelism(8)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					wakes := make([]engine.Wake, size)
					for i := range wakes {
						wakes[i] = engine.Wake{Campaign: "campaign", Batch: fmt.Sprint(n.Add(1)), Channel: engine.Email, At: time.Now()}
					}
					if err := s.Put(b.Context(), wakes...); err != nil {
						b.Error(err)
					}
				}
			})
			perSecond(b, size, "wakes")
		})
	}
}

// BenchmarkWork hands wakes to workers that do nothing.
func BenchmarkWork(b *testing.B) {
	r := open(b, redisq.Options{URL: redistest.Start(b).URL()})
	wakes := make([]engine.Wake, b.N)
	for i := range wakes {
		wakes[i] = engine.Wake{Campaign: "campaign", Batch: fmt.Sprint(i), Channel: engine.Email, At: time.Now()}
	}
	if err := r.Stores().Queue.Put(b.Context(), wakes...); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	ctx, stop := context.WithCancel(b.Context())
	var left atomic.Int64
	left.Store(int64(b.N))
	workers := r.Workers(redisq.WorkerOptions{
		Channels: map[engine.ChannelName]int{engine.Email: 32},
		Handle: func(context.Context, engine.Wake) error {
			if left.Add(-1) == 0 {
				b.StopTimer()
				stop()
			}
			return nil
		},
		Log: slog.New(slog.DiscardHandler),
	})
	if err := workers.Run(ctx); err != nil {
		b.Fatal(err)
	}
	perSecond(b, 1, "wakes")
}

// BenchmarkRecord records facts: single ones, as tracking does, and those of whole batches, as the engine does.
func BenchmarkRecord(b *testing.B) {
	for _, size := range []int{1, engine.ChunkSize} {
		b.Run(fmt.Sprintf("recipients=%d", size), func(b *testing.B) {
			s := open(b, redisq.Options{URL: redistest.Start(b).URL()}).Stores().Journal
			e := engine.Entry{Campaign: "campaign", Provider: "provider", Fact: engine.Opened, Ordinals: engine.OrdinalsOf(7, engine.FirstMembers(size)), At: time.Now()}
			b.SetParallelism(32)
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					if err := s.Record(b.Context(), e); err != nil {
						b.Error(err)
					}
				}
			})
			perSecond(b, size, "facts")
		})
	}
}

// BenchmarkRead reads and acknowledges the facts of whole batches.
func BenchmarkRead(b *testing.B) {
	r := open(b, redisq.Options{URL: redistest.Start(b).URL()})
	e := engine.Entry{Campaign: "campaign", Provider: "provider", Fact: engine.Sent, Ordinals: engine.OrdinalsOf(7, engine.FirstMembers(engine.ChunkSize)), At: time.Now()}
	for range b.N {
		if err := r.Stores().Journal.Record(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
	reader := r.JournalReader("bench")
	b.ResetTimer()
	for n := 0; n < b.N; {
		list, err := reader.Read(b.Context(), 256)
		if err != nil {
			b.Fatal(err)
		}
		if err := reader.Ack(b.Context(), list...); err != nil {
			b.Fatal(err)
		}
		n += len(list)
	}
	perSecond(b, engine.ChunkSize, "facts")
}

// BenchmarkFind looks for accounts of a large audience.
func BenchmarkFind(b *testing.B) {
	const chunks = 400
	s, id := open(b, redisq.Options{URL: redistest.Start(b).URL()}).Stores().Audience, engine.CampaignID(engine.NewID())
	var list []engine.Recipient
	for chunk := range chunks {
		list = accounts(chunk*engine.ChunkSize, engine.ChunkSize)
		if _, err := s.Append(b.Context(), id, list); err != nil {
			b.Fatal(err)
		}
	}
	begin := time.Now()
	if _, err := s.FindAccount(b.Context(), id, list[0].Account); err != nil {
		b.Fatal(err)
	}
	first := time.Since(begin)
	n := 0
	for b.Loop() {
		if _, err := s.FindDocument(b.Context(), id, list[n%len(list)].DocumentID); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(first.Milliseconds()), "first-ms")
}

// BenchmarkRouse rouses one batch of a campaign whose window is full but for it, as after each settle.
func BenchmarkRouse(b *testing.B) {
	server := redistest.Start(b, "--appendfsync", "no")
	s := open(b, redisq.Options{URL: server.URL()}).Stores().Ledger
	id, now := engine.CampaignID(engine.NewID()), time.Now()
	if err := s.Open(b.Context(), id, int64(b.N+64)*engine.ChunkSize, 1); err != nil {
		b.Fatal(err)
	}
	for chunk := range b.N + 64 {
		batch := engine.Batch{Chunk: chunk, Phase: engine.Sending, Due: now, Members: engine.FirstMembers(engine.ChunkSize)}
		if err := s.Feed(b.Context(), id, chunk, chunk+1, []engine.Batch{batch}); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := s.Rouse(b.Context(), id, now, now.Add(time.Hour), 63); err != nil {
		b.Fatal(err)
	}
	before := spent(b, server)
	b.ResetTimer()
	for i := range b.N {
		roused, err := s.Rouse(b.Context(), id, now, now.Add(time.Hour), 64)
		if err != nil || len(roused) != 1 {
			b.Fatal(i, len(roused), err)
		}
		b.StopTimer()
		if _, err := s.Take(b.Context(), id, roused[0].ID(), "me", now, now.Add(time.Hour)); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Settle(b.Context(), id, roused[0].ID(), "me", engine.Settlement{Chunk: roused[0].Chunk}); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	perRow(b, server, before, 1, "batch")
}

// BenchmarkMarks sets and reads marks of many recipients: of a whole batch, and scattered ones as a collector of opens has them.
func BenchmarkMarks(b *testing.B) {
	scattered := make(engine.Ordinals, 500)
	for i := range scattered {
		scattered[i] = engine.OrdinalOf(i*4, i*37%engine.ChunkSize)
	}
	for name, ordinals := range map[string]engine.Ordinals{
		"batch": engine.OrdinalsOf(7, engine.FirstMembers(engine.ChunkSize)), "scattered": scattered,
	} {
		server := redistest.Start(b)
		s := open(b, redisq.Options{URL: server.URL()}).Stores().Marks
		b.Run(name+"/set", func(b *testing.B) {
			before := spent(b, server)
			for b.Loop() {
				if err := s.Set(b.Context(), "c", engine.Email, engine.Opened, ordinals); err != nil {
					b.Fatal(err)
				}
			}
			perRow(b, server, before, len(ordinals), "mark")
		})
		b.Run(name+"/has", func(b *testing.B) {
			before := spent(b, server)
			for b.Loop() {
				if _, err := s.Has(b.Context(), "c", engine.Email, engine.Opened, ordinals); err != nil {
					b.Fatal(err)
				}
			}
			perRow(b, server, before, len(ordinals), "mark")
		})
	}
}
