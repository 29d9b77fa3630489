package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// partEnv names the part that a process of this binary is to play.
const partEnv = "VESTNIK_BENCH_PART"

// The parts.
const (
	serverPart  = "server"
	sinkPart    = "sink"
	visitorPart = "visitors"

	communityPart = "community"
	standsPart    = "stands"
)

// talk is the conversation of a benchmark with a part: JSON values on the part's standard input and output. The part ends when its input does, and
// so also when the benchmark dies.
type talk struct {
	in  *json.Decoder
	out *json.Encoder
}

func (t talk) tell(v any) error { return t.out.Encode(v) }

func (t talk) hear(v any) error { return t.in.Decode(v) }

// end waits for the end of the conversation.
func (t talk) end() error {
	var more json.RawMessage
	if err := t.hear(&more); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something came instead of the end: %w", err)
	}
	return nil
}

// MaybePlay turns the process into a part of a benchmark if one has begun it for that, and then never returns. In any other process it does nothing.
// The command calls it first, and so does TestMain.
func MaybePlay() {
	name := os.Getenv(partEnv)
	if name == "" {
		return
	}
	_ = os.Unsetenv(partEnv)                                     // what this process starts is no part
	signal.Ignore(os.Interrupt, syscall.SIGHUP, syscall.SIGTERM) // the benchmark ends its parts by itself
	if err := play(name, talk{json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)}); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// begin is the first thing a part is told.
type begin struct {
	Profile string // folder for its CPU profile; empty: none
	Label   string // of the profile
}

func play(name string, t talk) (err error) {
	var b begin
	if err := t.hear(&b); err != nil {
		return err
	}
	stop, err := profile(b.Profile, b.Label)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	switch name {
	case serverPart:
		return serve(t)
	case communityPart:
		return talkVK(t)
	case standsPart:
		return talkGIS(t)
	case sinkPart:
		return swallow(t)
	case visitorPart:
		return visit(t)
	}
	return fmt.Errorf("there is no part %q", name)
}

// part starts a process of this binary that plays a part until the benchmark is over.
func (b *bed) part(name string) (t talk, err error) {
	exe, err := os.Executable()
	if err != nil {
		return t, fmt.Errorf("find this program's own file: %w", err)
	}
	cmd := exec.CommandContext(b.ctx, exe, "bench")
	cmd.Env = append(os.Environ(), partEnv+"="+name)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return t, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return t, err
	}
	if err := cmd.Start(); err != nil {
		return t, fmt.Errorf("start the part %s: %w", name, err)
	}
	b.watch(name, cmd.Process.Pid)
	b.atEnd(func() error {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			return fmt.Errorf("the part %s: %w", name, err)
		}
		return nil
	})
	t = talk{json.NewDecoder(out), json.NewEncoder(in)}
	return t, t.tell(begin{Profile: b.options.Profile, Label: b.name + "-" + name})
}
