package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"golang.org/x/term"

	"vestnik/api/client"
	"vestnik/cmd/vestnik/tongue"
)

// terminal is where a command hears and speaks. On out goes what was asked for, on err everything else.
type terminal struct {
	tongue.Tongue
	in       io.Reader
	out, err io.Writer
	environ  []string
}

func newTerminal(in io.Reader, out, err io.Writer, environ []string) *terminal {
	return &terminal{in: in, out: out, err: err, environ: environ}
}

// getenv gives a variable of the terminal's environment.
func (t *terminal) getenv(name string) string {
	for _, pair := range t.environ {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	return ""
}

// speak chooses the language: --lang, which must be known before anything can be printed, or the locale.
func (t *terminal) speak(args []string) {
	t.Tongue = tongue.Locale(t.getenv)
	for i, arg := range args {
		code, together := strings.CutPrefix(arg, "--lang=")
		if !together && arg == "--lang" && i+1 < len(args) {
			code = args[i+1]
		}
		if named, ok := tongue.Named(code); ok {
			t.Tongue = named
		}
	}
}

// tell writes a line for the person on err; both is "по-русски // in English", formatted after the language is chosen.
func (t *terminal) tell(both string, args ...any) {
	_, _ = fmt.Fprintf(t.err, t.Cut(both)+"\n", args...) // nobody to tell that nobody can be told
}

// print writes a line of what was asked for.
func (t *terminal) print(line string) error {
	_, err := fmt.Fprintln(t.out, line)
	return err
}

// complain tells why a command failed.
func (t *terminal) complain(err error) {
	if problem := (*client.Problem)(nil); errors.As(err, &problem) {
		t.tell("vestnik: сервер отказал: %v // vestnik: the server refused: %v", problem)
		return
	}
	_, _ = fmt.Fprintln(t.err, "vestnik: "+err.Error())
}

// wide reports whether err is a person's terminal.
func (t *terminal) wide() bool {
	file, ok := t.err.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// logger writes JSON lines to err, or readable text when a person looks on.
func (t *terminal) logger(level slog.Level) *slog.Logger {
	o := &slog.HandlerOptions{Level: level}
	if t.wide() {
		return slog.New(slog.NewTextHandler(t.err, o))
	}
	return slog.New(slog.NewJSONHandler(t.err, o))
}

// fail makes an error of a phrase in both languages.
func (t *terminal) fail(both string, args ...any) error {
	return fmt.Errorf(t.Cut(both), args...)
}

// misuse is fail for what is wrong with the command line.
func (t *terminal) misuse(both string, args ...any) error {
	return &usageError{t.fail(both, args...)}
}
