package chdb

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Engine is the parent's end of an embedded ClickHouse: it keeps a child process running. Safe for concurrent use.
type Engine struct {
	options  Options
	password string
	address  string
	socket   *os.File // the listening socket, held open over all children
	pid      atomic.Int64
	stop     context.CancelFunc
	stopped  chan struct{}
	end      sync.Once
}

// Start begins the engine in a child process and returns when it answers. The child is this very binary: its main must call MaybeServe first.
// ctx bounds the start only; Close ends the engine, and so does the end of this process, however it comes.
//
// A directory that another engine still has is waited for, up to ten seconds: it may be dying. A child that dies is started again at once, and with growing pauses (0.1 s to 2 s) if it keeps dying; meanwhile requests wait, or are answered
// with 503. Errors: ErrNoLibrary, or why the child could not open its data.
func Start(ctx context.Context, o Options) (*Engine, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Engine{options: o, password: rand.Text(), stopped: make(chan struct{})}
	if err := e.listen(ctx); err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = stop
	first := make(chan error, 1)
	go e.run(run, first)
	select {
	case err = <-first:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the embedded ClickHouse engine: %w", err), e.Close())
	}
	return e, nil
}

// URL is the address with user, password and database, as clickhouse.ParseDSN takes it: "http://vestnik:…@127.0.0.1:40000/vestnik". It stays the
// same for the life of the Engine. The password is random; do not log it.
func (e *Engine) URL() string {
	u := url.URL{Scheme: "http", User: url.UserPassword(user, e.password), Host: e.address, Path: "/" + e.options.Database}
	return u.String()
}

// PID is the process number of the running child, and 0 while there is none.
func (e *Engine) PID() int { return int(e.pid.Load()) }

// Close ends the child: running statements get 5 s, then it is killed. The data stays in Options.Dir. Closing twice is harmless.
func (e *Engine) Close() error {
	var err error
	e.end.Do(func() {
		e.stop()
		<-e.stopped
		err = e.socket.Close()
	})
	return err
}

// listen takes a free port of the loopback.
func (e *Engine) listen(ctx context.Context) error {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for the embedded ClickHouse engine: %w", err)
	}
	e.address = l.Addr().String()
	e.socket, err = l.(*net.TCPListener).File()
	return errors.Join(err, l.Close())
}

// Pauses before a child that has just died is started again.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
	healthy    = 5 * time.Second // a child that lived this long is started again at once
)

// takenPatience is how long a directory is waited for that another engine has. One whose parent was killed ends within its drainTimeout.
const takenPatience = 10 * time.Second

// taken reports whether a child could not begin because another engine has its directory. ClickHouse names it in the text alone: its code 76,
// CANNOT_OPEN_FILE, says less.
func taken(err error) bool {
	return err != nil && strings.Contains(err.Error(), "Another server instance in same directory is already running")
}

// run keeps a child alive until ctx ends. The first start decides whether there is an engine at all.
func (e *Engine) run(ctx context.Context, first chan<- error) {
	defer close(e.stopped)
	// Linux sends the child its death signal when the thread that started it ends, not the process: so the thread must stay.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pause := time.Duration(0)
	serves := func() {
		if first != nil {
			first <- nil
			first = nil
		}
	}
	for begin := time.Now(); ; {
		began := time.Now()
		err := e.life(ctx, serves)
		if first != nil && taken(err) && time.Since(begin) < takenPatience {
			e.options.Log.LogAttrs(ctx, slog.LevelInfo, "another ClickHouse engine still has the directory: waiting for its end")
			e.excuse(ctx, firstPause)
			continue
		}
		if first != nil {
			first <- err
			return
		}
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > healthy {
			pause = 0
		}
		e.options.Log.LogAttrs(ctx, slog.LevelWarn, "the embedded ClickHouse engine ended and is started again",
			slog.Any("error", err), slog.Duration("pause", pause))
		e.excuse(ctx, pause)
		pause = min(max(2*pause, firstPause), lastPause)
	}
}

// life is one child, from start to end; serves is called in between.
func (e *Engine) life(ctx context.Context, serves func()) error {
	p, err := e.spawn(ctx)
	if err != nil {
		return err
	}
	e.pid.Store(int64(p.cmd.Process.Pid))
	defer e.pid.Store(0)
	serves()
	return p.wait(ctx)
}

// excuse answers for the engine while it pauses.
func (e *Engine) excuse(ctx context.Context, pause time.Duration) {
	if pause == 0 {
		return
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	l, err := net.FileListener(e.socket)
	if err == nil {
		web := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			const networkError = 210
			w.Header().Set("Retry-After", "1")
			w.Header().Set("Connection", "close")
			fail(w, http.StatusServiceUnavailable, raise(networkError, "The embedded engine is being restarted."))
		})}
		served := make(chan struct{})
		go func() {
			defer close(served)
			_ = web.Serve(l) // ends by Close below
		}()
		defer func() {
			_ = web.Close()
			<-served
		}()
	}
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// orders are the lines for the child's standard input.
func (e *Engine) orders() ([]byte, error) {
	text, err := json.Marshal(order{e.options, e.password})
	if err != nil {
		return nil, fmt.Errorf("write the orders of the engine: %w", err)
	}
	return append(text, '\n'), nil
}
