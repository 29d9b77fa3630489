package bench_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"vestnik/analytics/chdb"
	"vestnik/cmd/vestnik/bench"
)

func TestMain(m *testing.M) {
	chdb.MaybeServe()
	bench.MaybePlay()
	goleak.VerifyTestMain(m)
}

// wanted is the shape of a benchmark's result.
type wanted struct {
	name      string
	n, least  int // asked for, and done at least
	unit      string
	processes []string
	goals     []string
	baselines []string
}

// Each benchmark checks by itself that its work was really done, and fails if it was not: what is left to see is that it says so.
func TestBenchmarks(t *testing.T) {
	for _, w := range []wanted{
		{"intake", 1000, 1000, "rows", []string{"vestnik", "redis-server", "server"}, []string{"rate", "server_rss_mb"}, nil},
		{"route", 1000, 1000, "recipients", []string{"vestnik", "redis-server", "clickhouse"}, []string{"rate", "ratio"}, []string{"asynq"}},
		{"email", 400, 400, "messages", []string{"vestnik", "sink"}, []string{"rate", "ratio", "signed"}, []string{"fixed", "rendered", "grouped", "signed", "signatures"}},
		{"events", 3000, 2384, "facts", []string{"vestnik", "redis-server", "clickhouse"}, []string{"rate"}, nil},
		{"track", 500, 500, "requests", []string{"vestnik", "redis-server", "server", "visitors"}, []string{"rate", "p99_ms"}, nil},
		{"vk", 1000, 1000, "messages", []string{"vestnik", "community"}, []string{"rate", "share_of_limit", "door"}, []string{"limit", "door"}},
		{"gosuslugi", 1000, 1000, "documents", []string{"vestnik", "redis-server", "stands"}, []string{"rate", "cpu_10000", "signed", "signed_cpu_10000"}, []string{"confirmed", "signed"}},
		{"memory", 1000, 1000, "recipients", []string{"vestnik", "redis-server", "clickhouse"}, []string{"bytes_waiting", "bytes_ended", "bytes_ended_without_audience"}, nil},
		{"fairness", 2000, 4000, "messages", []string{"vestnik", "redis-server"}, []string{"ordinary_under_way", "urgent_under_way", "ordinary_waits_end", "urgent_waits_end"}, nil},
		{"bill-pdf", 40, 40, "bills", []string{"vestnik"}, []string{"per_core"}, nil},
	} {
		t.Run(w.name, func(t *testing.T) {
			phases := map[string]bool{}
			r, err := bench.Run(t.Context(), w.name, bench.Options{
				N: w.n, Profile: t.TempDir(), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
				Progress: func(p bench.Progress) { phases[p.Phase] = phases[p.Phase] || p.Done == p.Total },
			})
			if err != nil {
				t.Fatal(err)
			}
			w.check(t, r)
			for phase, ended := range phases {
				if !ended && !strings.Contains(phase, "KB") && !strings.Contains(phase, "List") {
					t.Errorf("phase %q never ended", phase)
				}
			}
		})
	}
}

// check reads a result as a program would.
func (w wanted) check(t *testing.T, r bench.Result) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	type measure struct {
		N         int     `json:"n"`
		Unit      string  `json:"unit"`
		Seconds   float64 `json:"seconds"`
		Rate      float64 `json:"rate"`
		Processes []struct {
			Name string   `json:"name"`
			CPU  *float64 `json:"cpu_seconds"`
			RSS  float64  `json:"peak_rss_mb"`
		} `json:"processes"`
	}
	var got struct {
		Name, Work string
		measure
		Goals []struct {
			Name, Sense string
			Wanted, Got float64
			Met         *bool
		}
		Baselines []struct {
			Name, Work string
			measure
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Name != w.name || got.Work == "" || got.N < w.least || got.N > max(w.n, w.least) || got.Unit != w.unit || got.Seconds <= 0 || got.Rate <= 0 {
		t.Errorf("%s", text)
	}
	var processes, goals, baselines []string
	for _, p := range got.Processes {
		processes = append(processes, p.Name)
		if p.CPU == nil || *p.CPU < 0 || p.RSS <= 0 {
			t.Errorf("%+v", p)
		}
	}
	for _, g := range got.Goals {
		goals = append(goals, g.Name)
		if g.Met == nil || *g.Met != (g.Sense == ">=" && g.Got >= g.Wanted || g.Sense == "<=" && g.Got <= g.Wanted) || g.Wanted <= 0 || g.Got <= 0 {
			t.Errorf("%+v", g)
		}
	}
	for _, b := range got.Baselines {
		baselines = append(baselines, b.Name)
		if b.Work == "" || b.N != w.n && b.N != w.n/10 || b.Rate <= 0 { // signatures are measured on fewer
			t.Errorf("%+v", b)
		}
	}
	if !slices.Equal(processes, w.processes) || !slices.Equal(goals, w.goals) || !slices.Equal(baselines, w.baselines) {
		t.Errorf("processes %v, goals %v, baselines %v", processes, goals, baselines)
	}
	if w.name == "track" && (r.Latency == nil || r.Latency.P50 <= 0 || r.Latency.P99 < r.Latency.P50 || r.Latency.Max < r.Latency.P99) {
		t.Errorf("latency %+v", r.Latency)
	}
}

// Whoever has no redis-server is told what to install, and nothing is left behind.
func TestNoRedis(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	left := t.TempDir()
	t.Setenv("TMPDIR", left)
	_, err := bench.Run(t.Context(), "track", bench.Options{N: 1})
	if !errors.Is(err, bench.ErrNoRedis) || !strings.Contains(err.Error(), "apt install redis-server") {
		t.Error(err)
	}
	if entries, err := os.ReadDir(left); err != nil || len(entries) > 0 {
		t.Error(entries, err)
	}
}

func TestUnknown(t *testing.T) {
	if _, err := bench.Run(t.Context(), "speed", bench.Options{}); err == nil || !strings.Contains(err.Error(), "intake") {
		t.Error(err)
	}
}
