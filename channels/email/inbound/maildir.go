package inbound

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Maildir reads what another mail server has put into a folder (https://cr.yp.to/proto/maildir.html): a message in new/ is taken, and moved to
// cur/ as seen. A crash between the two has it read again, which changes nothing; several readers do each other no harm.
type Maildir struct {
	Dir  string        // with new/ and cur/
	Desk *Desk         //
	Rest time.Duration // between two looks; 0: 5 s
	Log  *slog.Logger  // nil: slog.Default()
}

// mostOfRound is how many messages one look takes: a folder full of them is read in several, oldest first.
const mostOfRound = 1000

// Run looks until ctx ends. A folder that cannot be read, and a store that is down, are tried again.
func (m *Maildir) Run(ctx context.Context) error {
	rest := m.Rest
	if rest == 0 {
		rest = 5 * time.Second
	}
	logger := m.Log
	if logger == nil {
		logger = slog.Default()
	}
	tick := time.NewTicker(rest)
	defer tick.Stop()
	for {
		for more := true; more; {
			n, err := m.Look(ctx)
			if err != nil && ctx.Err() == nil {
				logger.Warn("the folder of returned mail could not be read to its end: it is tried again", "error", err)
			}
			more = err == nil && n == mostOfRound
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Look takes what lies in new/ now, at most a thousand messages, and tells how many that were. At the first that cannot be made durable it
// stops: that one and those after it stay.
func (m *Maildir) Look(ctx context.Context) (int, error) {
	fresh, taken := filepath.Join(m.Dir, "new"), 0
	entries, err := os.ReadDir(fresh)
	if err != nil {
		return 0, fmt.Errorf("list new mail: %w", err)
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !e.Type().IsRegular() || e.Name()[0] == '.' })
	var unread error
	for _, entry := range entries[:min(len(entries), mostOfRound)] { // by name, which begins with the time
		if ctx.Err() != nil {
			return taken, nil
		}
		raw, err := beginning(filepath.Join(fresh, entry.Name()))
		if err != nil {
			if !os.IsNotExist(err) { // otherwise another reader has it
				unread = fmt.Errorf("read a message: %w", nameless(err)) // which must not keep the others from being read
			}
			continue
		}
		if _, err := m.Desk.Take(ctx, Mail{Raw: raw}); err != nil {
			return taken, err
		}
		err = os.Rename(filepath.Join(fresh, entry.Name()), filepath.Join(m.Dir, "cur", entry.Name()+":2,S"))
		if err != nil && !os.IsNotExist(err) {
			return taken, fmt.Errorf("move a message to those seen: %w", nameless(err))
		}
		taken++
	}
	return taken, unread
}

// beginning reads as much of a file as a report needs.
func beginning(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxHead))
}

// nameless is a file error without the file's name, which another server made up of what it likes.
func nameless(err error) error {
	switch e := err.(type) { //nolint:errorlint // the names stand in the outermost error
	case *fs.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	}
	return err
}
