package chdb

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/ClickHouse/ch-go/compress"
)

// user is the name in Engine.URL; only the password is secret.
const user = "vestnik"

// server answers the ClickHouse HTTP interface out of the engine in this process.
type server struct {
	pool     *pool
	options  Options
	password [sha256.Size]byte
}

// Serve runs the engine in this very process and answers the ClickHouse HTTP interface on l until ctx ends; it closes l. A process can do this once,
// with one directory. Requests must carry the password (any user name), by Basic, X-ClickHouse-Key or the address. Most callers want Start.
func Serve(ctx context.Context, l net.Listener, password string, o Options) error {
	s, err := newServer(password, o)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	return s.serve(ctx, l)
}

// newServer loads the library and opens the data.
func newServer(password string, o Options) (*server, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the data directory of the ClickHouse engine: %w", err)
	}
	lib, err := load(o.Lib)
	if err != nil {
		return nil, err
	}
	p, err := newPool(lib, o)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.Dir, err)
	}
	return &server{pool: p, options: o, password: sha256.Sum256([]byte(password))}, nil
}

// drainTimeout is how long statements may go on once the engine was told to end.
const drainTimeout = 5 * time.Second

// serve answers until ctx ends, then lets running statements finish for drainTimeout.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	web := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       5 * time.Minute,
		MaxHeaderBytes:    1 << 20,
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		if web.Shutdown(drain) != nil {
			_ = web.Close() // the clients still there have had their time
		}
		s.pool.close(drain)
	}()
	err := web.Serve(l)
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the ClickHouse HTTP interface: %w", err)
	}
	<-stopped
	return nil
}

// ServeHTTP answers one request of the ClickHouse HTTP interface (https://clickhouse.com/docs/interfaces/http).
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && (r.URL.Path == "/ping" || r.URL.RawQuery == "") {
		_, _ = io.WriteString(w, "Ok.\n")
		return
	}
	if !s.allowed(r) {
		const authenticationFailed = 516
		w.Header().Set("WWW-Authenticate", `Basic realm="ClickHouse"`)
		fail(w, http.StatusUnauthorized, raise(authenticationFailed, "Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)"))
		return
	}
	out := &answer{ResponseWriter: w}
	err := s.run(out, r)
	if err == nil {
		return
	}
	if out.begun {
		panic(http.ErrAbortHandler) // the status is gone: a torn answer is the only way left to say that it is not whole
	}
	var failed *exception
	switch {
	case errors.As(err, &failed):
		fail(w, failed.status(), failed)
	case errors.Is(err, errTooLarge):
		fail(w, http.StatusRequestEntityTooLarge, raise(codeBadArguments, err.Error()))
	case r.Context().Err() != nil:
		fail(w, http.StatusServiceUnavailable, raise(codeTimeoutExceeded, err.Error()))
	default:
		fail(w, http.StatusBadRequest, raise(codeBadArguments, err.Error()))
	}
}

// fail answers with an exception the way ClickHouse does.
func fail(w http.ResponseWriter, status int, e *exception) {
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	w.Header().Set("X-ClickHouse-Exception-Code", strconv.Itoa(e.code))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, e.text+"\n")
}

// allowed checks the password in constant time, wherever the client has put it.
func (s *server) allowed(r *http.Request) bool {
	_, password, ok := r.BasicAuth()
	if !ok {
		password = or(r.Header.Get("X-ClickHouse-Key"), r.URL.Query().Get("password"))
	}
	given := sha256.Sum256([]byte(password))
	return subtle.ConstantTimeCompare(given[:], s.password[:]) == 1
}

// run executes the request's statement and sends what comes out.
func (s *server) run(out *answer, r *http.Request) error {
	st, err := parse(r, out.ResponseWriter, s.options.Database, s.options.MaxBody)
	if err != nil {
		return err
	}
	session, err := s.pool.take(r.Context())
	if err != nil {
		return err
	}
	changed := false
	defer func() { s.pool.give(session, changed) }()
	defer s.pool.abandon(r.Context(), session)()
	if err := session.begin(st.database, st.settings, s.pool.caps); err != nil {
		changed = true // some of it may have been done
		return err
	}
	if st.insert != "" {
		return session.insert(st.sql, st.insert, st.params, st.body)
	}
	a := session.analyse(st.sql)
	if a.statements > 1 {
		return raise(codeSyntaxError, "Syntax error (Multi-statements are not allowed).")
	}
	const readOnly = 164
	if r.Method == http.MethodGet && a.class != classReadOnly {
		return raise(readOnly, "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. (READONLY)")
	}
	changed = a.class == classControl
	if st.compress != compress.None {
		out.compressor = compress.NewWriter(compress.LevelZero, st.compress)
	}
	return session.query(st.sql, st.format, st.params, func(data []byte) error {
		if len(data) == 0 {
			return nil
		}
		if st.revision == 0 {
			_, err := out.Write(data)
			return err
		}
		return reencode(out, data, st.revision)
	})
}
