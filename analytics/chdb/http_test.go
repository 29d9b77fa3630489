package chdb_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"vestnik/analytics/chdb"
)

// ask sends a request to the engine and returns status, headers and body; change adapts the request.
func ask(t *testing.T, e *chdb.Engine, method, query, body string, change func(*http.Request)) (int, http.Header, string) {
	t.Helper()
	u, err := url.Parse(e.URL())
	if err != nil {
		t.Fatal(err)
	}
	u.Path, u.RawQuery = "/", query
	if strings.HasPrefix(query, "/") {
		u.Path, u.RawQuery = query, ""
	}
	r, err := http.NewRequestWithContext(t.Context(), method, u.String(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	if change != nil {
		change(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(text)
}

func TestHTTP(t *testing.T) {
	e := start(t, chdb.Options{MaxBody: 1 << 20})
	u, err := url.Parse(e.URL())
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	nobody := func(r *http.Request) { r.URL.User = nil }
	as := func(p string) func(*http.Request) {
		return func(r *http.Request) { r.URL.User = url.UserPassword("vestnik", p) }
	}
	sql := func(s string) string { return url.Values{"query": {s}}.Encode() }
	tests := []struct {
		name, method, query, body string
		change                    func(*http.Request)
		status                    int
		code, want                string
	}{
		{"ping", "GET", "/ping", "", nobody, 200, "", "Ok.\n"},
		{"root", "GET", "/", "", nobody, 200, "", "Ok.\n"},
		{"get", "GET", sql("SELECT 1, 'a'"), "", nil, 200, "", "1\ta\n"},
		{"get must not write", "GET", sql("CREATE TABLE w (a Int8) ENGINE = Memory"), "", nil, 500, "164", "readonly"},
		{"post", "POST", "", "SELECT 2", nil, 200, "", "2\n"},
		{"post in two parts", "POST", sql("SELECT"), "3", nil, 200, "", "3\n"},
		{"format", "POST", "", "SELECT 4 AS a FORMAT JSONEachRow", nil, 200, "", "{\"a\":4}\n"},
		{"format of the driver overridden", "POST", "default_format=Native&client_protocol_version=54460", "SELECT 5 FORMAT CSV", nil, 200, "", "5\n"},
		{"empty", "POST", "", "", nil, 400, "62", "Empty query"},
		{"no password", "POST", "", "SELECT 1", nobody, 401, "516", "Authentication failed"},
		{"wrong password", "POST", "", "SELECT 1", as("x"), 401, "516", "Authentication failed"},
		{"empty password", "POST", "", "SELECT 1", as(""), 401, "516", "Authentication failed"},
		{"half a password", "POST", "", "SELECT 1", as(password[:len(password)/2]), 401, "516", "Authentication failed"},
		{"password in a header", "POST", "", "SELECT 6", func(r *http.Request) {
			nobody(r)
			r.Header.Set("X-ClickHouse-Key", password)
		}, 200, "", "6\n"},
		{"password in the address", "POST", "password=" + password, "SELECT 7", nobody, 200, "", "7\n"},
		{"unknown table", "POST", "", "SELECT * FROM nowhere", nil, 404, "60", "UNKNOWN_TABLE"},
		{"setting is no name", "POST", url.Values{"a = 1, b": {"2"}}.Encode(), "SELECT 1", nil, 400, "36", "Malformed"},
		{"setting is quoted", "POST", url.Values{"max_threads": {"1', max_block_size = '5"}}.Encode(), "SELECT 1", nil, 400, "27", "Cannot parse"},
		{"body too large", "POST", sql("SELECT 1 --"), strings.Repeat("x", 1<<20+1), nil, 413, "36", "larger"},
		{"brotli", "POST", "", "x", func(r *http.Request) { r.Header.Set("Content-Encoding", "br") }, 501, "48", "br"},
		{"broken gzip", "POST", "", "x", func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 400, "36", "unpack"},
		{"external table", "POST", "", "x", func(r *http.Request) { r.Header.Set("Content-Type", "multipart/form-data") }, 501, "48", "External"},
		{"state in Native", "POST", "default_format=Native&client_protocol_version=54460", "SELECT uniqState(1)", nil, 501, "48", "cannot send"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, header, text := ask(t, e, tt.method, tt.query, tt.body, tt.change)
			if status != tt.status || !strings.Contains(text, tt.want) {
				t.Errorf("got %d %q, want %d %q", status, text, tt.status, tt.want)
			}
			if got := header.Get("X-ClickHouse-Exception-Code"); tt.code != "" && got != tt.code {
				t.Errorf("code %q, want %q", got, tt.code)
			}
		})
	}
}

// A ';' among the rows must not end the statement, and what follows it must not run.
func TestRowsAreNotSQL(t *testing.T) {
	e := start(t, chdb.Options{})
	conn := connect(t, e, nil)
	mustExec(t, conn, "CREATE TABLE t (s String) ENGINE = MergeTree ORDER BY s")
	text := "; DROP TABLE t; SELECT 'x"
	insert := func(sql, body string) {
		t.Helper()
		if status, _, answer := ask(t, e, "POST", url.Values{"query": {sql}}.Encode(), body, nil); status != 200 {
			t.Errorf("%s: %d %s", sql, status, answer)
		}
	}
	insert("INSERT INTO t (s) FORMAT TabSeparated", text+"\n")
	insert("INSERT INTO t FORMAT JSONEachRow;", `{"s":"`+text+`"}`)
	insert("INSERT INTO t (s) SETTINGS max_insert_threads = 1 FORMAT RowBinary", string(rune(len(text)))+text)
	insert("INSERT INTO t (s) FORMAT Native", "\x01\x01\x01s\x06String"+string(rune(len(text)))+text)
	if status, _, answer := ask(t, e, "POST", "param_table=t&query=INSERT+INTO+%7Btable:Identifier%7D+FORMAT+TSV", text+"\n", nil); status != 200 {
		t.Errorf("parameter: %d %s", status, answer)
	}
	if n := count(t, t.Context(), conn, "SELECT count() FROM t WHERE s = ?", text); n != 5 {
		t.Errorf("%d rows arrived whole, want 5", n)
	}
	if status, _, answer := ask(t, e, "POST", url.Values{"query": {"INSERT INTO t (s) FORMAT Native"}}.Encode(), "\x01\x05broken", nil); status == 200 {
		t.Errorf("broken rows: %d %q", status, answer)
	}
}
