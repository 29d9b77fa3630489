package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"vestnik/engine"
)

func TestFilesAreTakenOrToldRowByRow(t *testing.T) {
	w := newWorld(t)
	id := w.draft()
	file := strings.Join([]string{
		"account;email;period;amount;due_date;colour",
		"1;a@example.ru;2026-10;1 234,56;2026-11-10;red",
		"2;not-an-address;2026-10;1;2026-11-10;red",
		"1;b@example.ru;2026-10;1;2026-11-10;red",
		"3;c@example.ru;;;2026-11-10;red",
		";d@example.ru;2026-10;1;2026-11-10;red",
		"=cmd|' /C calc'!A0;d@example.ru;2026-10;1;2026-11-10;red",
		"4;e@example.ru;2026-10;5;2026-11-10;red", "",
	}, "\n")
	r := read[intakeReport](w.put(id, file).want(200))
	if r.Accepted != 2 || r.Duplicates != 1 || r.Rejected != 4 || r.Truncated {
		t.Errorf("%+v", r)
	}
	if len(r.Warnings) != 1 || r.Warnings[0].Field != "colour" {
		t.Errorf("warnings %+v", r.Warnings)
	}
	lines := map[int][]string{}
	for _, e := range r.Errors {
		lines[e.Line] = append(lines[e.Line], e.Field)
		if e.Message == "" || e.Code == "" {
			t.Errorf("%+v", e)
		}
	}
	want := map[int][]string{3: {"email"}, 5: {"amount", "period"}, 6: {"account"}, 7: {"account"}}
	for line := range want {
		if len(lines[line]) != len(want[line]) {
			t.Errorf("line %d: %v, want %v", line, lines[line], want[line])
		}
	}
	r = read[intakeReport](w.put(id, file).want(200))
	if r.Accepted != 0 || r.Duplicates != 3 {
		t.Errorf("the same file again: %+v", r)
	}
	r = read[intakeReport](w.put(id, `{"account":"9","email":"i@example.ru","period":"2026-10","amount":"1.00","due_date":"2026-11-10","vars":{"debt":"7.00"}}`,
		header("Content-Type", "application/x-ndjson")).want(200))
	if r.Accepted != 1 || len(r.Warnings) != 0 {
		t.Errorf("NDJSON: %+v", r)
	}
	if c := read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "")); c.Recipients != 3 {
		t.Errorf("%d recipients", c.Recipients)
	}
}

func TestErrorsOfAFileAreBounded(t *testing.T) {
	w := newWorld(t)
	r := read[intakeReport](w.put(w.draft(), "account,email\n"+strings.Repeat("1,@\n", 1000)).want(200))
	if r.Rejected != 1000 || len(r.Errors) != maxErrors || !r.Truncated {
		t.Errorf("%d rejected, %d told, %v", r.Rejected, len(r.Errors), r.Truncated)
	}
}

func TestRejectRefusesTheWholeFile(t *testing.T) {
	w := newWorld(t)
	id := w.draft()
	reject := func(r *http.Request) { r.URL.RawQuery = "on_error=reject" }
	p := read[problem](w.put(id, rows(1000)+"x,y\n", reject).want(422))
	if p.Code != "rejected" || p.Accepted != 0 || p.Rejected != 1 || len(p.Errors) == 0 || p.Errors[0].Line != 1002 {
		t.Errorf("%+v", p)
	}
	if c := read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "")); c.Recipients != 0 {
		t.Errorf("%d of a refused file have stayed", c.Recipients)
	}
	if r := read[intakeReport](w.put(id, rows(1000), reject).want(200)); r.Accepted != 1000 {
		t.Errorf("%+v", r)
	}
	w.put(id, gzipped(rows(2000)), reject, header("Content-Encoding", "gzip")).want(200)
	if c := read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "")); c.Recipients != 2000 {
		t.Errorf("%d recipients", c.Recipients)
	}
	if left, err := os.ReadDir(w.config.Spool); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

func TestFilesThatAreRefused(t *testing.T) {
	w := newWorld(t)
	id := w.draft()
	whole := gzipped(rows(3000))
	for name, c := range map[string]struct {
		file   string
		change with
		status int
	}{
		"empty":           {"", header("X", ""), 422},
		"header only":     {"account,email\n", header("X", ""), 422},
		"no account":      {"email\na@example.ru\n", header("X", ""), 422},
		"no gzip":         {"account\n1\n", header("Content-Encoding", "gzip"), 400},
		"cut off":         {whole[:len(whole)/2], header("Content-Encoding", "gzip"), 400},
		"wrong encoding":  {"account\n1\n", header("Content-Encoding", "br"), 415},
		"wrong type":      {"account\n1\n", header("Content-Type", "application/pdf"), 415},
		"too large":       {strings.Repeat("x", 1<<20+1), header("X", ""), 413},
		"unknown length":  {rows(20_000), func(r *http.Request) { r.ContentLength = -1 }, 413},
		"wrong parameter": {"account\n1\n", func(r *http.Request) { r.URL.RawQuery = "on_error=ignore" }, 422},
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			p := read[problem](w.put(id, c.file, c.change).want(c.status))
			if len(p.Errors) == 0 && c.status != 413 {
				t.Errorf("%+v", p)
			}
		})
	}
	// Rows read before the fault stand, and the problem tells how many.
	cut := w.draft()
	p := read[problem](w.put(cut, whole[:len(whole)/2], header("Content-Encoding", "gzip")).want(400))
	c := read[campaignView](w.ask("GET", "/v1/campaigns/"+cut, ""))
	if c.Recipients == 0 || int64(p.Accepted) != c.Recipients {
		t.Errorf("told %d, stored %d", p.Accepted, c.Recipients)
	}
	w.t = t
}

// TestStoreFailsInTheMiddle: a store that fails under a long file is told, and the file may be sent again whole.
func TestStoreFailsInTheMiddle(t *testing.T) {
	w := newWorld(t)
	id := w.draft()
	w.restart()
	w.ask("GET", "/v1/templates", "") // the key is known from here on
	w.faults.SetRate(0.2)
	for range 200 {
		if a := w.put(id, rows(1500)); a.Code == 200 {
			break
		} else if a.Code != 503 {
			a.want(503)
		}
	}
	w.faults.SetRate(0)
	w.put(id, rows(1500)).want(200)
	if c := read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "").want(200)); c.Recipients != 1500 {
		t.Errorf("%d recipients", c.Recipients)
	}
}

func TestSpoolGivesBackWhatItWasGiven(t *testing.T) {
	s, err := newSpool(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	text := []byte(rows(5000))
	if _, err := io.Copy(s, bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	again, err := s.again()
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(again)
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	disk, err := io.ReadAll(s.file)
	if err != nil || bytes.Contains(disk, []byte("example")) || len(disk) > len(text)/2 {
		t.Errorf("%d bytes on disk, %v", len(disk), err)
	}
}

func TestMessage(t *testing.T) {
	w := newWorld(t)
	var got struct {
		ID       string
		Rendered map[string]contentView
	}
	got = read[struct {
		ID       string
		Rendered map[string]contentView
	}](w.ask("POST", "/v1/messages", oneBill).want(202))
	if !strings.Contains(got.Rendered["email"].Text, "100,00") || got.Rendered["email"].HTML == "" || len(got.Rendered) != 1 {
		t.Errorf("%+v", got)
	}
	if m := read[messageView](w.ask("GET", "/v1/messages/"+got.ID, "").want(200)); m.Outcome != engine.InFlight {
		t.Errorf("%+v", m)
	}
	w.work()
	m := read[messageView](w.ask("GET", "/v1/messages/"+got.ID, "").want(200))
	if m.Outcome != engine.Delivered || m.Channel != engine.Email || m.Account != "000001" || len(m.Facts) != 1 {
		t.Errorf("%+v", m)
	}
	if len(w.email.Taken()) != 1 {
		t.Errorf("%d sent", len(w.email.Taken()))
	}
	for body, want := range map[string][]string{
		`{"kind":"bill","template":"bill-monthly"}`:                                                      {"recipient missing"},
		`{"kind":"bill","template":"bill-monthly","name":"n","recipient":{"email":"@","amount":"much"}}`: {"recipient.email", "recipient.amount", "recipient.account", "name unknown_field"},
		`{"kind":"bill","template":"bill-monthly","recipient":{"account":"1"}}`:                          {"period missing", "amount missing", "due_date missing"},
		`{"kind":"bill","template":"bill-monthly","recipient":7}`:                                        {"recipient"},
	} {
		p := read[problem](w.ask("POST", "/v1/messages", body).want(422))
		told := strings.Join(p.codes(), "; ")
		if len(p.Errors) != len(want) {
			t.Errorf("%s: %s", body, told)
		}
		for _, part := range want {
			if !strings.Contains(told, part) {
				t.Errorf("%s: %s: no %s", body, told, part)
			}
		}
	}
	nowhere := strings.Replace(oneBill, `"email":"a@example.ru",`, "", 1)
	id := read[struct{ ID string }](w.ask("POST", "/v1/messages", nowhere).want(202)).ID
	w.work()
	if m := read[messageView](w.ask("GET", "/v1/messages/"+id, "").want(200)); m.Outcome != engine.Undelivered || m.Reason != engine.NoAddress {
		t.Errorf("%+v", m)
	}
}

func TestTemplates(t *testing.T) {
	w := newWorld(t)
	list := read[page[map[string]any]](w.ask("GET", "/v1/templates", "").want(200))
	if len(list.Items) < 10 {
		t.Errorf("%d templates", len(list.Items))
	}
	info := read[map[string]any](w.ask("GET", "/v1/templates/bill-monthly@1", "").want(200))
	if info["kind"] != "bill" {
		t.Errorf("%v", info)
	}
	if v := read[page[any]](w.ask("GET", "/v1/templates/bill-monthly/versions", "").want(200)); len(v.Items) != 1 {
		t.Errorf("%v", v)
	}
	body := `{"recipient":{"account":"1","period":"2026-10","due_date":"2026-11-10"},"vars":{"amount":"5.00","x":1}}`
	p := read[struct {
		Rendered map[string]contentView
		Warnings []any
	}](w.ask("POST", "/v1/templates/bill-monthly/preview", body).want(200))
	if len(p.Rendered) != 4 || !strings.Contains(p.Rendered["paper"].Text, "5,00") || len(p.Warnings) != 1 {
		t.Errorf("%+v", p)
	}
	bad := read[problem](w.ask("POST", "/v1/templates/bill-monthly/preview", `{"recipient":{"account":"1"}}`).want(422))
	if !reflect.DeepEqual(bad.codes(), []string{"period missing", "amount missing", "due_date missing"}) {
		t.Error(bad.codes())
	}
}

// TestIntakeStopsWhenTheStoreDoes: reading ends soon after storing has failed, not at the end of the file.
func TestIntakeStopsWhenTheStoreDoes(t *testing.T) {
	w := newWorld(t)
	id := w.draft()
	template, err := w.config.Library.Find(t.Context(), engine.TemplateRef{Name: "bill-monthly"})
	w.must(err)
	c, err := w.engine.Stores.Registry.Campaign(t.Context(), engine.CampaignID(id))
	w.must(err)
	w.faults.SetRate(2)
	f := &filing{engine: w.engine, campaign: c, texts: texts{template}}
	endless := &forever{}
	if err := f.store(context.Background(), endless); !errors.Is(err, engine.ErrDown) {
		t.Fatal(err)
	}
}

// forever is a CSV without end.
type forever struct {
	left []byte
	n    int
}

func (f *forever) Read(p []byte) (int, error) {
	if f.n == 0 {
		f.left = []byte("account,email,period,amount,due_date\n")
	}
	for len(f.left) < len(p) {
		f.n++
		f.left = fmt.Appendf(f.left, "%d,a@example.ru,2026-10,1.00,2026-11-10\n", f.n)
	}
	n := copy(p, f.left)
	f.left = append(f.left[:0], f.left[n:]...)
	return n, nil
}
