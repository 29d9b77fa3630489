package redisq

import (
	"context"
	"sync"
	"time"

	"vestnik/engine"
)

// roll is what a process that fills a campaign knows of it: whose accounts lie in its first chunks. It may be behind Redis, which append.lua
// finds out; it never decides alone.
type roll struct {
	mu     sync.Mutex // held while a chunk is being stored
	chunks int
	last   string // token of the last of them
	known  map[digest]struct{}

	used time.Time // guarded by rolls.mu
}

// has reports whether an account is on the roll; nobody is on a nil roll.
func (l *roll) has(account digest) bool {
	if l == nil {
		return false
	}
	_, there := l.known[account]
	return there
}

// add puts a chunk's accounts on the roll.
func (l *roll) add(names nameList) {
	for _, account := range names.accounts() {
		l.known[account] = struct{}{}
	}
	l.chunks++
	l.last = names.token()
}

// catchUp reads the chunks that the roll does not know, up to now of them; if chunks it knows are lost it begins anew. It reports whether one of
// the chunks read was stored by the call with this token, and which.
func (l *roll) catchUp(ctx context.Context, r *Redis, id engine.CampaignID, now int, token string) (chunk int, stored bool, err error) {
	if now <= l.chunks {
		l.chunks, l.last, l.known = 0, "", map[digest]struct{}{}
	}
	err = r.readNames(ctx, id, l.chunks, now, func(k int, names nameList) {
		l.add(names)
		if names.token() == token {
			chunk, stored = k, true
		}
	})
	if err != nil { // half a page may have been read: what was added is true, and the rest is read next time
		return 0, false, err
	}
	return chunk, stored, nil
}

// rolls are those of the campaigns that are being filled. It is safe for concurrent use.
type rolls struct {
	mu   sync.Mutex
	open map[engine.CampaignID]*roll
}

// Rolls that were not used for a while, and the oldest when there are many, are closed; they can be read again.
const (
	rollsOpen = 64
	rollAge   = time.Minute
)

// of gives the roll of a campaign, an empty one if none is open.
func (s *rolls) of(id engine.CampaignID) *roll {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.open[id]
	if l == nil {
		s.close()
		l = &roll{known: map[digest]struct{}{}}
		s.open[id] = l
	}
	l.used = time.Now()
	return l
}

// close makes room for one.
func (s *rolls) close() {
	var oldest engine.CampaignID
	for id, l := range s.open {
		if time.Since(l.used) > rollAge {
			delete(s.open, id)
		} else if other := s.open[oldest]; other == nil || l.used.Before(other.used) {
			oldest = id
		}
	}
	if len(s.open) >= rollsOpen {
		delete(s.open, oldest)
	}
}
