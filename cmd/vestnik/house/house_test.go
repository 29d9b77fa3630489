package house_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vestnik/analytics/chdb"
	"vestnik/api"
	"vestnik/api/client"
	"vestnik/channels/email/mailtest"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
	"vestnik/engine/redisq/redistest"
)

func TestMain(m *testing.M) {
	chdb.MaybeServe()
	goleak.VerifyTestMain(m)
}

// patience is how long anything in these tests may take before it counts as stuck.
const patience = 3 * time.Minute

// setting gives a configuration on embedded stores, logging to the returned buffer.
func setting(t *testing.T) (house.Config, *safeBuffer) {
	t.Helper()
	c := house.Config{Config: config.Default(), Version: "test"}
	c.Listen = "127.0.0.1:0"
	c.Secret = bytes.Repeat([]byte("s"), 32)
	c.Redis.URL = config.Embedded
	c.ClickHouse.URL = config.EmbeddedDir + filepath.Join(t.TempDir(), "clickhouse")
	log := &safeBuffer{}
	c.Log = slog.New(slog.NewTextHandler(log, nil))
	return c, log
}

// safeBuffer is a buffer that many may write to.
type safeBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// start starts a house that ends with the test.
func start(t *testing.T, c house.Config) *house.House {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	h, err := house.Start(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// enter makes a provider and a client with a live key of it.
func enter(t *testing.T, h *house.House, secret []byte) *client.Client {
	t.Helper()
	p := engine.Provider{ID: "p", Name: "УК", INN: "7701234567", Timezone: "Europe/Moscow", Settings: map[string]string{"email.from": "bills@example.org"}}
	if err := h.Stores.Registry.PutProvider(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	kept, key := api.NewKey(secret, p.ID, engine.RoleProvider, engine.Live)
	if err := h.Stores.Registry.PutKey(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	c := client.New("http://"+h.Addr, key)
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c
}

// order sends a campaign of two and gives it as it was started.
func order(t *testing.T, c *client.Client) engine.CampaignID {
	t.Helper()
	campaign, err := c.CreateCampaign(t.Context(), client.Order{Name: "Отключение", Kind: engine.KindOutage, Template: "outage-restored",
		Route: &engine.Route{Lanes: []engine.Lane{{{Channel: engine.Email}}}}, Vars: map[string]any{"service": "вода"}})
	if err != nil {
		t.Fatal(err)
	}
	taken, err := c.PutRecipients(t.Context(), campaign.ID, client.Audience{Type: client.CSV, Body: strings.NewReader("account,email\n1,a@example.org\n2,b@example.org\n")})
	if err != nil || taken.Accepted != 2 {
		t.Fatalf("%+v %v", taken, err)
	}
	if _, err := c.Start(t.Context(), campaign.ID); err != nil {
		t.Fatal(err)
	}
	return campaign.ID
}

// await asks until the answer is yes.
func await(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); <-tick.C {
		if yes() {
			return
		}
	}
	t.Fatalf("%s: not within %v", what, patience)
}

// delivered reports whether a campaign has ended with everybody reached, and the history knows.
func delivered(t *testing.T, c *client.Client, id engine.CampaignID) func() bool {
	return func() bool {
		campaign, err := c.Campaign(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return campaign.Status == engine.StatusCompleted && campaign.Ledger.Delivered == 2 && len(campaign.Funnel) > 1 && campaign.Funnel[1].Count == 2
	}
}

// ready tells the status of readiness and what each check says.
func ready(t *testing.T, h *house.House) (int, map[string]string) {
	t.Helper()
	status, body := fetch(t, "http://"+h.Addr+"/readyz")
	var view struct {
		Checks map[string]string `json:"checks"`
	}
	if err := json.Unmarshal([]byte(body), &view); err != nil {
		t.Fatal(err)
	}
	return status, view.Checks
}

// fetch gets a page.
func fetch(t *testing.T, address string) (status int, body string) {
	t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer http.DefaultClient.CloseIdleConnections()
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func mailbox(t *testing.T) *mailtest.Sink {
	t.Helper()
	sink, err := mailtest.Start(mailtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	return sink
}

func TestHouseDeliversOnEmbeddedStores(t *testing.T) {
	c, log := setting(t)
	sink := mailbox(t)
	c.Email.Relays = config.List{sink.URL()}
	h := start(t, c)
	caller := enter(t, h, c.Secret)
	await(t, "delivery", delivered(t, caller, order(t, caller)))
	if sink.Count() != 2 {
		t.Errorf("%d mails", sink.Count())
	}
	if h.PID() == 0 || h.History == nil || !strings.HasPrefix(h.URL, "http://127.0.0.1:") {
		t.Errorf("%+v", h)
	}
	if text := log.String(); strings.Contains(text, "@example.org") {
		t.Errorf("an address in the log:\n%s", text)
	}
	if _, page := fetch(t, h.URL+"/console"); !strings.Contains(page, "<html") {
		t.Errorf("no console: %s", page)
	}
	_, metrics := fetch(t, h.URL+"/metrics")
	for _, name := range []string{"vestnik_queue_depth", "vestnik_queue_scheduled", "vestnik_journal_records", "vestnik_journal_lag_seconds"} {
		if !strings.Contains(metrics, name) {
			t.Errorf("no %s in the metrics", name)
		}
	}
}

func TestHouseRefusesRedisThatForgets(t *testing.T) {
	c, _ := setting(t)
	c.Redis.URL = redistest.Start(t, "--appendonly", "no").URL()
	h, err := house.Start(t.Context(), c)
	if err == nil || h != nil || !strings.Contains(err.Error(), "appendonly yes") {
		t.Errorf("%v", err)
	}
	c.Redis.AllowVolatile = true
	start(t, c)
}

func TestHouseRefusesWhatCannotBe(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for name, is := range map[string]struct {
		change func(*house.Config)
		want   string
	}{
		"address taken": {func(c *house.Config) { c.Listen = taken.Addr().String() }, "listen at"},
		"redis URL":     {func(c *house.Config) { c.Redis.URL = "http://hunter2@x" }, "redis"},
		"history URL":   {func(c *house.Config) { c.ClickHouse.URL = "ftp://hunter2@x/y" }, "clickhouse"},
		"no engine":     {func(c *house.Config) { c.ClickHouse.Library = "/nowhere/libchdb.so" }, "embedded ClickHouse"},
		"relay":         {func(c *house.Config) { c.Email.Relays = config.List{"smtp://u:hunter2@:x"} }, "email.relays"},
		"secret":        {func(c *house.Config) { c.Secret = nil }, "Secret"},
	} {
		t.Run(name, func(t *testing.T) {
			c, _ := setting(t)
			is.change(&c)
			_, err := house.Start(t.Context(), c)
			if err == nil || !strings.Contains(err.Error(), is.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestHouseWaitsForRedis(t *testing.T) {
	c, _ := setting(t)
	server := redistest.Start(t)
	c.Redis.URL = server.URL()
	server.Kill()
	h := start(t, c)
	if status, checks := ready(t, h); status != http.StatusServiceUnavailable || checks["redis"] != "down" || checks["clickhouse"] != "ok" {
		t.Errorf("%d %v", status, checks)
	}
	server.Start()
	await(t, "readiness", func() bool { status, _ := ready(t, h); return status == http.StatusOK })
}

func TestHouseWaitsForClickHouse(t *testing.T) {
	box, err := chdb.Start(t.Context(), chdb.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = box.Close() })
	behind, err := url.Parse(box.URL())
	if err != nil {
		t.Fatal(err)
	}
	place, err := net.Listen("tcp", "127.0.0.1:0") // an address that nobody answers at, until the door opens
	if err != nil {
		t.Fatal(err)
	}
	before := *behind
	before.Host = place.Addr().String()
	if err := place.Close(); err != nil {
		t.Fatal(err)
	}

	c, _ := setting(t)
	sink := mailbox(t)
	c.Email.Relays, c.ClickHouse.URL = config.List{sink.URL()}, before.String()
	h := start(t, c)
	caller := enter(t, h, c.Secret)
	id := order(t, caller)
	await(t, "sending without a history", func() bool { return sink.Count() == 2 })
	if _, err := caller.Funnel(t.Context(), id, ""); err == nil {
		t.Error("a funnel without a history")
	}
	if status, checks := ready(t, h); status != http.StatusServiceUnavailable || checks["clickhouse"] != "down" || checks["redis"] != "ok" {
		t.Errorf("%d %v", status, checks)
	}

	place, err = net.Listen("tcp", before.Host)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Transport: &http.Transport{}, Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", behind.Host }}
	door := &http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute}
	go func() { _ = door.Serve(place) }()
	t.Cleanup(func() { _ = door.Close(); proxy.Transport.(*http.Transport).CloseIdleConnections() })
	await(t, "history", delivered(t, caller, id))
}

func TestHouseClosesTwice(t *testing.T) {
	c, _ := setting(t)
	c.Roles = config.List{config.RoleWorker}
	h := start(t, c)
	if h.Addr != "" || h.History != nil {
		t.Errorf("a worker has neither a door nor a history: %+v", h)
	}
	if err := errors.Join(h.Close(), h.Close()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(strings.TrimPrefix(c.ClickHouse.URL, config.EmbeddedDir)); err == nil {
		t.Error("a worker has started ClickHouse")
	}
}
