package intake_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"vestnik/api/intake"
)

// readAll reads a text to its end and checks what holds for any text.
func readAll(t *testing.T, contentType, text string) (rows []intake.Row, end error) {
	reader := intake.NewReader(strings.NewReader(text), formatOf(t, contentType, ""), intake.Options{})
	for line := 1; ; {
		row, err := reader.Next()
		if err != nil {
			var fault *intake.Error
			if err != io.EOF && (!errors.As(err, &fault) || len(fault.Problems) == 0 || fault.Problems[0].Message == "") {
				t.Fatalf("ends with %#v", err)
			}
			return rows, err
		}
		if row.Line < line || row.Lines < 1 {
			t.Fatalf("row at %d of %d lines, before it line %d", row.Line, row.Lines, line)
		}
		line = row.Line + row.Lines
		for _, p := range row.Problems {
			if p.Line < row.Line || p.Code == "" || p.Message == "" || strings.Contains(p.Message, "%!") {
				t.Fatalf("row %d: %+v", row.Line, p)
			}
		}
		if r := row.Recipient; len(row.Problems) == 0 {
			if r.Vars != nil && !json.Valid(r.Vars) || strings.TrimSpace(r.Account) == "" || utf8.RuneCountInString(r.Account) > 64 {
				t.Fatalf("row %d: %q %s", row.Line, r.Account, r.Vars)
			}
			for _, text := range []string{r.Account, r.Name, r.Email, r.Premises, r.DocumentID, string(r.Vars)} {
				if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) && text != string(r.Vars) {
					t.Fatalf("row %d holds %q", row.Line, text)
				}
			}
		}
		rows = append(rows, row)
	}
}

// accounted checks that every physical line behind the first skip ones belongs to a row or is blank.
func accounted(t *testing.T, text string, skip int, rows []intake.Row, blank func(string) bool) {
	lines := strings.Split(text, "\n")
	owned := make([]bool, len(lines)+1)
	for _, row := range rows {
		for line := row.Line; line < row.Line+row.Lines; line++ {
			owned[line] = true
		}
	}
	for i, line := range lines[skip:] {
		if !owned[skip+i+1] && !blank(line) {
			t.Fatalf("line %d, %q, is lost", skip+i+1, line)
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"1,A,b\n2,\"B\n3,C,d\n", "1,\"a\"\"\nb\",\"\"\r\n", "1,\"a\"b,c\n,,\n", "\xef\xbb\xbf1,\xff,=\n", "1;2;3\rx", "\"\",\"\n\",\"x\"\n", "1,\x00,\t",
		",\"\n0\",", "\"\"\"\nx\",,\"\"", "\xff\x80\xba\xe4\x92\xdc\xc4\n\n\xa0\xa0\n\xaf"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		_, _ = readAll(t, csvType, body)
		const header = "account,name,x\n"
		rows, end := readAll(t, csvType, header+body)
		if end != io.EOF {
			return // refused as a whole, which is told
		}
		accounted(t, header+body, 1, rows, func(line string) bool {
			if !utf8.ValidString(line) {
				line = strings.ReplaceAll(line, "\xa0", "") // a space in Windows-1251
			}
			return strings.Trim(strings.ReplaceAll(line, ",", ""), "\" \t\r\v\f\u0085\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\u1680") == ""
		})
		agree(t, header+body, rows)
	})
}

// agree compares the good rows with what encoding/csv reads, if it reads all of the text.
func agree(t *testing.T, text string, rows []intake.Row) {
	if strings.Contains(strings.ReplaceAll(text, "\r\n", ""), "\r") || !utf8.ValidString(text) {
		return
	}
	reader := csv.NewReader(strings.NewReader(text))
	records := map[int][]string{}
	for {
		record, err := reader.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return
		}
		line, _ := reader.FieldPos(0)
		records[line] = record
	}
	trim := func(text string) string {
		return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' })
	}
	for _, row := range rows {
		if slices.ContainsFunc(row.Problems, func(p intake.Problem) bool { return p.Code == "line_end" }) {
			return // the lines behind it were read as rows of their own
		}
		if len(row.Problems) > 0 {
			continue
		}
		record := records[row.Line]
		if len(record) != 3 {
			t.Fatalf("line %d: encoding/csv has %q", row.Line, record)
		}
		vars := map[string]string{}
		if row.Recipient.Vars != nil {
			if err := json.Unmarshal(row.Recipient.Vars, &vars); err != nil {
				t.Fatal(err)
			}
		}
		got := []string{row.Recipient.Account, row.Recipient.Name, strings.ReplaceAll(vars["x"], "\r\n", "\n")}
		for i := range got {
			if got[i] != trim(record[i]) {
				t.Fatalf("line %d: %q, encoding/csv has %q", row.Line, got, record)
			}
		}
	}
}

func FuzzNDJSON(f *testing.F) {
	for _, seed := range []string{`{"account":"1","x":[1,{"a":null}]}`, `{"account":1,"vars":{"a":"\u0041"}}` + "\n\n[]", `{"account":"1","x":-0.5e-3,"y":01}`, `{"a":"\ud800"}`, "{\"account\":\"\xff\"}", `{"account":"1","x":{"a":[{"b":1},{"b":2}]}}`, "\r0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows, end := readAll(t, ndjsonType, text)
		if end != io.EOF {
			return
		}
		accounted(t, text, 0, rows, func(line string) bool { return strings.Trim(line, " \t\r\ufeff") == "" })
		if strings.HasPrefix(text, "\ufeff") || !strings.HasPrefix(text, "{") {
			return
		}
		lines := strings.Split(text, "\n")
		for _, row := range rows {
			line := lines[row.Line-1]
			if valid := json.Valid([]byte(line)); len(row.Problems) == 0 && !valid {
				t.Fatalf("%q is no JSON and was taken", line)
			} else if len(row.Problems) > 0 && row.Problems[0].Code == "bad_json" && valid {
				t.Fatalf("%q is JSON and was refused: %+v", line, row.Problems)
			}
		}
	})
}
