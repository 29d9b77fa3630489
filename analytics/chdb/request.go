package chdb

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/compress"
)

// statement is one request as the engine needs it.
type statement struct {
	sql      string
	format   string // of the output; what the SQL says in FORMAT wins
	database string
	params   []parameter
	settings map[string]string

	insert string // when set, sql is an INSERT without data, body holds its rows, and this is their format
	body   []byte

	revision uint64 // re-encode Native for this client_protocol_version; zero: leave the output alone
	compress compress.Method
}

// notSettings are the parameters of ClickHouse's HTTP interface that are no settings of a query (src/Server/HTTPHandler.cpp), and log_comment, by
// which pool.abandon finds a statement.
var notSettings = map[string]bool{
	"query": true, "database": true, "default_format": true, "client_protocol_version": true, "user": true, "password": true,
	"query_id": true, "quota_key": true, "session_id": true, "session_timeout": true, "session_check": true, "compress": true,
	"decompress": true, "wait_end_of_query": true, "buffer_size": true, "role": true, "stacktrace": true, "close_session": true, "log_comment": true,
}

var (
	settingName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)
	insertStart = regexp.MustCompile(`(?i)^\s*INSERT\s`)
	formatEnd   = regexp.MustCompile(`(?is)\sFORMAT\s+([A-Za-z]\w*)\s*;?\s*$`)
	formatLate  = regexp.MustCompile(`(?is)\sFORMAT\s+([A-Za-z]\w*)\s+SETTINGS\s[^']*$`)
)

// parse reads the whole request: a client that sends slowly must not hold a connection of the engine.
func parse(r *http.Request, w http.ResponseWriter, defaultDatabase string, maxBody int64) (*statement, error) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		return nil, raise(codeNotImplemented, "External tables are not supported by the embedded engine.")
	}
	q := r.URL.Query()
	body, err := readBody(r, w, q.Get("decompress") == "1", maxBody)
	if err != nil {
		return nil, err
	}
	st := &statement{
		sql:      q.Get("query"),
		format:   or(q.Get("default_format"), "TabSeparated"),
		database: or(or(q.Get("database"), r.Header.Get("X-ClickHouse-Database")), defaultDatabase),
	}
	if err := st.read(q); err != nil {
		return nil, err
	}
	st.place(body)
	if st.sql == "" {
		return nil, raise(codeSyntaxError, "Empty query.")
	}
	return st, st.shape(q)
}

// read takes parameters and settings from the address.
func (st *statement) read(q url.Values) error {
	st.settings = make(map[string]string)
	for name := range q {
		if param, ok := strings.CutPrefix(name, "param_"); ok {
			st.params = append(st.params, parameter{param, q.Get(name)})
			continue
		}
		if notSettings[name] {
			continue
		}
		if !settingName.MatchString(name) {
			return raise(codeBadArguments, "Malformed name of a setting.")
		}
		st.settings[name] = q.Get(name)
	}
	return nil
}

// place decides what the body is: the statement, its rest, or rows. Rows must not be glued to the statement: a ';' byte among them would end it.
func (st *statement) place(body []byte) {
	found := formatEnd.FindStringSubmatchIndex(st.sql)
	switch {
	case insertStart.MatchString(st.sql) && found != nil:
		st.insert, st.body = st.sql[found[2]:found[3]], body
		st.sql = st.sql[:found[0]]
	case st.sql == "":
		st.sql = string(body)
	case len(body) > 0:
		st.sql += "\n" + string(body)
	}
}

// shape decides how the output goes back.
func (st *statement) shape(q url.Values) error {
	native := st.format == "Native"
	for _, end := range []*regexp.Regexp{formatEnd, formatLate} {
		if found := end.FindStringSubmatch(st.sql); found != nil {
			native = found[1] == "Native"
		}
	}
	if text := q.Get("client_protocol_version"); text != "" && native {
		revision, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return raise(codeBadArguments, "client_protocol_version is not a number.")
		}
		st.revision = revision
	}
	if q.Get("compress") == "1" {
		st.compress = compress.LZ4
		if strings.EqualFold(q.Get("network_compression_method"), "ZSTD") {
			st.compress = compress.ZSTD
		}
	}
	return nil
}

// bodyTimeout is how long a client may take to send its request.
const bodyTimeout = 2 * time.Minute

// errTooLarge is a body beyond Options.MaxBody.
var errTooLarge = errors.New("the body is larger than this engine takes")

// frames makes the end of ch-go's frames one that io knows: there it comes wrapped. A frame that is cut off stays an error.
type frames struct{ *compress.Reader }

func (f frames) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.EOF
	}
	return n, err
}

// readBody reads and unpacks the body; native frames are ClickHouse's own compression (decompress=1).
func readBody(r *http.Request, w http.ResponseWriter, native bool, limit int64) ([]byte, error) {
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(bodyTimeout)); err != nil {
		return nil, fmt.Errorf("limit the time for the body: %w", err)
	}
	var in io.Reader = http.MaxBytesReader(w, r.Body, limit)
	var err error
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "":
	case "gzip":
		in, err = gzip.NewReader(in)
	case "deflate":
		in, err = zlib.NewReader(in)
	default:
		return nil, raise(codeNotImplemented, "Content-Encoding "+strconv.Quote(encoding)+" is not supported by the embedded engine.")
	}
	if err != nil {
		return nil, fmt.Errorf("unpack the body: %w", err)
	}
	if native {
		in = frames{compress.NewReader(in)}
	}
	var body bytes.Buffer
	if r.ContentLength > 0 && r.ContentLength <= limit {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	n, err := body.ReadFrom(io.LimitReader(in, limit+1))
	var tooLarge *http.MaxBytesError
	if n > limit || errors.As(err, &tooLarge) {
		return nil, errTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("read the body: %w", err)
	}
	// The deadline would also end the watch for a client that goes away while its statement runs.
	return body.Bytes(), control.SetReadDeadline(time.Time{})
}
