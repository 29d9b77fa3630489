// Package bench measures this machine: how fast an installation takes recipients, routes them, writes e-mail, places bills in ГИС ЖКХ, loads
// facts and counts opens, how much memory those who wait take, how fast bills are printed, and how soon a notice is through beside another
// provider's large campaign.
//
// Every benchmark runs real parts: a redis-server of its own that writes through before it answers, the embedded ClickHouse, and processes of this
// binary for whatever must not share memory or processor time with what is measured. Each is checked to have really done its work; a goal that is
// missed is told and is no error. It measures only and never touches an installation: everything lives in a temporary folder and on the loopback.
package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Options say how to measure.
type Options struct {
	N        int            // how many rows, recipients, messages, facts or requests; 0: what the benchmark's goal is for
	Profile  string         // folder for CPU profiles of every process of ours (go tool pprof); empty: none are taken
	Progress func(Progress) // hears how far it is, from one goroutine at a time; nil: nobody
	Log      *slog.Logger   // of the parts; nil: slog.Default()
}

// Progress tells how far a phase of a benchmark is.
type Progress struct {
	Benchmark   string
	Phase       string // "по-русски // in English"
	Done, Total int64
}

// Result is what one benchmark came to.
type Result struct {
	Name string `json:"name"`
	Work string `json:"work"` // what was done, in words
	Measure
	Goals     []Goal     `json:"goals"`
	Baselines []Baseline `json:"baselines,omitempty"` // what it is compared with, in the same run
	Latency   *Latency   `json:"latency,omitempty"`
	Bytes     int64      `json:"bytes,omitempty"` // of the whole input
	Memory    *Memory    `json:"memory,omitempty"`
	Notices   []Notice   `json:"notices,omitempty"`
}

// Memory is what each recipient of a campaign takes of Redis, in bytes.
type Memory struct {
	Waiting Footprint `json:"waiting"` // all wait for their e-mail to be opened
	Ended   Footprint `json:"ended"`   // all have opened it, and the campaign has ended
}

// Footprint is bytes of Redis for each recipient.
type Footprint struct {
	Used float64            `json:"used"` // by how much the memory in use has grown: everything
	Keys map[string]float64 `json:"keys"` // what the campaign's keys take of it, by their kind
}

// Notice is how a small campaign fared beside a large one of another provider.
type Notice struct {
	Name    string  `json:"name"`
	Work    string  `json:"work"`
	Seconds float64 `json:"seconds"` // from its start until the channel has the last of its messages
	Before  int     `json:"before"`  // batches of the large campaign that travelled when it was started
	Queued  int     `json:"queued"`  // those of them that stood in the channel's queue or were worked on
}

// Measure is work and what it cost.
type Measure struct {
	N         int       `json:"n"`
	Unit      string    `json:"unit"` // what was counted: "rows"
	Seconds   float64   `json:"seconds"`
	Rate      float64   `json:"rate"` // units in a second
	Processes []Process `json:"processes"`
	Others    float64   `json:"others_cpu_seconds"` // processor time everything else on the machine took meanwhile: it should be next to nothing
}

// Process is what one process took. Where the system does not tell, figures are 0.
type Process struct {
	Name string  `json:"name"`
	CPU  float64 `json:"cpu_seconds"` // user and system time while the clock ran
	RSS  float64 `json:"peak_rss_mb"` // the most memory it ever had, in MB of 1,000,000 bytes
}

// Baseline is other work, done beside.
type Baseline struct {
	Name string `json:"name"`
	Work string `json:"work"`
	Measure
}

// Latency is how long requests took, in milliseconds.
type Latency struct {
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

// Goal is one figure a benchmark is to reach on two processors.
type Goal struct {
	Name   string  `json:"name"`
	Sense  string  `json:"sense"` // ">=" or "<="
	Wanted float64 `json:"wanted"`
	Got    float64 `json:"got"`
	Met    bool    `json:"met"`
}

// with is both measures as one, of work done in turns.
func (m Measure) with(o Measure) Measure {
	if m.N == 0 {
		return o
	}
	m.N, m.Seconds = m.N+o.N, m.Seconds+o.Seconds
	m.Rate, m.Others = float64(m.N)/m.Seconds, m.Others+o.Others
	for i := range m.Processes {
		m.Processes[i].CPU += o.Processes[i].CPU
		m.Processes[i].RSS = max(m.Processes[i].RSS, o.Processes[i].RSS)
	}
	return m
}

func atLeast(name string, wanted, got float64) Goal {
	return Goal{name, ">=", wanted, got, got >= wanted}
}
func atMost(name string, wanted, got float64) Goal {
	return Goal{name, "<=", wanted, got, got <= wanted}
}

// of gives what the named process took.
func (m Measure) of(name string) (p Process) {
	if at := slices.IndexFunc(m.Processes, func(p Process) bool { return p.Name == name }); at >= 0 {
		p = m.Processes[at]
	}
	return p
}

// benchmark is one of them.
type benchmark struct {
	name string
	n    int
	run  func(*bed) (Result, error)
}

func all() []benchmark {
	return []benchmark{
		{"intake", 1_000_000, intake}, {"route", 1_000_000, route}, {"email", 100_000, email}, {"events", 3_000_000, events}, {"track", 300_000, track},
		{"vk", 200_000, vkontakte}, {"gosuslugi", 100_000, gosuslugiBills},
		{"memory", 250_000, memory}, {"fairness", 1_000_000, fairness}, {"bill-pdf", 5_000, bills},
	}
}

// Names lists the benchmarks.
func Names() (list []string) {
	for _, b := range all() {
		list = append(list, b.name)
	}
	return list
}

// patience bounds one benchmark: a machine that needs longer has told enough.
const patience = 10 * time.Minute

// Run runs one benchmark, of Names. Without a redis-server in the PATH it is ErrNoRedis, without the embedded ClickHouse chdb.ErrNoLibrary.
func Run(ctx context.Context, name string, o Options) (r Result, err error) {
	list := all()
	at := slices.IndexFunc(list, func(b benchmark) bool { return b.name == name })
	if at < 0 {
		return r, fmt.Errorf("there is no benchmark %q; there are %v", name, Names())
	}
	if o.N == 0 {
		o.N = list[at].n
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("it took longer than %v", patience))
	defer cancel()
	b, err := newBed(ctx, name, o)
	if err != nil {
		return r, err
	}
	r, err = list[at].run(b)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	if err = errors.Join(err, b.close()); err != nil {
		return r, fmt.Errorf("benchmark %s: %w", name, err)
	}
	r.Name = name
	return r, nil
}

// bed is what a benchmark lies on: a folder, processes, and what has to be taken away afterwards.
type bed struct {
	ctx       context.Context
	name      string
	options   Options
	dir       string
	processes []process
	closers   []func() error
	showing   sync.Mutex // progress is heard from one goroutine at a time
}

func newBed(ctx context.Context, name string, o Options) (*bed, error) {
	dir, err := os.MkdirTemp("", "vestnik-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	b := &bed{ctx: ctx, name: name, options: o, dir: dir}
	b.atEnd(func() error { return os.RemoveAll(dir) })
	debug.FreeOSMemory() // what an earlier benchmark left is not this one's
	b.watch("vestnik", os.Getpid())
	forgetPeak()
	return b, nil
}

// atEnd has something done when the benchmark is over, the last first.
func (b *bed) atEnd(do func() error) { b.closers = append(b.closers, do) }

func (b *bed) close() error {
	var errs []error
	for _, do := range slices.Backward(b.closers) {
		errs = append(errs, do())
	}
	return errors.Join(errs...)
}

// show tells how far a phase is.
func (b *bed) show(phase string, done, total int) {
	if b.options.Progress != nil {
		b.showing.Lock()
		defer b.showing.Unlock()
		b.options.Progress(Progress{Benchmark: b.name, Phase: phase, Done: int64(min(done, total)), Total: int64(total)})
	}
}

// lookPause is how often a benchmark looks whether its work is done.
const lookPause = 5 * time.Millisecond

// until waits for the work of others: look tells how much of total is done.
func (b *bed) until(phase string, total int, look func() (done int, err error)) error {
	tick := time.NewTicker(lookPause)
	defer tick.Stop()
	for {
		done, err := look()
		if err != nil {
			return err
		}
		b.show(phase, done, total)
		if done >= total {
			return nil
		}
		select {
		case <-tick.C:
		case <-b.ctx.Done():
			return context.Cause(b.ctx)
		}
	}
}
