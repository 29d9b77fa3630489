package chdb

import (
	"strings"
	"testing"
)

func TestNewException(t *testing.T) {
	tests := []struct {
		name, in string
		code     int
		text     string
	}{
		{"plain", "Code: 60. DB::Exception: Unknown table", 60, "Code: 60. DB::Exception: Unknown table"},
		{"layers", "Code: 241. DB::Exception: Code: 241. DB::Exception: Memory", 241, "Code: 241. DB::Exception: Memory"},
		{"own prefix", "Error: Code: 62. DB::NetException: x", 62, "Code: 62. DB::Exception: x"},
		{"no code", "Invalid or closed connection", 1001, "Code: 1001. DB::Exception: Invalid or closed connection"},
		{"code inside", "said Code: 60. DB::Exception: x", 1001, "Code: 1001. DB::Exception: said Code: 60. DB::Exception: x"},
		{"code too long", "Code: 99999999999999999999. DB::Exception: x", 1001, "Code: 1001. DB::Exception: x"},
		{"empty", "", 1001, "Code: 1001. DB::Exception: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if e := newException(tt.in); e.code != tt.code || e.text != tt.text {
				t.Errorf("got %d %q", e.code, e.text)
			}
		})
	}
}

func TestPlace(t *testing.T) {
	tests := []struct {
		name, sql, body          string
		wantSQL, format, wantRow string
	}{
		{"statement in the body", "", "SELECT 1", "SELECT 1", "", ""},
		{"batch of the driver", "INSERT INTO t (`a`) FORMAT Native", "\x00;", "INSERT INTO t (`a`)", "Native", "\x00;"},
		{"settings stay", "INSERT INTO t SETTINGS a = 1\nformat csv;", "1", "INSERT INTO t SETTINGS a = 1", "csv", "1"},
		{"no rows", "INSERT INTO t FORMAT Native", "", "INSERT INTO t", "Native", ""},
		{"rows as SQL", "INSERT INTO t VALUES", "(1)", "INSERT INTO t VALUES\n(1)", "", ""},
		{"select with a format", "SELECT 1 FORMAT CSV", "", "SELECT 1 FORMAT CSV", "", ""},
		{"format in a text", "INSERT INTO t SELECT ' FORMAT CSV'", "", "INSERT INTO t SELECT ' FORMAT CSV'", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			st := &statement{sql: tt.sql}
			st.place([]byte(tt.body))
			if st.sql != tt.wantSQL || st.insert != tt.format || string(st.body) != tt.wantRow {
				t.Errorf("got %q, %q, %q", st.sql, st.insert, st.body)
			}
		})
	}
}

// Rows must stay rows, whatever they look like.
func FuzzPlace(f *testing.F) {
	f.Add("INSERT INTO t", "Native", "; DROP TABLE t")
	f.Add("insert\ninto t (a)", "TSV", "x FORMAT CSV")
	f.Fuzz(func(t *testing.T, sql, format, body string) {
		st := &statement{sql: sql + " FORMAT " + format}
		st.place([]byte(body))
		if st.insert != "" && (string(st.body) != body || len(st.sql) >= len(sql)+len(" FORMAT ")) {
			t.Errorf("%q", st.sql)
		}
	})
}

// A quoted text must come back from the engine's lexer as it went in: no quote or backslash may stand alone.
func FuzzLiteral(f *testing.F) {
	f.Add(`a'b\c`)
	f.Fuzz(func(t *testing.T, s string) {
		q := literal(s)
		inner := q[1 : len(q)-1]
		for i := 0; i < len(inner); i++ {
			switch inner[i] {
			case '\\':
				i++
				if i == len(inner) {
					t.Fatalf("%q: ends in a backslash", q)
				}
			case '\'':
				t.Fatalf("%q: a free quote", q)
			}
		}
		if back := strings.NewReplacer(`\\`, `\`, `\'`, `'`, "\\`", "`").Replace(inner); back != s {
			t.Errorf("%q came back as %q", s, back)
		}
	})
}
