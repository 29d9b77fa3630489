package chdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// process is a child that serves.
type process struct {
	cmd   *exec.Cmd
	input io.WriteCloser // closing it ends the child
	said  *tail
	died  chan error
}

// spawn starts a child and waits until it serves.
func (e *Engine) spawn(ctx context.Context) (*process, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program's own file: %w", err)
	}
	orders, err := e.orders()
	if err != nil {
		return nil, err
	}
	reports, report, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open a pipe for the child's report: %w", err)
	}
	defer reports.Close()
	p := &process{cmd: exec.Command(exe), said: new(tail), died: make(chan error, 1)}
	p.cmd.Env = append(os.Environ(), childEnv+"=1")
	p.cmd.Dir = "/" // whatever directory the parent stands in can be removed or unmounted
	p.cmd.Stderr = p.said
	p.cmd.Stdout = p.said
	p.cmd.WaitDelay = time.Second
	p.cmd.ExtraFiles = []*os.File{e.socket, report}
	p.cmd.SysProcAttr = lifeline()
	if p.input, err = p.cmd.StdinPipe(); err == nil {
		err = p.cmd.Start()
	}
	if err := errors.Join(err, report.Close()); err != nil {
		return nil, fmt.Errorf("start the child process: %w", err)
	}
	go func() { p.died <- p.cmd.Wait() }()
	if _, err := p.input.Write(orders); err != nil {
		return nil, errors.Join(fmt.Errorf("give the child its orders: %w", err), p.kill())
	}
	return p, p.ready(ctx, reports)
}

// ready waits for the child's report; the child is gone if it is not that it serves.
func (p *process) ready(ctx context.Context, reports *os.File) error {
	stop := context.AfterFunc(ctx, func() { _ = reports.SetReadDeadline(time.Now()) })
	defer stop()
	text, err := io.ReadAll(io.LimitReader(reports, 16<<10)) // until the child closes it: by then it serves, or is gone
	if string(text) == ready && err == nil {
		return nil
	}
	_ = p.kill()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(text) == 0 && err == nil {
		err = errors.New("the child process ended without a word: does main call chdb.MaybeServe first?")
	}
	return errors.Join(err, p.blame(string(text)))
}

// wait returns when the child has died, which it does soon after ctx ends.
func (p *process) wait(ctx context.Context) error {
	select {
	case err := <-p.died:
		_ = p.input.Close()
		return errors.Join(err, p.blame("the engine ended by itself"))
	case <-ctx.Done():
	}
	_ = p.input.Close()
	patience := time.NewTimer(drainTimeout + time.Second)
	defer patience.Stop()
	select {
	case <-p.died:
		return nil
	case <-patience.C:
		return p.kill()
	}
}

// kill ends the child at once and waits until it is gone.
func (p *process) kill() error {
	_ = p.input.Close()
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill the child process: %w", err)
	}
	<-p.died
	return nil
}

// blame joins what is known about the child's end with its last words.
func (p *process) blame(text string) error {
	if last := p.said.String(); last != "" {
		text += ": " + last
	}
	if text == "" {
		return nil
	}
	return errors.New(text)
}

// tail keeps the end of what a child writes to its standard error: the engine says there why it cannot start, and the Go runtime why it crashed.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailSize = 4 << 10

// Write keeps the last tailSize bytes.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	if extra := len(t.text) - tailSize; extra > 0 {
		t.text = append(t.text[:0], t.text[extra:]...)
	}
	return len(p), nil
}

// String is what was kept, without surrounding space.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.text))
}
