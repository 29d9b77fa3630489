package api

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/engine"
)

// openings are the paths of the open pixels of a campaign.
func (w *world) openings() []string {
	w.config.Log = slog.New(slog.DiscardHandler)
	w.restart()
	id := w.sendAds(engine.ChunkSize * 4)
	paths := make([]string, engine.ChunkSize*4)
	for i := range paths {
		paths[i] = "/t/o/" + w.token(id, engine.Ordinal(i), engine.ActOpen, 0)
	}
	return paths
}

// BenchmarkOpen is open pixels through the handler, stores in memory.
func BenchmarkOpen(b *testing.B) {
	w := newWorld(b)
	paths := w.openings()
	b.SetParallelism(200)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		r := httptest.NewRequest("GET", "/", nil)
		for i := 0; pb.Next(); i++ {
			r.URL.Path = paths[i%len(paths)]
			rec := &discard{header: http.Header{}}
			if w.server.ServeHTTP(rec, r); rec.status != http.StatusOK {
				b.Errorf("answered %d", rec.status)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "opens/s")
}

// BenchmarkOpenHTTP is open pixels over connections, with the slowest hundredth.
func BenchmarkOpenHTTP(b *testing.B) {
	w := newWorld(b)
	paths := w.openings()
	address := strings.TrimPrefix(w.serve(), "http://")
	const clients = 64
	took := make([][]time.Duration, clients)
	b.ResetTimer()
	var asking sync.WaitGroup
	for i := range clients {
		asking.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			for n := i; n < b.N; n += clients {
				begin := time.Now()
				if _, err := io.WriteString(conn, "GET "+paths[n%len(paths)]+" HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
					b.Error(err)
					return
				}
				if err := skipAnswer(in); err != nil {
					b.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(begin))
			}
		})
	}
	asking.Wait()
	b.StopTimer()
	all := slices.Concat(took...)
	slices.Sort(all)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "opens/s")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}

// skipAnswer reads an answer whose body is the pixel.
func skipAnswer(in *bufio.Reader) error {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) == 2 {
			_, err = in.Discard(len(pixel))
			return err
		}
	}
}

// BenchmarkPut is a file of 100,000 recipients through the handler, stores in memory.
func BenchmarkPut(b *testing.B) {
	w := newWorld(b)
	w.config.MaxUpload = 1 << 30
	w.openings()
	file := rows(100_000)
	b.SetBytes(int64(len(file)))
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		id := w.draft()
		b.StartTimer()
		r := httptest.NewRequest("PUT", "/v1/campaigns/"+id+"/recipients", strings.NewReader(file))
		r.Header.Set("Content-Type", "text/csv")
		r.Header.Set("Authorization", "Bearer "+w.keys["provider"])
		rec := httptest.NewRecorder()
		if w.server.ServeHTTP(rec, r); rec.Code != http.StatusOK {
			b.Fatal(rec.Body)
		}
	}
	b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "rows/s")
}

// discard is an answer nobody reads.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
