// Package analytics is the history: it loads the journal into ClickHouse, keeps the schema there, and answers with funnels, facts and
// timelines in people and roubles. It is the only room that speaks to ClickHouse, by clickhouse-go over HTTP or the native protocol, in the
// same SQL for a cluster's node and for the engine that comes in the box (package chdb).
//
// What is told once or ten times, in any order and in any blocks, gives the same figures: recipients are bits of bitmaps, payments are
// known by their reference, and every row is keyed by what it says.
//
// It never decides anything about a delivery, never writes to Redis, and holds no names and no addresses: an account number is the only
// handle of a person, under a time to live. Every report is for one provider, named in each call.
package analytics

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"vestnik/engine"
)

// Options say where the history is.
type Options struct {
	// URL of ClickHouse 24.8 or newer with the database in its path: "http://user:password@host:8123/vestnik", https:// for TLS, or
	// clickhouse://host:9000/vestnik for the native protocol (with ?secure=true for TLS). Several hosts are separated by commas, and
	// clickhouse-go's own parameters (?compress=lz4&dial_timeout=2s…) are understood.
	URL string
	// Connections is how many statements run at the same time; zero means 8.
	Connections int
}

// History is ClickHouse as the rest of the program sees it. It is safe for concurrent use.
//
// Every method returns an error that wraps engine.ErrDown when ClickHouse cannot be reached.
type History struct {
	conn    driver.Conn
	options clickhouse.Options
}

var schemes = map[string]bool{"http": true, "https": true, "clickhouse": true, "tcp": true}

// Open prepares the connection to ClickHouse without making one: a server that is down is found out by Ping, or by the first use. An error means
// that the URL makes no sense; it never repeats the URL, which holds a password.
func Open(_ context.Context, o Options) (*History, error) {
	options, err := clickhouse.ParseDSN(o.URL)
	if err != nil || !schemes[strings.SplitN(o.URL, ":", 2)[0]] {
		return nil, errors.New(`the address of ClickHouse must look like http://user:password@host:8123/vestnik or clickhouse://host:9000/vestnik`)
	}
	if options.Auth.Database == "" {
		return nil, errors.New("the address of ClickHouse names no database: add one, as in http://host:8123/vestnik")
	}
	options.MaxOpenConns = o.Connections
	if options.MaxOpenConns == 0 {
		options.MaxOpenConns = 8
	}
	options.MaxIdleConns = options.MaxOpenConns
	if options.DialTimeout == 0 || options.DialTimeout == 30*time.Second {
		options.DialTimeout = 5 * time.Second
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return nil, fmt.Errorf("open ClickHouse: %w", err)
	}
	return &History{conn: conn, options: *options}, nil
}

// Ping asks ClickHouse whether it is there and lets us in.
func (h *History) Ping(ctx context.Context) error {
	return wrap("ping ClickHouse", h.conn.Exec(ctx, "SELECT 1"))
}

// Close ends the connections.
func (h *History) Close() error { return wrap("close ClickHouse", h.conn.Close()) }

// Codes of ClickHouse's exceptions (src/Common/ErrorCodes.cpp).
const (
	codeUnknownDatabase = 81
	codeTooManyQueries  = 202
	codeSocketTimeout   = 209
	codeNetwork         = 210
)

// wrap says what was being done, and marks what means that ClickHouse cannot be reached.
func wrap(doing string, err error) error {
	if request, ok := errors.AsType[*url.Error](err); ok {
		err = request.Err // without the address, which holds the parameters of the statement
	}
	switch {
	case err == nil:
		return nil
	case unreachable(err):
		return fmt.Errorf("%s: %w: %w", doing, engine.ErrDown, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// discreet wraps an error as wrap does, but without ClickHouse's own words: they may repeat the values of a statement or of a row, and so an account.
func discreet(doing string, err error) error {
	if exception(err) != 0 && !unreachable(err) {
		return &quietError{doing + ": ClickHouse answers " + exceptionName(err), err}
	}
	return wrap(doing, err)
}

// quietError has words of its own for an exception.
type quietError struct {
	text  string
	cause error
}

func (e *quietError) Error() string { return e.text }
func (e *quietError) Unwrap() error { return e.cause }

// unreachable tells a server that did not answer from one that answered with an error. A proxy or a server that is starting says 502–504.
func unreachable(err error) bool {
	if code := exception(err); code != 0 {
		return code == codeTooManyQueries || code == codeSocketTimeout || code == codeNetwork
	}
	if answer, ok := errors.AsType[*clickhouse.HTTPError](err); ok {
		return answer.StatusCode >= 502 && answer.StatusCode <= 504
	}
	if errors.Is(err, context.Canceled) {
		return false
	}
	_, network := errors.AsType[net.Error](err)
	_, system := errors.AsType[syscall.Errno](err)
	return network || system || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, clickhouse.ErrAcquireConnTimeout) || errors.Is(err, clickhouse.ErrConnectionClosed)
}

// exception gives the code of the exception ClickHouse answered with, zero if it did not.
func exception(err error) int32 {
	if answer, ok := errors.AsType[*clickhouse.Exception](err); ok {
		return answer.Code
	}
	return 0
}

// indigestible tells an error about the data itself from one about the server: only the former is cured by leaving the data out. The codes are
// those of values that cannot be parsed, converted or allowed.
func indigestible(err error) bool {
	switch exception(err) {
	case 6, 27, 33, 38, 41, 53, 69, 70, 72, 117, 131, 321, 349, 407, 469:
		return true
	}
	return false
}

// exceptionName is ClickHouse's name for the exception: "VIOLATED_CONSTRAINT". Its text may repeat values.
func exceptionName(err error) string {
	if answer, ok := errors.AsType[*clickhouse.Exception](err); ok {
		return fmt.Sprintf("%s (code %d)", answer.Name, answer.Code)
	}
	return "unknown"
}
