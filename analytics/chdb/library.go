package chdb

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is the C interface of libchdb (chdb.h of chDB 26.7.3), as far as this package uses it. Handles are opaque pointers into C memory.
// Every function may be called from any thread; one connection runs one statement at a time.
type library struct {
	setSignalHandlers func(enabled int32)
	version           func() string
	connect           func(argc int32, argv unsafe.Pointer) *unsafe.Pointer
	closeConnection   func(connection *unsafe.Pointer)

	query         func(conn, sql unsafe.Pointer, n uintptr, format unsafe.Pointer, m uintptr, names, nameLens, values, valueLens unsafe.Pointer, count uintptr) unsafe.Pointer
	classify      func(conn, sql unsafe.Pointer, n uintptr, database unsafe.Pointer, m uintptr, analysis unsafe.Pointer) int32
	resultError   func(result unsafe.Pointer) string
	resultBuffer  func(result unsafe.Pointer) *byte
	resultLength  func(result unsafe.Pointer) uintptr
	destroyResult func(result unsafe.Pointer)

	insert        func(conn, sql unsafe.Pointer, n uintptr, format unsafe.Pointer, m uintptr, names, nameLens, values, valueLens unsafe.Pointer, count uintptr) unsafe.Pointer
	insertAppend  func(stream, data unsafe.Pointer, n uintptr) int32
	insertDone    func(stream unsafe.Pointer) unsafe.Pointer
	insertError   func(stream unsafe.Pointer) string
	insertDestroy func(stream unsafe.Pointer)
}

// load opens libchdb and binds its functions. It can be done once per process; the library is never unloaded.
func load(path string) (*library, error) {
	// Lazily, for the engine has very many symbols: 0.04 s instead of 2 s from a cold disk.
	handle, err := purego.Dlopen(path, purego.RTLD_LAZY|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("load the ClickHouse engine from %s (`make chdb` fetches it anew): %w", path, err)
	}
	lib := new(library)
	for _, f := range []struct {
		symbol string
		bind   any
	}{
		{"chdb_set_signal_handlers_enabled", &lib.setSignalHandlers},
		{"chdb_version", &lib.version},
		{"chdb_connect", &lib.connect},
		{"chdb_close_conn", &lib.closeConnection},
		{"chdb_query_with_params_n", &lib.query},
		{"chdb_classify_query_n", &lib.classify},
		{"chdb_result_error", &lib.resultError},
		{"chdb_result_buffer", &lib.resultBuffer},
		{"chdb_result_length", &lib.resultLength},
		{"chdb_destroy_query_result", &lib.destroyResult},
		{"chdb_stream_insert_with_params_n", &lib.insert},
		{"chdb_stream_append", &lib.insertAppend},
		{"chdb_stream_done", &lib.insertDone},
		{"chdb_stream_insert_error", &lib.insertError},
		{"chdb_destroy_insert_stream", &lib.insertDestroy},
	} {
		address, err := purego.Dlsym(handle, f.symbol)
		if err != nil {
			return nil, fmt.Errorf("%s lacks %s: it is another version than the one this program was made for (`make chdb` fetches the right one): %w", path, f.symbol, err)
		}
		purego.RegisterFunc(f.bind, address)
	}
	// Before the first connection: the engine's handlers for SIGSEGV and friends would replace those of the Go runtime.
	lib.setSignalHandlers(0)
	return lib, nil
}

// connection is one session of the engine. It is not safe for concurrent use.
type connection struct {
	lib    *library
	handle *unsafe.Pointer // what chdb_connect returned: a pointer to the connection
}

// errConnect is all there is to know: chdb_connect reports failure by a null pointer and nothing else.
var errConnect = errors.New("the ClickHouse engine refused to open its data directory (does another process use it, may we write there?)")

// open starts the engine in this process, or adds a session to the one that runs; args are command line options, such as --path=DIR.
func (lib *library) open(args ...string) (*connection, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	argv := make([]unsafe.Pointer, 0, len(args)+2)
	for _, arg := range append([]string{"clickhouse"}, args...) {
		text := append([]byte(arg), 0)
		pin.Pin(&text[0])
		argv = append(argv, unsafe.Pointer(&text[0]))
	}
	argv = append(argv, nil)
	pin.Pin(&argv[0])
	handle := lib.connect(int32(len(argv)-1), unsafe.Pointer(&argv[0]))
	if handle == nil || *handle == nil {
		return nil, errConnect
	}
	return &connection{lib: lib, handle: handle}, nil
}

func (c *connection) close() { c.lib.closeConnection(c.handle) }

// parameter is a value for a {name:Type} placeholder, as escaped text (the TabSeparated way), exactly as it comes over HTTP.
type parameter struct{ name, value string }

// bound is a list of parameters as the engine takes it: two arrays of texts and two of their lengths.
type bound struct {
	names, nameLens, values, valueLens unsafe.Pointer
	count                              uintptr
}

// bind lays out parameters for a call and pins them.
func bind(pin *runtime.Pinner, params []parameter) bound {
	if len(params) == 0 {
		return bound{}
	}
	texts, lens := make([]unsafe.Pointer, 2*len(params)), make([]uintptr, 2*len(params))
	for i, p := range params {
		texts[i], lens[i] = text(pin, p.name)
		texts[len(params)+i], lens[len(params)+i] = text(pin, p.value)
	}
	pin.Pin(&texts[0])
	pin.Pin(&lens[0])
	return bound{
		unsafe.Pointer(&texts[0]), unsafe.Pointer(&lens[0]),
		unsafe.Pointer(&texts[len(params)]), unsafe.Pointer(&lens[len(params)]), uintptr(len(params)),
	}
}

// query runs one statement and hands its output, in the given format, to use. The bytes belong to the engine and end with the call.
func (c *connection) query(sql, format string, params []parameter, use func([]byte) error) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	q, n := text(&pin, sql)
	f, m := text(&pin, format)
	b := bind(&pin, params)
	return c.consume(c.lib.query(*c.handle, q, n, f, m, b.names, b.nameLens, b.values, b.valueLens, b.count), use)
}

// insert feeds body, rows in the given format, to "INSERT INTO t (…)". Nothing of a body that cannot be parsed is kept unless it is larger than a
// block of the engine (1,048,449 rows by default).
func (c *connection) insert(sql, format string, params []parameter, body []byte) error {
	var pin runtime.Pinner
	defer pin.Unpin()
	q, n := text(&pin, sql)
	f, m := text(&pin, format)
	b := bind(&pin, params)
	stream := c.lib.insert(*c.handle, q, n, f, m, b.names, b.nameLens, b.values, b.valueLens, b.count)
	defer c.lib.insertDestroy(stream)
	if msg := c.lib.insertError(stream); msg != "" {
		return newException(msg)
	}
	if len(body) > 0 {
		pin.Pin(&body[0])
		if c.lib.insertAppend(stream, unsafe.Pointer(&body[0]), uintptr(len(body))) != 0 {
			return newException(c.lib.insertError(stream))
		}
	}
	return c.consume(c.lib.insertDone(stream), nil)
}

// consume reads a result and gives it back to the engine.
func (c *connection) consume(result unsafe.Pointer, use func([]byte) error) error {
	if result == nil {
		return newException("the engine gave no result")
	}
	defer c.lib.destroyResult(result)
	if msg := c.lib.resultError(result); msg != "" {
		return newException(msg)
	}
	if use == nil {
		return nil
	}
	return use(unsafe.Slice(c.lib.resultBuffer(result), c.lib.resultLength(result)))
}

// Classes of statements, from chdb.h (chdb_query_class).
const (
	classReadOnly = 0
	classControl  = 3 // USE, SET, SYSTEM, …: may change the session
)

// analysis is chdb_query_analysis_v1 of chdb.h.
type analysis struct{ size, statements, flags, class uint32 }

// analyse says what a statement would do without running it. Text that does not parse has zero statements.
func (c *connection) analyse(sql string) analysis {
	var pin runtime.Pinner
	defer pin.Unpin()
	a := &analysis{size: uint32(unsafe.Sizeof(analysis{}))}
	pin.Pin(a)
	q, n := text(&pin, sql)
	c.lib.classify(*c.handle, q, n, nil, 0, unsafe.Pointer(a))
	return *a
}

// text pins a string for a call and gives its address; an empty string has one too, as the engine takes null for "absent".
func text(pin *runtime.Pinner, s string) (unsafe.Pointer, uintptr) {
	if s == "" {
		s = "\x00"[:1]
		return unsafe.Pointer(unsafe.StringData(s)), 0
	}
	data := unsafe.StringData(s)
	pin.Pin(data)
	return unsafe.Pointer(data), uintptr(len(s))
}
