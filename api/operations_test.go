package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/api/intake"
	"vestnik/engine"
)

func TestHealth(t *testing.T) {
	w := newWorld(t)
	down := errors.New("dial tcp 10.0.0.1: refused")
	var clickhouse error
	w.config.Checks = []Check{
		{"redis", func(ctx context.Context) error { return ctx.Err() }},
		{"clickhouse", func(context.Context) error { return clickhouse }},
	}
	w.restart()
	w.ask("GET", "/healthz", "", as("")).want(200)
	if a := w.ask("GET", "/readyz", "", as("")).want(200); strings.TrimSpace(a.Body.String()) != `{"checks":{"clickhouse":"ok","redis":"ok"},"status":"ready"}` {
		t.Error(a.Body)
	}
	clickhouse = down
	if a := w.ask("GET", "/readyz", "").want(503); strings.TrimSpace(a.Body.String()) != `{"checks":{"clickhouse":"down","redis":"ok"},"status":"unready"}` || a.Header().Get("Retry-After") == "" {
		t.Error(a.Body)
	}
	if !strings.Contains(w.log.String(), "refused") {
		t.Error("the reason is not in the log")
	}
	clickhouse = nil
	w.server.draining.Store(true)
	w.ask("GET", "/readyz", "").want(503)
}

func TestMetrics(t *testing.T) {
	w := newWorld(t)
	w.must(w.config.Metrics.Add(Gauge{"vestnik_queue_depth", "Waiting.", "queue", func(context.Context) (map[string]float64, error) {
		return map[string]float64{"email": 7}, nil
	}}, Gauge{"vestnik_journal_entries", "Waiting.", "", func(context.Context) (map[string]float64, error) {
		return map[string]float64{"": 3}, nil
	}}, Gauge{"vestnik_broken", "Never.", "", func(context.Context) (map[string]float64, error) { return nil, engine.ErrDown }}))
	if err := w.config.Metrics.Add(Gauge{Name: "vestnik_queue_depth", Help: "Again.", Label: "queue"}); err == nil {
		t.Error("a name was taken twice")
	}
	id := w.send(3)
	w.ask("GET", "/t/o/"+w.token(id, 1, engine.ActOpen, 0), "").want(200)
	w.ask("GET", "/nothing/ivanov@example.ru", "").want(404)
	w.engine.Meter.Repaired(2)
	w.engine.Meter.Unaccounted(0)
	w.config.Metrics.Stalled()
	w.config.Metrics.Aside(1)
	text := w.ask("GET", "/metrics", "", as("")).want(200).Body.String()
	for _, want := range []string{
		`vestnik_queue_depth{queue="email"} 7`, `vestnik_journal_entries 3`, `vestnik_messages_total{channel="email",reason="none"} 3`,
		`vestnik_facts_observed_total{channel="email",fact="opened"} 1`, `vestnik_intake_rows_total{verdict="accepted"} 3`,
		`vestnik_http_requests_total{method="GET",route="/t/o/:token",status="200"} 1`, `vestnik_http_requests_total{method="any",route="none",status="404"} 1`,
		`vestnik_batches_repaired_total 2`, `vestnik_batch_seconds_count{channel="email",phase="send"} 1`, `vestnik_journal_loaded_total{what="facts"}`, `go_goroutines`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, "ivanov") || strings.Contains(text, string(w.owner)) {
		t.Error("somebody is named")
	}
}

func TestPagesAreSelfContained(t *testing.T) {
	w := newWorld(t)
	for _, language := range []string{"ru", "en"} {
		a := w.ask("GET", "/docs", "", as(""), header("Accept-Language", language)).want(200)
		page, policy := a.Body.String(), a.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'; style-src 'sha256-") || regexp.MustCompile(`<script|src=|https?://(?:[^v])`).MatchString(page) {
			t.Error(policy, page)
		}
		for _, r := range w.server.table {
			if !strings.Contains(page, r.path) {
				t.Errorf("%s is missing", r.path)
			}
		}
		if strings.Contains(page, "%!") || strings.Contains(page, "%s") {
			t.Error("unfilled words")
		}
	}
	if a := w.ask("GET", "/openapi.yaml", "", as("")).want(200); a.Body.String() != string(spec) {
		t.Error("another description is served")
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/v1/campaigns", "/healthz", "/nothing", "/t/o/x", "/docs"} {
		h := w.ask("GET", path, "", header("X-Request-Id", "abc-1"), header("Origin", "https://evil.example")).Header()
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" || h.Get("Referrer-Policy") != "no-referrer" ||
			!strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("Strict-Transport-Security") == "" ||
			h.Get("X-Request-Id") != "abc-1" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	if h := w.ask("GET", "/healthz", "", header("X-Request-Id", "a b\"")).Header(); h.Get("X-Request-Id") == "a b\"" || h.Get("X-Request-Id") == "" {
		t.Error(h)
	}
}

func TestLogNamesNobody(t *testing.T) {
	w := newWorld(t)
	id := w.send(3)
	token := w.token(id, 1, engine.ActOpen, 0)
	w.ask("GET", "/t/o/"+token, "").want(200)
	w.ask("GET", "/v1/accounts/000001/timeline", "").want(200)
	w.ask("GET", "/v1/campaigns?cursor=ivanov", "")
	w.ask("GET", "/v1/nothing/ivanov", "")
	log := w.log.String()
	for _, secret := range []string{token, "000001", "ivanov", "example.ru", w.keys["provider"], "Иванов", "DOC-"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	for _, want := range []string{`"route":"/v1/accounts/:account/timeline"`, `"status":200`, `"request_id":"`, `"provider":"` + string(w.owner)} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s", want)
		}
	}
}

func TestConsoleIsMounted(t *testing.T) {
	w := newWorld(t)
	w.config.Console = http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Security-Policy", "default-src 'self'")
		_, _ = io.WriteString(rw, r.URL.Path)
	})
	w.restart()
	for _, path := range []string{"/console", "/console/", "/console/campaigns/1"} {
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, httptest.NewRequest("POST", path, nil))
		if rec.Body.String() != path || rec.Header().Get("Content-Security-Policy") != "default-src 'self'" {
			t.Errorf("%s: %s %v", path, rec.Body, rec.Header())
		}
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, httptest.NewRequest("GET", "/", nil))
	if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/console" {
		t.Errorf("the front door answers %d to %q", rec.Code, rec.Header().Get("Location"))
	}
}

func TestConfigIsChecked(t *testing.T) {
	w := newWorld(t)
	for _, change := range []func(*Config){
		func(c *Config) { c.Engine = nil }, func(c *Config) { c.Secret = nil }, func(c *Config) { c.Library = nil }, func(c *Config) { c.History = nil },
	} {
		config := w.config
		change(&config)
		if s, err := New(config); err == nil {
			s.Close()
			t.Error("it was taken")
		}
	}
}

// TestHangingUploadIsCut: a client that stops sending gets 408 after BodyIdle; one that never ends its body does not hold a handler.
func TestHangingUploadIsCut(t *testing.T) {
	w := newWorld(t)
	id := w.draft()
	base := w.serve()
	body, sender := io.Pipe()
	defer sender.Close()
	r, err := http.NewRequestWithContext(t.Context(), "PUT", base+"/v1/campaigns/"+id+"/recipients", body)
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+w.keys["provider"])
	r.Header.Set("Content-Type", "text/csv")
	go func() { _, _ = io.WriteString(sender, rows(2)) }()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	got, err := client.Do(r)
	w.must(err)
	rec := httptest.NewRecorder()
	rec.Code = got.StatusCode
	for name := range got.Header {
		rec.Header().Set(name, got.Header.Get(name))
	}
	rec.Body.WriteString(drain(t, got))
	described.check(t, httptest.NewRequest("PUT", "/v1/campaigns/"+id+"/recipients", nil), nil, rec)
	p := read[problem](answer{rec, t}.want(408))
	if p.Accepted != 2 {
		t.Errorf("%+v", p)
	}
}

// TestDrain: after ctx has ended, what is under way is finished and nothing new is taken.
func TestDrain(t *testing.T) {
	w := newWorld(t)
	asked, goOn := make(chan struct{}), make(chan struct{})
	w.config.Checks = []Check{{"slow", func(context.Context) error { close(asked); <-goOn; return nil }}}
	w.restart()
	listener := listen(t)
	ctx, stop := context.WithCancel(t.Context())
	ended, answered := make(chan error, 1), make(chan string, 1)
	go func() { ended <- w.server.Serve(ctx, listener) }()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	go func() {
		got, err := client.Get("http://" + listener.Addr().String() + "/readyz")
		if err != nil {
			answered <- err.Error()
			return
		}
		answered <- drain(t, got)
	}()
	<-asked
	stop()
	for {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
	}
	close(goOn)
	if text := <-answered; !strings.Contains(text, "draining") {
		t.Error(text)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := w.server.doors.observe(t.Context(), engine.Observation{}); !errors.Is(err, engine.ErrDown) {
		t.Errorf("closed, and still takes facts: %v", err)
	}
}

func TestServeTellsWhenItCannot(t *testing.T) {
	w := newWorld(t)
	l := listen(t)
	l.Close()
	if err := w.server.Serve(t.Context(), l); err == nil {
		t.Error("it served a closed listener")
	}
}

func TestLanguages(t *testing.T) {
	for accept, want := range map[string]intake.Language{
		"": "ru", "*": "ru", "en": "en", "en-US,en;q=0.9": "en", "ru,en;q=0.8": "ru", "de,en;q=0.5,ru;q=0.4": "en", "de": "ru", "en;q=0": "ru", "RU-ru;q=0.3, EN;q=0.7": "en", ";;,,q": "ru",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Language", accept)
		if got := languageOf(r); got != want {
			t.Errorf("%q is %s, want %s", accept, got, want)
		}
	}
}

func TestWordsAreInBothLanguages(t *testing.T) {
	verb := regexp.MustCompile(`%[a-z%]`)
	for code, p := range words {
		if strings.HasSuffix(code, ".") {
			continue
		}
		if p.ru == "" || p.en == "" || strings.Join(verb.FindAllString(p.ru, -1), "") != strings.Join(verb.FindAllString(p.en, -1), "") {
			t.Errorf("%s: %+v", code, p)
		}
	}
	for _, code := range problemCodes {
		if words[code].ru == "" {
			t.Errorf("%s has no words", code)
		}
	}
}

func TestBoundsAreToldForPeople(t *testing.T) {
	for n, want := range map[int64]string{100: "100 B", 1024: "1 KiB", 1 << 20: "1 MiB", 16 << 20: "16 MiB", 4 << 30: "4 GiB", 1500: "1500 B"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d is %s", n, got)
		}
	}
}

// TestTrickleIsCut: a client that sends one byte a moment is not waited for without end.
func TestTrickleIsCut(t *testing.T) {
	begin := time.Now()
	b := &pacedBody{ReadCloser: io.NopCloser(strings.NewReader("x")), idle: time.Minute, begin: begin.Add(-3 * time.Minute)}
	seen := &deadlines{}
	b.conn = http.NewResponseController(seen)
	if _, err := b.Read(make([]byte, 1)); err != nil || seen.read.After(begin) {
		t.Errorf("%v: read until %s", err, seen.read)
	}
}

type deadlines struct {
	discard
	read time.Time
}

func (d *deadlines) SetReadDeadline(at time.Time) error { d.read = at; return nil }
func (d *deadlines) SetWriteDeadline(time.Time) error   { return nil }
