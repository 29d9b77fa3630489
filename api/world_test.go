package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vestnik/analytics"
	"vestnik/engine"
	"vestnik/engine/enginetest"
	"vestnik/templates"
)

// world is an installation in memory with a real history: two providers with keys, e-mail that takes everything.
type world struct {
	t       testing.TB
	memory  *enginetest.Memory
	faults  *enginetest.Faults
	email   *enginetest.Channel
	engine  *engine.Engine
	config  Config
	server  *Server
	log     bytes.Buffer
	keys    map[string]string // by "viewer", "provider", "operator", "test", "other"
	owner   engine.ProviderID
	loaded  int // entries of the journal that are in the history
	history *analytics.History
}

var secret = []byte("a secret of thirty-two bytes or more")

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, memory: enginetest.NewMemory(), email: enginetest.NewChannel(enginetest.Accept()), keys: map[string]string{}}
	w.faults = enginetest.NewFaults(w.memory.Stores(), 1, 0)
	metrics := NewMetrics()
	library := templates.Builtin()
	w.engine = engine.New(engine.Config{
		Stores: w.faults.Stores(), Channels: map[engine.ChannelName]engine.Channel{engine.Email: w.email}, Texts: library,
		Tokens: engine.NewTokens(secret), PublicURL: "https://vestnik.example.ru", Meter: metrics,
		Log: slog.New(slog.DiscardHandler),
	})
	w.openHistory()
	w.config = Config{
		Engine: w.engine, Secret: secret, Library: library, History: w.history, Metrics: metrics, Spool: t.TempDir(), MaxUpload: 1 << 20,
		BodyIdle: 200 * time.Millisecond, RequestsPerSecond: -1,
		Log: slog.New(slog.NewJSONHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	w.restart()
	w.owner = w.addProvider("ООО «Ромашка»")
	other := w.addProvider("АО «Тепло»")
	for name, k := range map[string]engine.Key{
		"viewer": {Provider: w.owner, Role: engine.RoleViewer, Mode: engine.Live}, "provider": {Provider: w.owner, Role: engine.RoleProvider, Mode: engine.Live},
		"operator": {Provider: w.owner, Role: engine.RoleOperator, Mode: engine.Live}, "test": {Provider: w.owner, Role: engine.RoleProvider, Mode: engine.Test},
		"other": {Provider: other, Role: engine.RoleOperator, Mode: engine.Live},
	} {
		kept, key := NewKey(secret, k.Provider, k.Role, k.Mode)
		w.must(w.memory.Stores().Registry.PutKey(t.Context(), kept))
		w.keys[name] = key
	}
	return w
}

func (w *world) openHistory() {
	var err error
	w.history, err = analytics.Open(w.t.Context(), analytics.Options{URL: clickhouse.URL()})
	w.must(err)
	w.must(w.history.Migrate(w.t.Context()))
	w.t.Cleanup(func() { w.must(w.history.Close()) })
}

// restart serves anew, with nothing remembered.
func (w *world) restart() {
	w.t.Helper()
	server, err := New(w.config)
	w.must(err)
	w.t.Cleanup(server.Close)
	w.server = server
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) addProvider(name string) engine.ProviderID {
	p := engine.Provider{ID: engine.ProviderID(engine.NewID()), Name: name, INN: "7701000000", Timezone: "Asia/Yekaterinburg", CreatedAt: time.Now(),
		Settings: map[string]string{"email.from": "bills@example.ru", engine.SettingQuiet: "off"}}
	w.must(w.memory.Stores().Registry.PutProvider(w.t.Context(), p))
	return p.ID
}

// answer is what the server said.
type answer struct {
	*httptest.ResponseRecorder
	t testing.TB
}

// with changes a request before it is sent.
type with func(*http.Request)

func as(key string) with {
	return func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer "+key)
		if key == "" {
			r.Header.Del("Authorization")
		}
	}
}

func header(name, value string) with { return func(r *http.Request) { r.Header.Set(name, value) } }

// ask sends a request with the provider's key and, if there is a body, as JSON; it is held to openapi.yaml.
func (w *world) ask(method, path, body string, changes ...with) answer {
	w.t.Helper()
	r := httptest.NewRequest(method, path, nil)
	if body != "" {
		r = httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+w.keys["provider"])
	for _, change := range changes {
		change(r)
	}
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, r)
	described.check(w.t, r, []byte(body), rec)
	return answer{rec, w.t}
}

// want fails the test unless the status is the given one.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.Code != status {
		a.t.Fatalf("answered %d, want %d: %s", a.Code, status, a.Body)
	}
	return a
}

// read decodes the answer.
func read[T any](a answer) (v T) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body.Bytes(), &v); err != nil {
		a.t.Fatalf("%v: %s", err, a.Body)
	}
	return v
}

// problem is a problem as a client reads it.
type problem struct {
	Status   int
	Code     string
	Detail   string
	Accepted int
	Rejected int
	Errors   []struct {
		Line, Column         int
		Field, Code, Message string
	}
}

// codes are "field code" of every mistake.
func (p problem) codes() (list []string) {
	for _, e := range p.Errors {
		list = append(list, strings.TrimSpace(e.Field+" "+e.Code))
	}
	return list
}

const billOrder = `{"name":"Квитанции за октябрь","kind":"bill","template":"bill-monthly","route":{"lanes":[[{"channel":"email"}]]}}`

// draft orders a campaign of bills.
func (w *world) draft(changes ...with) string {
	w.t.Helper()
	return read[campaignView](w.ask("POST", "/v1/campaigns", billOrder, changes...).want(201)).id()
}

func (v campaignView) id() string { return string(v.ID) }

// rows is a CSV of n good bills.
func rows(n int) string {
	var b strings.Builder
	b.WriteString("account,name,email,period,amount,due_date,document_id,house\n")
	for i := range n {
		fmt.Fprintf(&b, "%06d,Иванов Иван Иванович,r%d@example.ru,2026-10,1234.56,2026-11-10,DOC-%d,0c5b2444-70a0-4932-980c-b4dc0d3f02b%d\n", i, i, i, i%4)
	}
	return b.String()
}

func (w *world) put(id, file string, changes ...with) answer {
	w.t.Helper()
	return w.ask("PUT", "/v1/campaigns/"+id+"/recipients", file, append([]with{header("Content-Type", "text/csv")}, changes...)...)
}

// send orders bills for n accounts and delivers them.
func (w *world) send(n int, changes ...with) string {
	w.t.Helper()
	id := w.draft(changes...)
	w.put(id, rows(n), changes...).want(200)
	w.ask("POST", "/v1/campaigns/"+id+"/start", "", changes...).want(202)
	w.work()
	return id
}

// work lets workers do all that is due, and the loader load what they told.
func (w *world) work() {
	w.t.Helper()
	for wake, due := w.memory.Next(time.Now()); due; wake, due = w.memory.Next(time.Now()) {
		w.must(w.engine.Handle(w.t.Context(), wake))
	}
	w.load()
}

// load brings the journal into the history.
func (w *world) load() {
	w.t.Helper()
	entries := w.memory.Entries()
	source := &journal{}
	for i, e := range entries[w.loaded:] {
		source.waiting = append(source.waiting, analytics.Delivery{ID: fmt.Sprintf("%s-%d", w.owner, w.loaded+i), Entry: e})
	}
	w.loaded = len(entries)
	ctx, stop := context.WithCancel(w.t.Context())
	stop() // it drains and ends
	w.must(analytics.NewLoader(w.history, source, w.memory.Stores().Audience, analytics.LoaderOptions{Meter: w.config.Metrics}).Run(ctx))
}

// journal is an analytics.Source over entries.
type journal struct{ waiting []analytics.Delivery }

func (j *journal) Read(_ context.Context, limit int) ([]analytics.Delivery, error) {
	n := min(limit, len(j.waiting))
	list := j.waiting[:n]
	j.waiting = j.waiting[n:]
	return list, nil
}

func (j *journal) Ack(context.Context, []analytics.Delivery) error { return nil }

// serve listens on a real port until the test ends.
func (w *world) serve() string {
	w.t.Helper()
	listener := listen(w.t)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.server.Serve(ctx, listener) }()
	w.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
	return "http://" + listener.Addr().String()
}

func drain(t testing.TB, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var (
	mustRefuse        = enginetest.Refuse(engine.Unavailable, "421 4.3.2")
	mustRefuseForGood = enginetest.Refuse(engine.BadAddress, "550 5.1.1")
)
