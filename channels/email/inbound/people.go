package inbound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// peopleNames are the local parts that people write to, and feedback loops at the second: whoever takes mail must have the first
// (RFC 5321 §4.5.1), and who sends in bulk the other (RFC 2142 §4).
var peopleNames = []string{"postmaster", "abuse"}

// mostLetter is how long a letter to people may be: it is read whole and handed on.
const mostLetter = 1 << 20

// errEnough is told to the log; the letter's own server keeps it and comes again.
var errEnough = errors.New("more letters to postmaster and abuse than are handed on within an hour")

// personal reports whether a person should read what came to an address that people write to: everything that is no report about a letter of ours,
// unless a program has answered by it or it goes round in circles (RFC 3834 §2).
func (r report) personal(ours bool) bool {
	switch r.class {
	case Unknown:
		return true
	case AutoReply:
		return r.human
	case Loop, Receipt, Delayed, Relayed:
		return false
	default:
		return !ours
	}
}

// handOn gives a letter to whoever reads for the installation.
func (d *Desk) handOn(ctx context.Context, m Mail) (Class, error) {
	if d.Forward == nil {
		return Unread, nil
	}
	if !d.hour.allows(time.Now()) {
		return "", errEnough
	}
	if err := d.Forward(ctx, m); err != nil {
		return "", fmt.Errorf("hand a letter on: %w", err)
	}
	return Personal, nil
}

// forPeople reports whether an address is one that people write to.
func forPeople(address string) bool {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	return slices.Contains(peopleNames, local)
}

// hour bounds the letters handed on by one process: an address that everybody knows gets what everybody sends, and our relays' good name is not
// for that.
type hour struct {
	mu    sync.Mutex
	begun time.Time
	taken int
}

const mostOfHour = 60

func (h *hour) allows(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if now.Sub(h.begun) >= time.Hour {
		h.begun, h.taken = now, 0
	}
	h.taken++
	return h.taken <= mostOfHour
}
