package chdb

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// childEnv marks the process that Start has begun: MaybeServe looks for it.
const childEnv = "VESTNIK_CHDB_CHILD"

// The child finds these beside the usual three files. The parent keeps the listening socket open as well, so that the port survives the child and
// clients that come between two children wait instead of being refused.
const (
	listenerFile = 3
	reportFile   = 4
)

// order is what the parent writes to the child's standard input, which then stays open for as long as the parent lives. The password goes this way
// because arguments and environment can be read by others.
type order struct {
	Options  Options
	Password string
}

// ready is what the child reports when it serves; anything else it reports is why it cannot.
const ready = "ready"

// MaybeServe turns the process into the engine if Start has begun it for that, and then never returns. In any other process it does nothing.
// Programs that call Start call it first in main, and their tests first in TestMain.
func MaybeServe() {
	if os.Getenv(childEnv) == "" {
		return
	}
	os.Exit(child())
}

// child runs the engine until the parent closes standard input, or dies, or sends SIGTERM.
func child() int {
	_ = os.Unsetenv(childEnv) // what this process starts is no engine
	report := os.NewFile(reportFile, "report")
	signal.Ignore(os.Interrupt, syscall.SIGHUP) // a Ctrl-C in the terminal is for the parent, which ends the engine after its own last insert
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var o order
	input := json.NewDecoder(os.Stdin)
	if err := input.Decode(&o); err != nil {
		_, _ = fmt.Fprintf(report, "read the orders of the parent process: %v", err)
		return 2
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // ends with the parent
		stop()
	}()
	context.AfterFunc(ctx, func() {
		time.Sleep(2 * drainTimeout)
		os.Exit(3) // a statement that nothing can stop must not outlive the parent
	})
	if err := serveChild(ctx, o, report); err != nil {
		_, _ = io.WriteString(report, err.Error())
		return 1
	}
	return 0
}

// serveChild opens the engine, tells the parent, and serves.
func serveChild(ctx context.Context, o order, report *os.File) error {
	file := os.NewFile(listenerFile, "listener")
	l, err := net.FileListener(file)
	if err != nil {
		return fmt.Errorf("take over the listening socket: %w", err)
	}
	if err := file.Close(); err != nil {
		return fmt.Errorf("take over the listening socket: %w", err)
	}
	s, err := newServer(o.Password, o.Options)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(report, ready); err != nil {
		return fmt.Errorf("report to the parent process: %w", err)
	}
	if err := report.Close(); err != nil {
		return fmt.Errorf("report to the parent process: %w", err)
	}
	return s.serve(ctx, l)
}
