package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/progress"

	"vestnik/cmd/vestnik/bench"
)

// benchCommand measures this machine.
type benchCommand struct {
	Names   []string `arg:"" optional:"" name:"name" help:"Какие замеры: intake, route, email, events, track, vk, gosuslugi, memory, fairness, bill-pdf; иначе все. // Which benchmarks: intake, route, email, events, track, vk, gosuslugi, memory, fairness, bill-pdf; otherwise all."`
	N       int      `name:"n" placeholder:"N" help:"Сколько строк, получателей, писем, фактов, запросов; иначе у каждого замера своё. // How many rows, recipients, messages, facts, requests; otherwise each benchmark's own."`
	Profile string   `placeholder:"DIR" help:"Куда положить профили процессора (go tool pprof). // Where to put CPU profiles (go tool pprof)."`
	JSON    bool     `help:"Для программ: один объект JSON. // For programs: one JSON object."`
}

// benchReport is what --json prints.
type benchReport struct {
	Version    string         `json:"version"`
	Processors int            `json:"processors"`
	Benchmarks []bench.Result `json:"benchmarks"`
}

// Run runs them one after another. A goal that is missed is told, and is no failure.
func (c benchCommand) Run(ctx context.Context, t *terminal) error {
	bench.MaybePlay()
	if err := c.check(t); err != nil {
		return err
	}
	log := t.logger(slog.LevelError)
	slog.SetDefault(log)
	report := benchReport{Version: version, Processors: runtime.NumCPU(), Benchmarks: []bench.Result{}}
	for _, name := range c.Names {
		steps := &phases{terminal: t, bars: t.bars()}
		result, err := bench.Run(ctx, name, bench.Options{N: c.N, Profile: c.Profile, Progress: steps.show, Log: log})
		steps.end()
		if err != nil {
			return err
		}
		report.Benchmarks = append(report.Benchmarks, result)
		if !c.JSON {
			if err := t.benchmark(result); err != nil {
				return err
			}
		}
	}
	if c.JSON {
		return t.json(report)
	}
	return nil
}

// check looks at the flags before anything is started.
func (c *benchCommand) check(t *terminal) error {
	if len(c.Names) == 0 {
		c.Names = bench.Names()
	}
	for _, name := range c.Names {
		if !slices.Contains(bench.Names(), name) {
			return t.misuse("замера %q нет; есть %s // there is no benchmark %q; there are %s", name, strings.Join(bench.Names(), ", "))
		}
	}
	if c.N < 0 {
		return t.misuse("--n: нужно больше нуля // --n: more than zero is needed")
	}
	if c.Profile != "" {
		if err := os.MkdirAll(c.Profile, 0o755); err != nil {
			return t.fail("каталог профилей не создать: %w // the folder of profiles cannot be made: %w", err)
		}
	}
	return nil
}

// benchmark prints one result as tables.
func (t *terminal) benchmark(r bench.Result) error {
	rows := [][]string{t.measure(r.Name, r.Measure)}
	for _, b := range r.Baselines {
		rows = append(rows, t.measure("  "+b.Name+": "+b.Work, b.Measure))
	}
	head := []string{"Замер // Benchmark", ">Сколько // How many", ">Секунд // Seconds", ">В секунду // Per second", "Процессор, с; память, МБ // Processor, s; memory, MB"}
	if err := t.table(r.Work, head, rows); err != nil {
		return err
	}
	for _, g := range r.Goals {
		mark := "✓"
		if !g.Met {
			mark = "✗"
		}
		if err := t.print(fmt.Sprintf("%s %s: %s (%s %s)", mark, g.Name, figure(g.Got), g.Sense, figure(g.Wanted))); err != nil {
			return err
		}
	}
	return nil
}

// measure writes a measure as a row.
func (t *terminal) measure(name string, m bench.Measure) []string {
	var each []string
	for _, p := range m.Processes {
		each = append(each, fmt.Sprintf("%s %.2f; %.0f", p.Name, p.CPU, p.RSS))
	}
	each = append(each, t.Say("прочие", "others")+fmt.Sprintf(" %.2f", m.Others))
	return []string{name, t.number(int64(m.N)) + " " + m.Unit, fmt.Sprintf("%.2f", m.Seconds), t.number(int64(m.Rate)), strings.Join(each, "\n")}
}

// figure writes a number with as many decimals as matter.
func figure(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

// phases shows the progress of a benchmark: bars for a person, a line a phase for a log.
type phases struct {
	terminal *terminal
	bars     *bars
	phase    string
	bar      *progress.Tracker
}

// show takes news.
func (s *phases) show(p bench.Progress) {
	if p.Phase != s.phase {
		s.done()
		s.phase = p.Phase
		s.bar = s.bars.bar(p.Benchmark+": "+s.terminal.Cut(p.Phase), p.Total, progress.UnitsDefault)
		if !s.terminal.wide() {
			s.terminal.tell("%s", p.Benchmark+": "+s.terminal.Cut(p.Phase))
		}
	}
	s.bar.SetValue(p.Done)
}

func (s *phases) done() {
	if s.bar != nil {
		s.bar.MarkAsDone()
	}
}

// end lets go of the terminal.
func (s *phases) end() {
	s.done()
	s.bars.end()
}
