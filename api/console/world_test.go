package console

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"vestnik/analytics"
	"vestnik/api"
	"vestnik/engine"
	"vestnik/engine/enginetest"
)

var secret = []byte("a secret of thirty-two bytes or more")

// noon is when the tests take place: 17:00 in Yekaterinburg.
var noon = time.Date(2024, 11, 5, 12, 0, 0, 0, time.UTC)

// world is an installation in memory whose clock and history the test sets.
type world struct {
	t       testing.TB
	memory  *enginetest.Memory
	faults  *enginetest.Faults
	history *history
	console *console
	handler http.Handler
	now     time.Time
	owner   engine.ProviderID
	other   engine.ProviderID
	keys    map[string]engine.Key
	texts   map[string]string // of the keys
}

func newWorld(t testing.TB) *world { return newWorldAt(t, "https://vestnik.example.ru") }

func newWorldAt(t testing.TB, address string) *world {
	t.Helper()
	w := &world{t: t, memory: enginetest.NewMemory(), history: &history{}, now: noon, keys: map[string]engine.Key{}, texts: map[string]string{}}
	w.faults = enginetest.NewFaults(w.memory.Stores(), 1, 0)
	w.history.reports = map[engine.CampaignID]analytics.Report{}
	quiet := slog.New(slog.DiscardHandler)
	e := engine.New(engine.Config{Stores: w.faults.Stores(), Tokens: engine.NewTokens(secret), PublicURL: address, Log: quiet})
	var err error
	w.console, err = newConsole(Config{Engine: e, History: w.history, Secret: secret, PublicURL: address, Log: quiet})
	w.must(err)
	w.console.clock = func() time.Time { return w.now }
	w.handler, err = w.console.handler()
	w.must(err)
	w.owner, w.other = w.provider("ООО «Уютный дом»"), w.provider("АО «Тепло»")
	for name, k := range map[string]engine.Key{
		"viewer": {Provider: w.owner, Role: engine.RoleViewer, Mode: engine.Live}, "operator": {Provider: w.owner, Role: engine.RoleOperator, Mode: engine.Live},
		"test": {Provider: w.owner, Role: engine.RoleProvider, Mode: engine.Test}, "other": {Provider: w.other, Role: engine.RoleProvider, Mode: engine.Live},
	} {
		w.keys[name], w.texts[name] = api.NewKey(secret, k.Provider, k.Role, k.Mode)
		w.must(w.stores().Registry.PutKey(w.ctx(), w.keys[name]))
	}
	return w
}

func (w *world) stores() engine.Stores { return w.memory.Stores() }
func (w *world) ctx() context.Context  { return context.Background() }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) provider(name string) engine.ProviderID {
	p := engine.Provider{ID: engine.ProviderID(engine.NewID()), Name: name, Timezone: "Asia/Yekaterinburg"}
	w.must(w.stores().Registry.PutProvider(w.ctx(), p))
	return p.ID
}

// campaign writes a campaign with n recipients; empty fields get a value.
func (w *world) campaign(c engine.Campaign, n int) engine.Campaign {
	w.t.Helper()
	if c.Provider == "" {
		c.Provider = w.owner
	}
	if c.Mode == "" {
		c.Mode = engine.Live
	}
	if len(c.Route.Lanes) == 0 {
		c.Route = engine.DefaultRoute(c.Kind)
	}
	if c.CreatedAt.IsZero() {
		c.CreatedAt = w.now.Add(-2 * time.Hour)
	}
	w.must(w.stores().Registry.AddCampaign(w.ctx(), c))
	for from := 0; from < n; from += engine.ChunkSize {
		var list []engine.Recipient
		for i := from; i < min(n, from+engine.ChunkSize); i++ {
			list = append(list, engine.Recipient{Account: fmt.Sprintf("%06d", i), Name: "Тайный Иван", Email: fmt.Sprintf("secret%d@example.ru", i)})
		}
		_, err := w.stores().Audience.Append(w.ctx(), c.ID, list)
		w.must(err)
	}
	if !c.StartedAt.IsZero() {
		w.must(w.stores().Ledger.Open(w.ctx(), c.ID, int64(n), len(c.Route.Lanes)))
	}
	return c
}

// end writes the same state in every lane for the next n recipients from an ordinal on, and gives the one behind them.
func (w *world) end(c engine.Campaign, from, n int, s engine.State) int {
	w.t.Helper()
	for at := from; at < from+n; {
		chunk, end := at/engine.ChunkSize, min(from+n, (at/engine.ChunkSize+1)*engine.ChunkSize)
		var changes []engine.Change
		for ; at < end; at++ {
			changes = append(changes, engine.Change{Index: at % engine.ChunkSize, Was: engine.State{Outcome: engine.InFlight}, State: s})
		}
		for lane := range c.Route.Lanes {
			_, err := w.stores().Ledger.Return(w.ctx(), c.ID, engine.Settlement{Chunk: chunk, Lane: lane, States: changes})
			w.must(err)
		}
	}
	return from + n
}

// feed puts batches of chunks 0, 1, … on the way.
func (w *world) feed(c engine.Campaign, batches ...engine.Batch) {
	w.t.Helper()
	for i := range batches {
		batches[i].Campaign, batches[i].Chunk = c.ID, i
	}
	w.must(w.stores().Ledger.Feed(w.ctx(), c.ID, 0, len(batches), batches))
}

// history answers what the test puts in, or fails.
type history struct {
	err     error
	total   analytics.Funnel
	reports map[engine.CampaignID]analytics.Report
	queries []analytics.Query
}

func (h *history) Funnel(_ context.Context, q analytics.Query) (analytics.Report, error) {
	h.queries = append(h.queries, q)
	if q.Campaign != "" {
		report, known := h.reports[q.Campaign]
		if !known {
			report.Total = funnel(0, 0, 0, 0, 0, 0, 0, 0)
		}
		return report, h.err
	}
	total := h.total
	if total.Stages[0].Stage == "" {
		total = funnel(0, 0, 0, 0, 0, 0, 0, 0)
	}
	return analytics.Report{Total: total}, h.err
}

func (h *history) FunnelMany(_ context.Context, _ engine.ProviderID, ids []engine.CampaignID) (map[engine.CampaignID]analytics.Funnel, error) {
	found := map[engine.CampaignID]analytics.Funnel{}
	for _, id := range ids {
		if report, known := h.reports[id]; known {
			found[id] = report.Total
		}
	}
	return found, h.err
}

var _ History = (*analytics.History)(nil)

// funnel makes a funnel with what was asked for of those ordered and what came in.
func funnel(ordered, sent, received, opened, clicked, paid int64, asked, amount engine.Money) (f analytics.Funnel) {
	counts := []int64{ordered, sent, received, opened, clicked, paid}
	for i, fact := range []engine.Fact{engine.Ordered, engine.Sent, engine.Received, engine.Opened, engine.Clicked, engine.Paid} {
		f.Stages[i] = analytics.Stage{Stage: fact, Count: counts[i]}
		if ordered > 0 {
			f.Stages[i].Amount = asked * engine.Money(counts[i]) / engine.Money(ordered)
		}
	}
	f.Stages[5].Amount = amount
	return f
}

// browser is a client that keeps cookies.
type browser struct {
	w       *world
	cookies map[string]*http.Cookie
	headers http.Header
}

func (w *world) browser() *browser {
	return &browser{w: w, cookies: map[string]*http.Cookie{}, headers: http.Header{}}
}

// signed is a browser that has signed in by the form.
func (w *world) signed(key string) *browser {
	w.t.Helper()
	b := w.browser()
	b.post("/console/sign-in", url.Values{"key": {w.texts[key]}}).want(http.StatusSeeOther)
	return b
}

// page is what came back.
type reply struct {
	*httptest.ResponseRecorder
	t testing.TB
}

func (b *browser) get(path string) reply {
	b.w.t.Helper()
	return b.do(httptest.NewRequest(http.MethodGet, path, nil))
}

func (b *browser) post(path string, form url.Values) reply {
	b.w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

func (b *browser) do(r *http.Request) reply {
	b.w.t.Helper()
	for name, values := range b.headers {
		r.Header[name] = values
	}
	for _, cookie := range b.cookies {
		r.AddCookie(cookie)
	}
	rec := httptest.NewRecorder()
	b.w.handler.ServeHTTP(rec, r)
	for _, cookie := range rec.Result().Cookies() {
		b.cookies[cookie.Name] = cookie
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		}
	}
	if got := rec.Header().Get("Content-Security-Policy"); got != policy && !(strings.HasPrefix(r.URL.Path, inboxPath+"/") && strings.HasPrefix(got, "default-src 'none'; ")) {
		b.w.t.Errorf("%s %s came with the policy %q", r.Method, r.URL.Path, got)
	}
	return reply{rec, b.w.t}
}

func (r reply) want(status int) reply {
	r.t.Helper()
	if r.Code != status {
		text, _ := io.ReadAll(r.Result().Body)
		r.t.Fatalf("answered %d, want %d: %s", r.Code, status, text)
	}
	return r
}

// says fails unless the page holds every text.
func (r reply) says(texts ...string) reply {
	r.t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.Body.String(), text) {
			r.t.Errorf("the page does not say %q:\n%s", text, r.Body)
		}
	}
	return r
}

// hides fails if the page holds any of the texts.
func (r reply) hides(texts ...string) reply {
	r.t.Helper()
	for _, text := range texts {
		if strings.Contains(r.Body.String(), text) {
			r.t.Errorf("the page says %q", text)
		}
	}
	return r
}
