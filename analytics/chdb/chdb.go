// Package chdb is the ClickHouse that comes in the box: the real engine as a shared library (libchdb), run in a child process of the same binary
// and spoken to over ClickHouse's own HTTP interface on the loopback, so that clickhouse-go with Protocol HTTP serves a newcomer's first minute
// and a production cluster alike. One SQL dialect, no mock, no server to install, no cgo.
//
// The parent calls Start and connects to Engine.URL; the child is the same program, started again, and becomes the engine in MaybeServe, which main
// and TestMain call first. A crash or the memory of a C++ engine therefore never takes the program with it: the parent starts it again, on the
// same port, with the data as it was. Processes on other machines, clusters, users and quotas are the business of a real ClickHouse server.
//
// It never interprets SQL, knows no table of ours, and keeps no result.
//
// # What clients may use
//
// Queries and DDL (POST, or GET when read-only), parameters (param_x), settings in the address, database, default_format and FORMAT, Native in the
// client's revision, inserts with the statement in the address and rows of any format in the body, compression none, lz4, zstd and gzip. A failed
// statement answers with ClickHouse's status, X-ClickHouse-Exception-Code and text. One statement a request, as on a server. Not there: sessions
// between requests, external tables, brotli, progress headers, and reading AggregateFunction states in Native.
package chdb

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
)

// Options says how the engine runs. Dir is required; every other field has a default.
type Options struct {
	// Lib is the path of libchdb. Empty: $VESTNIK_CHDB_LIB, then libchdb.so beside the executable, ../lib/vestnik/libchdb.so seen from there,
	// and bin/libchdb.so of the repository one works in.
	Lib string
	// Dir holds the data. It is created if need be and belongs to one engine at a time.
	Dir string
	// Database is created if it is not there, and is where statements without a "database" of their own run. Empty: "vestnik".
	Database string
	// Memory caps the engine in bytes. Zero: 2 GiB. A statement that wants more fails with ClickHouse's code 241, the engine lives on.
	Memory int64
	// Threads caps one statement. Zero: the number of processors, at most 4.
	Threads int
	// Connections is how many statements run at the same time; more wait. Zero: 4.
	Connections int
	// MaxBody caps the body of one request in bytes, compressed and unpacked alike. Zero: 256 MiB.
	MaxBody int64
	// Log hears of crashes and restarts, never of statements. Nil: nobody.
	Log *slog.Logger `json:"-"`
}

// ErrNoLibrary is returned when libchdb is found nowhere; the text around it says where it was looked for and what to do.
var ErrNoLibrary = errors.New("the embedded ClickHouse engine is not installed: run `make chdb`, or point VESTNIK_CHDB_LIB at libchdb.so, " +
	"or use a ClickHouse server")

// libEnv names the environment variable with the path of libchdb.
const libEnv = "VESTNIK_CHDB_LIB"

// withDefaults fills in what was left out, and finds the library.
func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" {
		return o, errors.New("chdb: Options.Dir is empty: the engine needs a directory for its data")
	}
	var err error
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return o, fmt.Errorf("chdb: data directory: %w", err)
	}
	if o.Lib, err = find(o.Lib); err != nil {
		return o, err
	}
	o.Database = or(o.Database, "vestnik")
	o.Memory = or(o.Memory, 2<<30)
	o.Threads = or(o.Threads, min(runtime.NumCPU(), 4))
	o.Connections = or(o.Connections, 4)
	o.MaxBody = or(o.MaxBody, 256<<20)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}

// find returns the path of libchdb. Whoever names a path, in Options or in the environment, gets that one or an error.
func find(named string) (string, error) {
	for _, path := range []string{named, os.Getenv(libEnv)} {
		if path == "" {
			continue
		}
		if isFile(path) {
			return filepath.Abs(path)
		}
		return "", fmt.Errorf("%w (nothing at %s)", ErrNoLibrary, path)
	}
	places := candidates()
	for _, path := range places {
		if isFile(path) {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w (looked at %q)", ErrNoLibrary, places)
}

// candidates are the places where the library is looked for, best first.
func candidates() []string {
	const name = "libchdb.so"
	var places []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dir := filepath.Dir(exe)
		places = append(places, filepath.Join(dir, name), filepath.Join(dir, "..", "lib", "vestnik", name))
	}
	// `go test` and `go run` leave the executable in a temporary directory, but work inside the repository.
	if dir, err := os.Getwd(); err == nil {
		for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
			if isFile(filepath.Join(dir, "go.mod")) {
				places = append(places, filepath.Join(dir, "bin", name))
				break
			}
		}
	}
	return places
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// or returns value, or fallback when value is zero.
func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}
