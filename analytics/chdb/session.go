package chdb

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// session is a connection that knows which database and settings it stands at, so that a request only pays for what differs from the one before.
// Over HTTP a request starts from a clean sheet; here that means putting back what an earlier request has set.
type session struct {
	*connection
	database string
	settings map[string]string // set by requests, on top of the caps
	mark     string            // its log_comment, by which its running statement is found
}

// begin puts the session where the request wants it.
func (s *session) begin(database string, settings, caps map[string]string) error {
	if err := s.set(settings, caps); err != nil {
		return err
	}
	if database == s.database {
		return nil
	}
	if err := s.query("USE "+identifier(database), "Null", nil, nil); err != nil {
		return err
	}
	s.database = database
	return nil
}

// set makes settings the only ones beside the caps.
func (s *session) set(settings, caps map[string]string) error {
	var changes []string
	for name := range s.settings {
		if _, kept := settings[name]; kept {
			continue
		}
		value := "DEFAULT"
		if limit, capped := caps[name]; capped {
			value = literal(limit)
		}
		changes = append(changes, name+" = "+value)
	}
	for name, value := range settings {
		if had, ok := s.settings[name]; !ok || had != value {
			changes = append(changes, name+" = "+literal(value))
		}
	}
	if len(changes) == 0 {
		return nil
	}
	slices.Sort(changes)
	if err := s.query("SET "+strings.Join(changes, ", "), "Null", nil, nil); err != nil {
		return err
	}
	s.settings = maps.Clone(settings)
	return nil
}

// identifier quotes a name for SQL.
func identifier(name string) string { return "`" + escape.Replace(name) + "`" }

// literal quotes a text for SQL.
func literal(value string) string { return "'" + escape.Replace(value) + "'" }

var escape = strings.NewReplacer(`\`, `\\`, "`", "\\`", `'`, `\'`)

// pool holds the engine's sessions; whoever takes one has it alone.
type pool struct {
	lib  *library
	args []string
	caps map[string]string
	idle chan *session
	size int

	anchored sync.Mutex
	anchor   *connection // for our own few statements; the engine runs as long as one connection is open
}

// newPool starts the engine and opens its sessions.
func newPool(lib *library, o Options) (*pool, error) {
	p := &pool{lib: lib, idle: make(chan *session, o.Connections), size: o.Connections}
	// The caps of one statement belong to the session, those of the engine to its first connection. A statement may have three quarters of
	// the memory: the rest is for merges and for its neighbours.
	p.caps = map[string]string{
		"max_threads":      strconv.Itoa(o.Threads),
		"max_memory_usage": strconv.FormatInt(o.Memory/4*3, 10),
		"log_queries":      "0",
	}
	cache := strconv.FormatInt(o.Memory/16, 10)
	p.args = []string{
		"--path=" + o.Dir,
		"--max_server_memory_usage=" + strconv.FormatInt(o.Memory, 10),
		"--mark_cache_size=" + cache,
		"--primary_index_cache_size=" + cache,
		"--index_mark_cache_size=" + cache,
		"--query_condition_cache_size=" + cache,
		"--vector_similarity_index_cache_size=0",
		"--max_thread_pool_size=" + strconv.Itoa(64+o.Connections*o.Threads*4),
	}
	for _, name := range slices.Sorted(maps.Keys(p.caps)) {
		p.args = append(p.args, "--"+name+"="+p.caps[name])
	}
	var err error
	if p.anchor, err = lib.open(p.args...); err != nil {
		return nil, err
	}
	if err := p.anchor.query("CREATE DATABASE IF NOT EXISTS "+identifier(o.Database), "Null", nil, nil); err != nil {
		return nil, fmt.Errorf("create database %s: %w", o.Database, err)
	}
	for i := range p.size {
		s, err := p.open("session-" + strconv.Itoa(i))
		if err != nil {
			return nil, err
		}
		p.idle <- s
	}
	return p, nil
}

func (p *pool) open(mark string) (*session, error) {
	c, err := p.lib.open(append(slices.Clone(p.args), "--log_comment="+mark)...)
	if err != nil {
		return nil, err
	}
	return &session{connection: c, mark: mark}, nil
}

// abandon stops the statement that s runs as soon as ctx ends, for nobody waits for it any more. The returned function ends the watch; until then
// s must not be given back.
func (p *pool) abandon(ctx context.Context, s *session) (end func()) {
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(killed)
		p.anchored.Lock()
		defer p.anchored.Unlock()
		// The library has no call for it. A failure leaves the statement to its max_execution_time.
		_ = p.anchor.query("KILL QUERY WHERE Settings['log_comment'] = "+literal(s.mark)+" ASYNC", "Null", nil, nil)
	})
	return func() {
		if !stop() {
			<-killed
		}
	}
}

// take waits for a session until ctx ends. The engine keeps state by thread, so a statement must not wander: the caller's goroutine is locked to
// its thread until give.
func (p *pool) take(ctx context.Context) (*session, error) {
	select {
	case s := <-p.idle:
		runtime.LockOSThread()
		return s, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for a free connection of the engine: %w", context.Cause(ctx))
	}
}

// give takes the session back. One that a statement has changed behind our back (USE, SET, a temporary table) is replaced by a new one.
func (p *pool) give(s *session, changed bool) {
	if changed {
		if fresh, err := p.open(s.mark); err == nil {
			s.close()
			s = fresh
		}
	}
	runtime.UnlockOSThread()
	p.idle <- s
}

// close ends the engine if nobody uses it any more, and leaves it to the end of the process if somebody does: closing a connection under a
// running statement can crash.
func (p *pool) close(ctx context.Context) {
	for range p.size {
		select {
		case s := <-p.idle:
			s.close()
		case <-ctx.Done():
			return
		}
	}
	p.anchored.Lock()
	defer p.anchored.Unlock()
	p.anchor.close()
}
