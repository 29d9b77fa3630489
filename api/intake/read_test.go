package intake_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"vestnik/api/intake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	csvType    = "text/csv"
	ndjsonType = "application/x-ndjson"
)

func formatOf(t testing.TB, contentType, contentEncoding string) intake.Format {
	t.Helper()
	format, err := intake.FormatOf(contentType, contentEncoding)
	if err != nil {
		t.Fatal(err)
	}
	return format
}

// show tells a reading in lines: `2 {recipient}` for a good row, `3 ✗ 3:5 field code, …` for a bad one, `! 1:0 field code` for the end if it is no good one.
func show(r *intake.Reader) string {
	var out strings.Builder
	for {
		row, err := r.Next()
		var fault *intake.Error
		switch {
		case err == io.EOF:
			return out.String()
		case errors.As(err, &fault):
			fmt.Fprintf(&out, "! %s\n", problems(fault.Problems))
			return out.String()
		case err != nil:
			return out.String() + "!! " + err.Error()
		}
		fmt.Fprint(&out, row.Line)
		if row.Lines != 1 {
			fmt.Fprintf(&out, "–%d", row.Line+row.Lines-1)
		}
		if len(row.Problems) > 0 {
			fmt.Fprintf(&out, " ✗ %s\n", problems(row.Problems))
			continue
		}
		text, err := json.Marshal(row.Recipient)
		if err != nil {
			return out.String() + "!! " + err.Error()
		}
		fmt.Fprintf(&out, " %s\n", text)
	}
}

func problems(list []intake.Problem) string {
	texts := make([]string, len(list))
	for i, p := range list {
		if p.Message == "" || strings.Contains(p.Message, "%") {
			texts[i] = "a bad message: " + p.Message
			continue
		}
		texts[i] = strings.Join(strings.Fields(fmt.Sprintf("%d:%d %s %s", p.Line, p.Column, p.Field, p.Code)), " ")
	}
	return strings.Join(texts, ", ")
}

func read(t testing.TB, contentType, text string) string {
	t.Helper()
	return show(intake.NewReader(strings.NewReader(text), formatOf(t, contentType, ""), intake.Options{}))
}

type reading struct{ name, text, want string }

func check(t *testing.T, contentType string, cases []reading) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := strings.TrimLeft(c.want, "\n")
			if got := read(t, contentType, c.text); strings.TrimSpace(got) != strings.TrimSpace(want) {
				t.Errorf("read\n%s\nwant\n%s", got, want)
			}
		})
	}
}
