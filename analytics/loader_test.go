package analytics_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"vestnik/analytics"
	"vestnik/analytics/chdb"
	"vestnik/engine"
)

// meter remembers what it was told.
type meter struct {
	mu             sync.Mutex
	entries, facts int
	aside, stalled int
}

func (m *meter) Loaded(entries, facts int, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries, m.facts = m.entries+entries, m.facts+facts
}

func (m *meter) Aside(entries int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.aside += entries
}

func (m *meter) Stalled() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stalled++
}

func TestSenselessEntriesAreSetAside(t *testing.T) {
	h := open(t)
	good := engine.Entry{Provider: "aside", Campaign: "aside-1", Mode: engine.Live, At: time.Now(), Fact: engine.Sent, Channel: engine.Email, Ordinals: engine.Ordinals{0}}
	with := func(change func(*engine.Entry)) analytics.Delivery {
		e := good
		change(&e)
		return analytics.Delivery{Entry: e}
	}
	pay := func(p engine.Payment, who ...engine.Ordinal) analytics.Delivery {
		return with(func(e *engine.Entry) { e.Fact, e.Payment, e.Ordinals = "", &p, who })
	}
	senseless := []analytics.Delivery{
		{Broken: errors.New("not JSON")},
		with(func(e *engine.Entry) { e.Provider = "" }),
		with(func(e *engine.Entry) { e.Campaign = "" }),
		with(func(e *engine.Entry) { e.Mode = "both" }),
		with(func(e *engine.Entry) { e.At = time.Time{} }),
		with(func(e *engine.Entry) { e.At = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }),
		with(func(e *engine.Entry) { e.Fact = "teleported" }),
		with(func(e *engine.Entry) { e.Ordinals = nil }),
		with(func(e *engine.Entry) { e.Fact, e.Chunk = engine.Ordered, -1 }),
		with(func(e *engine.Entry) { e.Fact, e.Chunk, e.Ordinals = engine.Ordered, 7, nil }),
		pay(engine.Payment{Reference: "r", Amount: 1, PaidAt: good.At}),
		pay(engine.Payment{Reference: "r", Amount: 1, PaidAt: good.At}, 1, 2),
		pay(engine.Payment{Amount: 1, PaidAt: good.At}, 1),
		pay(engine.Payment{Reference: "r", Amount: 0, PaidAt: good.At}, 1),
		pay(engine.Payment{Reference: "r", Amount: 1}, 1),
	}
	var text bytes.Buffer
	m, deliveries := new(meter), deliver("aside", good, good)
	for i, d := range senseless {
		d.ID = fmt.Sprint("senseless-", i)
		deliveries = append(deliveries, d)
	}
	load(t, h, audience{}, analytics.LoaderOptions{Meter: m, Log: slog.New(slog.NewTextHandler(&text, nil))}, deliveries...)
	if m.aside != len(senseless) || m.entries != 2 || m.facts != 2 {
		t.Errorf("%d of %d set aside, %d entries and %d facts loaded", m.aside, len(senseless), m.entries, m.facts)
	}
	for i := range senseless {
		if !strings.Contains(text.String(), fmt.Sprintf("entry=senseless-%d ", i)) {
			t.Errorf("entry %d is not told", i)
		}
	}
	r, err := h.FunnelMany(t.Context(), "aside", []engine.CampaignID{"aside-1"})
	if err != nil || len(r) != 0 {
		t.Errorf("a campaign nobody ordered: %v, %v", r, err)
	}
}

// TestOneEntryClickHouseRefusesStopsNoOther makes ClickHouse refuse what the loader finds nothing wrong with.
func TestOneEntryClickHouseRefusesStopsNoOther(t *testing.T) {
	url := strings.TrimSuffix(clickhouse.URL(), "vestnik") + "superstitious"
	h := openAt(t, url)
	answer, err := http.Post(url, "text/plain", strings.NewReader("ALTER TABLE superstitious.facts ADD CONSTRAINT luck CHECK firsts != [13]"))
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	defer answer.Body.Close()
	m, entries := new(meter), []engine.Entry(nil)
	for o := range engine.Ordinal(30) {
		entries = append(entries, engine.Entry{Provider: "p", Campaign: "c", Mode: engine.Live, At: time.Now(), Fact: engine.Sent, Channel: engine.Email, Ordinals: engine.Ordinals{o}})
	}
	load(t, h, audience{}, analytics.LoaderOptions{Meter: m}, deliver("luck", entries...)...)
	if m.aside != 1 || m.entries != 29 {
		t.Errorf("%d set aside, %d loaded", m.aside, m.entries)
	}
	facts, err := h.Facts(t.Context(), "p", "c", []engine.Ordinal{12, 13, 14})
	if err != nil || len(facts) != 2 {
		t.Errorf("facts %v, %v", facts, err)
	}
}

// TestClickHouseKilledWhileLoading kills the engine again and again between and within inserts.
func TestClickHouseKilledWhileLoading(t *testing.T) {
	e, err := chdb.Start(t.Context(), chdb.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	h := openAt(t, e.URL())
	w := newWorld(rand.New(rand.NewPCG(3, 3)), "killed", 200)
	m, source := new(meter), newJournal(deliver("killed", w.entries...)...)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	source.empty = stop
	killer := make(chan int)
	go func() {
		kills := 0
		defer func() { killer <- kills }()
		tick := time.NewTicker(150 * time.Millisecond)
		defer tick.Stop()
		for kills < 5 {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if pid := e.PID(); pid != 0 && syscall.Kill(pid, syscall.SIGKILL) == nil {
				kills++
			}
		}
	}()
	if err := analytics.NewLoader(h, slowly{source, 5}, w.who, analytics.LoaderOptions{Meter: m, Facts: 1}).Run(ctx); err != nil {
		t.Fatal(err)
	}
	if kills := <-killer; kills == 0 {
		t.Error("the engine was never killed: the test proved nothing")
	}
	if len(source.acked) != len(w.entries) {
		t.Fatalf("%d of %d entries acknowledged", len(source.acked), len(w.entries))
	}
	checkAll(t, h, w)
}

// slowly reads few entries at a time, so that there are many inserts.
type slowly struct {
	*journal
	limit int
}

func (s slowly) Read(ctx context.Context, _ int) ([]analytics.Delivery, error) {
	return s.journal.Read(ctx, s.limit)
}

// TestNothingIsAcknowledgedWhileClickHouseIsAway stops a loader that cannot write.
func TestNothingIsAcknowledgedWhileClickHouseIsAway(t *testing.T) {
	h, err := analytics.Open(t.Context(), analytics.Options{URL: "http://127.0.0.1:1/vestnik"})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w := newWorld(rand.New(rand.NewPCG(3, 3)), "away", 20)
	m, source := new(meter), newJournal(deliver("away", w.entries...)...)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := analytics.NewLoader(h, source, w.who, analytics.LoaderOptions{Meter: m, Drain: 300 * time.Millisecond}).Run(ctx); err != nil {
		t.Fatal(err)
	}
	if len(source.acked) != 0 || m.stalled == 0 || m.entries != 0 {
		t.Errorf("acknowledged %d, stalled %d times, loaded %d", len(source.acked), m.stalled, m.entries)
	}
	if _, err := h.Funnel(t.Context(), analytics.Query{Provider: "away"}); !errors.Is(err, engine.ErrDown) {
		t.Errorf("funnel: %v", err)
	}
}
