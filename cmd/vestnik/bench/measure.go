package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"
)

// process is one that is measured.
type process struct {
	name string
	pid  int
}

// watch has a process measured from now on.
func (b *bed) watch(name string, pid int) {
	if pid != 0 {
		b.processes = append(b.processes, process{name, pid})
	}
}

// timed does the work that is measured, n units of it. label names its CPU profile.
func (b *bed) timed(label string, n int, unit string, work func() error) (m Measure, err error) {
	stop, err := profile(b.options.Profile, b.name+"-"+label)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	watched := b.processes
	before := make([]time.Duration, len(watched))
	for i, p := range watched {
		before[i] = p.cpu()
	}
	begun, busy := time.Now(), machine()
	if err := work(); err != nil {
		return m, err
	}
	m = Measure{N: n, Unit: unit, Seconds: time.Since(begun).Seconds()}
	m.Rate, m.Others = float64(n)/m.Seconds, (machine() - busy).Seconds()
	for i, p := range watched {
		m.Processes = append(m.Processes, Process{p.name, (p.cpu() - before[i]).Seconds(), float64(p.peak()) / 1e6})
		m.Others -= m.Processes[i].CPU
	}
	m.Others = max(0, m.Others)
	return m, nil
}

// profile takes a CPU profile of this process until stop is called; without a folder it does nothing.
func profile(dir, name string) (stop func() error, err error) {
	if dir == "" {
		return func() error { return nil }, nil
	}
	file, err := os.Create(filepath.Join(dir, name+".pprof"))
	if err != nil {
		return nil, fmt.Errorf("write a profile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return file.Close()
	}, nil
}

// tick is the unit of processor time in /proc: USER_HZ, a hundredth of a second on every architecture Go runs on (time(7)).
const tick = 10 * time.Millisecond

// cpu is the processor time the process has taken, with that of those it started and waited for, such as a program that signs: proc(5), fields
// 14 to 17 of stat, counted behind the name, which may hold anything.
func (p process) cpu() (taken time.Duration) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 15 {
		return 0
	}
	for _, field := range fields[11:15] {
		n, _ := strconv.Atoi(field)
		taken += time.Duration(n) * tick
	}
	return taken
}

// machine is the processor time the whole machine has spent on anything: the first line of proc(5) stat without idle and iowait.
func machine() (busy time.Duration) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	for i, field := range strings.Fields(line) {
		if i == 0 || i == 4 || i == 5 || i > 8 { // the name, idle, iowait, and guests, whom user counts already
			continue
		}
		n, _ := strconv.Atoi(field)
		busy += time.Duration(n) * tick
	}
	return busy
}

// peak is the most memory the process has had, in bytes: proc(5), VmHWM of status.
func (p process) peak() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kilobytes int64
	_, _ = fmt.Sscan(rest, &kilobytes)
	return kilobytes * 1024
}

// forgetPeak makes this process's peak what it has now: proc(5), 5 in clear_refs. Where that is not to be had the peak is the process's whole life's.
func forgetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }
