// Command vestnik is the whole product in one binary: it serves, orders, shows and sets up.
//
// This room ties the others together and speaks to people in a terminal: one file a command, tables and progress bars. It never decides
// about a delivery and never opens a store by itself: package house does. What programs read is on stdout; everything else on stderr.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // residents live in eleven time zones, and small images know none

	"vestnik/analytics/chdb"
)

// version is set by the linker (see the Makefile).
var version = "dev"

// Exit codes.
const (
	exitFine   = 0
	exitFailed = 1
	exitUsage  = 2 // the command line or the set-up is wrong: trying again cannot help
)

func main() {
	chdb.MaybeServe()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // whoever asks a second time does not want to wait
	code := run(ctx, os.Args[1:], newTerminal(os.Stdin, os.Stdout, os.Stderr, os.Environ()))
	stop()
	os.Exit(code)
}

// run does one command and gives its exit code.
func run(ctx context.Context, args []string, t *terminal) int {
	err := parse(ctx, args, t)
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		t.tell("Прервано // Interrupted")
		return exitFailed
	}
	t.complain(err)
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// usageError says that the command line or the set-up is wrong.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }
