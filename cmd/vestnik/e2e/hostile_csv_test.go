package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vestnik/api/client"
	"vestnik/engine"
)

// hostile is a file in which everything is wrong that files have been seen with: by row, and the code it is refused with; none is good.
var hostile = []struct{ row, code string }{
	{"h-1,Соколова,a1@example.org,1234.56,2026-10,2026-12-10,x", ""},
	{`h-2,"Кузнецов, старший",a2@example.org,"1 234,56",2026-10,10.12.2026,x`, ""},
	{"h-3,Морозов,a3@example,100,2026-10,2026-12-10,x", "bad_email"},
	{"h-1,Соколова,a1@example.org,1234.56,2026-10,2026-12-10,x", "duplicate"},
	{"h-4,=HYPERLINK(1),a4@example.org,100,2026-10,2026-12-10,x", "formula"},
	{"h-5,Морозов,a5@example.org", "wrong_cell_count"},
	{"h-6,Моро\x00зов,a6@example.org,100,2026-10,2026-12-10,x", "bad_character"},
	{"h-7,Моро\xffзов,a7@example.org,100,2026-10,2026-12-10,x", "bad_encoding"},
	{"h-8," + strings.Repeat("ж", 5<<20) + ",a8@example.org,100,2026-10,2026-12-10,x", "row_too_long"},
	{`h-9,"Морозов,a9@example.org,100,2026-10,2026-12-10,x`, "unclosed_quote"},
	{",Морозов,a10@example.org,100,2026-10,2026-12-10,x", "required"},
	{"h-11,Морозов,a11@example.org,12 рублей,2026-10,2026-12-10,x", "bad_amount"},
	{"h-12,Морозов,a12@example.org,100,2026-13,2026-12-10,x", "bad_period"},
	{"h-13,Морозов,a13@example.org,100,2026-10,2026-02-30,x", "bad_date"},
	{`"1,23457E+11",Морозов,a14@example.org,100,2026-10,2026-12-10,x`, "rounded_account"},
	{"h-15,Морозов,a15@example.org,,2026-10,2026-12-10,x", "missing"},
	{"h-16,Щукина,a16@example.org,0.00,2026-10,2026-12-10,x", ""},
}

func hostileFile() string {
	var b strings.Builder
	b.WriteString("account,name,email,amount,period,due_date,colour\r\n")
	for _, line := range hostile {
		b.WriteString(line.row + "\r\n")
	}
	return b.String()
}

// wholeLine are the codes that are about a line and no place in it.
var wholeLine = []string{"wrong_cell_count", "row_too_long", "missing", "required"}

// TestHostileCSV sends files that nobody should send, and connections that nobody should make. Every row is accepted or reported with its place and
// a sentence, what is refused leaves nothing behind, and the server neither swells nor waits for ever.
func TestHostileCSV(t *testing.T) {
	w := newTown(t)
	server := w.serve()
	c := w.provider("УК «Ромашка»")
	cut := make(chan string, 1)
	hanging := w.draft(c)
	go func() { cut <- w.hang("/v1/campaigns/"+string(hanging)+"/recipients", c.Key) }()

	t.Run("every row is accepted or reported", func(t *testing.T) { everyRowIsTold(w.in(t), c) })
	t.Run("reject leaves nothing", func(t *testing.T) { rejectLeavesNothing(w.in(t), c) })
	t.Run("files that are none", func(t *testing.T) { noFiles(w.in(t), c) })
	t.Run("too much", func(t *testing.T) { tooMuch(w.in(t), c, server) })

	if trouble := <-cut; trouble != "" {
		t.Error(trouble)
	}
	// The nine whole rows that came before the pause are kept; the half one is nobody.
	campaign, ok := w.look(c, hanging)
	if !ok || campaign.Ledger.Ordered != 9 {
		t.Errorf("%+v", campaign.Ledger)
	}
}

// in is the town for a part of the test.
func (w *town) in(t *testing.T) *town {
	part := *w
	part.T = t
	return &part
}

func everyRowIsTold(w *town, c *client.Client) {
	id := w.draft(c)
	taken, err := c.PutRecipients(w.Context(), id, client.Audience{Type: client.CSV, Body: strings.NewReader(hostileFile())})
	if err != nil {
		w.Fatal(err)
	}
	codes := map[int]string{}
	for _, m := range taken.Errors {
		codes[m.Line] = m.Code
		if m.Message == "" || m.Line == 0 || m.Column == 0 && !slices.Contains(wholeLine, m.Code) {
			w.Errorf("a mistake without its place or words: %+v", m)
		}
		if personal.MatchString(m.Message) || strings.Contains(m.Message, "Морозов") {
			w.Errorf("a value in a message: %+v", m)
		}
	}
	good, bad := 0, 0
	for i, line := range hostile {
		switch line.code {
		case "":
			good++
		case "duplicate":
			continue
		default:
			bad++
		}
		if codes[i+2] != line.code {
			w.Errorf("line %d is told as %q, want %q", i+2, codes[i+2], line.code)
		}
	}
	if taken.Accepted != good || taken.Rejected != bad || taken.Duplicates != 1 || taken.Truncated {
		w.Errorf("accepted %d, rejected %d, duplicates %d; want %d, %d and 1", taken.Accepted, taken.Rejected, taken.Duplicates, good, bad)
	}
	if !slices.ContainsFunc(taken.Warnings, func(m client.Mistake) bool { return m.Field == "colour" && m.Code == "unknown_variable" }) {
		w.Errorf("nobody warns of a column that no template uses: %+v", taken.Warnings)
	}
	w.start(c, id)
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: int64(good), Delivered: int64(good)})
}

func rejectLeavesNothing(w *town, c *client.Client) {
	id := w.draft(c)
	_, err := c.PutRecipients(w.Context(), id, client.Audience{Type: client.CSV, Reject: true, Body: strings.NewReader(hostileFile())})
	w.wantProblem(err, http.StatusUnprocessableEntity, "bad_email")
	if campaign, ok := w.look(c, id); !ok || campaign.Ledger.Ordered != 0 {
		w.Errorf("a refused file has left %d recipients", campaign.Ledger.Ordered)
	}
	_, err = c.Start(w.Context(), id)
	w.wantProblem(err, http.StatusUnprocessableEntity, "empty")
	taken, err := c.PutRecipients(w.Context(), id, client.Audience{Type: client.CSV, Reject: true, Body: strings.NewReader(csvOf(people(3)))})
	if err != nil || taken.Accepted != 3 {
		w.Errorf("a good file after a refused one: %+v %v", taken, err)
	}
}

// wantProblem checks a refusal and one of the mistakes it tells.
func (w *town) wantProblem(err error, status int, code string) {
	w.Helper()
	problem, ok := err.(*client.Problem)
	if !ok || problem.Status != status || code != "" && !slices.ContainsFunc(problem.Errors, func(m client.Mistake) bool { return m.Code == code }) {
		w.Errorf("%v, want %d with %q", err, status, code)
	}
}

func noFiles(w *town, c *client.Client) {
	for name, is := range map[string]struct {
		body   string
		kind   string
		packed string
		status int
		code   string
	}{
		"empty":             {"", client.CSV, "", 422, "empty"},
		"header only":       {header, client.CSV, "", 422, "no_rows"},
		"no account":        {"name,email\nx,a@example.org\n", client.CSV, "", 422, "no_account_column"},
		"no header":         {"h-1,Соколова,a1@example.org,1234.56\n", client.CSV, "", 422, "no_header"},
		"a workbook":        {"PK\x03\x04\x14\x00\x06\x00xl/workbook.xml", client.CSV, "", 422, "workbook"},
		"noise":             {"\x81\xfe\x00\x01\x02\xff\xfd\x9c\n\xfe\xff\x00", client.CSV, "", 422, ""},
		"no gzip":           {header, client.CSV, "gzip", 400, "bad_gzip"},
		"half a gzip":       {half(csvOf(people(2000))), client.CSV, "gzip", 400, ""},
		"unknown packing":   {header, client.CSV, "br", 415, "unsupported_encoding"},
		"unknown type":      {header, "application/pdf", "", 415, "unsupported_media_type"},
		"a column too many": {"account,account\nh-1,h-2\n", client.CSV, "", 422, "duplicate_column"},
	} {
		_, err := c.PutRecipients(w.Context(), w.draft(c), client.Audience{Type: is.kind, Encoding: is.packed, Body: strings.NewReader(is.body)})
		problem, ok := err.(*client.Problem)
		if !ok || problem.Status != is.status || is.code != "" && !slices.ContainsFunc(problem.Errors, func(m client.Mistake) bool { return m.Code == is.code }) {
			w.Errorf("%s: %v, want %d with %q", name, err, is.status, is.code)
		}
	}
}

// half is the first half of a text that is packed.
func half(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text) // a buffer takes everything
	_ = z.Close()
	return b.String()[:b.Len()/2]
}

// tooMuch declares, sends and unpacks more than is allowed.
func tooMuch(w *town, c *client.Client, server *server) {
	id := w.draft(c)
	_, err := c.CreateCampaign(w.Context(), client.Order{Name: strings.Repeat("ж", 1<<20), Kind: engine.KindBill, Template: "bill-monthly"})
	w.wantProblem(err, http.StatusRequestEntityTooLarge, "")
	if status := w.declare("/v1/campaigns/"+string(id)+"/recipients", c.Key, 5<<30); status != http.StatusRequestEntityTooLarge {
		w.Errorf("five gigabytes are answered %d before a byte of them was sent", status)
	}

	bombs := map[string]string{"rows": "b1,,b@example.org,,,2026-10,1.00,2026-12-10\n", "one cell": strings.Repeat("0", 64)}
	for name, piece := range bombs {
		first, next := gzipped(w.T, []byte(header)).Bytes(), gzipped(w.T, bytes.Repeat([]byte(piece), 1<<20/len(piece))).Bytes()
		packed, pack := io.Pipe()
		go func() {
			_, err := pack.Write(first)
			for err == nil { // a file may have any number of members (RFC 1952, 2.2): this one has no end
				_, err = pack.Write(next)
			}
		}()
		ctx, cancel := context.WithTimeout(w.Context(), patience)
		_, err := c.PutRecipients(ctx, id, client.Audience{Type: client.CSV, Encoding: "gzip", Body: packed})
		cancel()
		_ = packed.Close()
		w.wantProblem(err, http.StatusRequestEntityTooLarge, "too_large")
		if memory := server.memory(); memory > 300<<20 {
			w.Errorf("a bomb of %s has blown the server up to %d MiB", name, memory>>20)
		}
	}
}

var peak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// memory is the most that the server has ever held, in bytes.
func (s *server) memory() int {
	s.town.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	found := peak.FindSubmatch(text)
	if err != nil || found == nil {
		s.town.Fatalf("the server's memory cannot be measured: %v", err)
	}
	kilobytes, _ := strconv.Atoi(string(found[1]))
	return kilobytes << 10
}

// upload begins a PUT by hand.
func (w *town) upload(path, key string, length int64) (net.Conn, error) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err == nil {
		_, err = fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: town\r\nAuthorization: Bearer %s\r\nContent-Type: text/csv\r\nContent-Length: %d\r\n\r\n", path, key, length)
	}
	return conn, err
}

// declare tells how much is to come, sends nothing, and gives the status of the answer.
func (w *town) declare(path, key string, length int64) int {
	w.Helper()
	conn, err := w.upload(path, key, length)
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		w.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// hang sends half a file and then nothing, without end; it tells what was wrong with how that was cut.
func (w *town) hang(path, key string) string {
	const idle, slack = 30 * time.Second, 15 * time.Second
	conn, err := w.upload(path, key, 1<<20)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = conn.Close() }()
	text := csvOf(people(10))
	if _, err := io.WriteString(conn, text[:len(text)-20]); err != nil {
		return err.Error()
	}
	begin := time.Now()
	_ = conn.SetReadDeadline(begin.Add(idle + slack))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return fmt.Sprintf("a client that hangs is not answered: %v", err)
	}
	defer func() { _ = answer.Body.Close() }()
	var problem client.Problem
	_ = json.NewDecoder(answer.Body).Decode(&problem) // what cannot be read has no status
	if took := time.Since(begin); took < idle-time.Second || problem.Status != http.StatusRequestTimeout {
		return fmt.Sprintf("a client that hangs is answered %s %+v after %v", answer.Status, problem, took)
	}
	if _, err := io.Copy(io.Discard, conn); err != nil {
		return fmt.Sprintf("the connection of a client that hangs stays open: %v", err)
	}
	return ""
}
