package analytics_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"vestnik/analytics"
	"vestnik/analytics/chdb"
	"vestnik/engine"
)

// engineFor gives a benchmark an engine of its own, and a clock of the processor time it has taken.
func engineFor(b *testing.B) (*analytics.History, func() time.Duration) {
	b.Helper()
	e, err := chdb.Start(b.Context(), chdb.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.Close(); err != nil {
			b.Error(err)
		}
	})
	return openAt(b, e.URL()), func() time.Duration { return cpu(b, e.PID()) }
}

// cpu is the processor time a process has taken: on a busy machine it says more than the clock on the wall. Linux counts it in hundredths of a
// second (proc(5), fields 14 and 15 of stat).
func cpu(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, err := strconv.Atoi(fields[11])
	if err != nil {
		b.Fatal(err)
	}
	system, err := strconv.Atoi(fields[12])
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// stream makes entries as it is read: chunk after chunk of one campaign after another, each chunk's facts together.
type stream struct {
	n, left int
	make    func(n int) engine.Entry
	stop    func()
}

func (s *stream) Read(_ context.Context, limit int) ([]analytics.Delivery, error) {
	list := make([]analytics.Delivery, min(limit, s.left))
	for i := range list {
		list[i] = analytics.Delivery{ID: fmt.Sprint("entry-", s.n), Entry: s.make(s.n)}
		s.n++
	}
	s.left -= len(list)
	return list, nil
}

func (s *stream) Ack(context.Context, []analytics.Delivery) error {
	if s.left == 0 {
		s.stop()
	}
	return nil
}

func run(b *testing.B, h *analytics.History, who analytics.Audience, entries int, make func(n int) engine.Entry) {
	b.Helper()
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	if err := analytics.NewLoader(h, &stream{left: entries, make: make, stop: stop}, who, analytics.LoaderOptions{}).Run(ctx); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkLoader loads entries of 496 facts; an operation is one entry.
func BenchmarkLoader(b *testing.B) {
	h, taken := engineFor(b)
	began := time.Now().AddDate(0, 0, -20)
	chunk := func(n int) engine.Ordinals { return engine.OrdinalsOf(n%2000, engine.FirstMembers(engine.ChunkSize)) }
	entry := func(n int) engine.Entry {
		return engine.Entry{Provider: "bench", Campaign: engine.CampaignID(fmt.Sprint("campaign-", n/8000)), Mode: engine.Live, Kind: engine.KindBill,
			Fact: engine.Sent, Channel: engine.ChannelNames()[n/2000%4], At: began.Add(time.Duration(n) * time.Second), Ordinals: chunk(n)}
	}
	before := taken()
	b.ResetTimer()
	run(b, h, audience{}, b.N, entry)
	b.ReportMetric(float64(b.N)*engine.ChunkSize/b.Elapsed().Seconds(), "facts/s")
	b.ReportMetric((taken()-before).Seconds()*1e9/float64(b.N)/engine.ChunkSize, "engine-ns/fact")
}

// crowd is an audience of one chunk, which every chunk is.
type crowd []engine.Recipient

func (c crowd) Chunk(context.Context, engine.CampaignID, int) ([]engine.Recipient, error) {
	return c, nil
}

// BenchmarkLoaderOrdered loads the recipients of chunks; an operation is one chunk.
func BenchmarkLoaderOrdered(b *testing.B) {
	h, taken := engineFor(b)
	who := crowd(people(rand.New(rand.NewPCG(1, 1)), "bench", engine.ChunkSize))
	before := taken()
	b.ResetTimer()
	run(b, h, who, b.N, func(n int) engine.Entry {
		return engine.Entry{Provider: "bench", Campaign: engine.CampaignID(fmt.Sprint("campaign-", n/2000)), Mode: engine.Live, Kind: engine.KindBill,
			Template: engine.TemplateRef{Name: "bill-monthly", Version: 1}, Fact: engine.Ordered, At: time.Now(), Chunk: n % 2000}
	})
	b.ReportMetric(float64(b.N)*engine.ChunkSize/b.Elapsed().Seconds(), "recipients/s")
	b.ReportMetric((taken()-before).Seconds()*1e9/float64(b.N)/engine.ChunkSize, "engine-ns/recipient")
}

// BenchmarkFunnel asks for a month of one provider of ten, among about ten million events.
func BenchmarkFunnel(b *testing.B) {
	h, taken := engineFor(b)
	r := rand.New(rand.NewPCG(1, 1))
	who := crowd(people(r, "bench", engine.ChunkSize))
	fates := []struct {
		fact    engine.Fact
		channel engine.ChannelName
		share   int // of a hundred
	}{{engine.Ordered, "", 100}, {engine.Sent, engine.Gosuslugi, 90}, {engine.Received, engine.Gosuslugi, 80}, {engine.Opened, engine.Gosuslugi, 50},
		{engine.Sent, engine.Email, 50}, {engine.Received, engine.Email, 40}, {engine.Opened, engine.Email, 20}, {engine.Clicked, engine.Email, 10},
		{engine.Failed, engine.Gosuslugi, 10}, {engine.Paid, "", 40}}
	const providers, campaigns, chunks = 10, 10, 52 // 258,000 recipients a provider
	began, events := time.Now().AddDate(0, -1, 0), 0
	run(b, h, who, providers*campaigns*chunks*len(fates), func(n int) engine.Entry {
		fate, place := fates[n%len(fates)], n/len(fates)
		chunk, campaign, provider := place%chunks, place/chunks%campaigns, place/chunks/campaigns
		e := engine.Entry{Provider: engine.ProviderID(fmt.Sprint("provider-", provider)), Campaign: engine.CampaignID(fmt.Sprintf("campaign-%d-%d", provider, campaign)),
			Mode: engine.Live, Kind: engine.KindBill, Template: engine.TemplateRef{Name: "bill-monthly", Version: 1}, Fact: fate.fact, Channel: fate.channel,
			Chunk: chunk, At: began.AddDate(0, 0, campaign).Add(time.Duration(chunk*(n%len(fates))) * time.Hour)}
		for i := range engine.ChunkSize {
			if r.IntN(100) < fate.share {
				e.Ordinals = append(e.Ordinals, engine.OrdinalOf(chunk, i))
			}
		}
		events += len(e.Ordinals)
		return e
	})
	run(b, h, who, 100_000, func(n int) engine.Entry { // of one provider
		return engine.Entry{Provider: "provider-3", Campaign: engine.CampaignID(fmt.Sprintf("campaign-3-%d", n%campaigns)), Mode: engine.Live, At: began,
			Ordinals: engine.Ordinals{engine.Ordinal(r.IntN(chunks * engine.ChunkSize))},
			Payment:  &engine.Payment{Reference: fmt.Sprint("reference-", n), Amount: engine.Money(r.IntN(1e6) + 1), PaidAt: began.AddDate(0, 0, 10)}}
	})
	b.Logf("%d events", events)
	for _, by := range dimensions {
		b.Run("by="+string(by), func(b *testing.B) {
			before := taken()
			for b.Loop() {
				report, err := h.Funnel(b.Context(), analytics.Query{Provider: "provider-3", By: by, From: began.AddDate(0, 0, -1), To: time.Now()})
				if err != nil || report.Total.Stages[0].Count != campaigns*chunks*engine.ChunkSize {
					b.Fatal(report, err)
				}
			}
			b.ReportMetric((taken()-before).Seconds()*1e3/float64(b.N), "engine-ms/op")
		})
	}
}
