package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"vestnik/analytics"
	"vestnik/engine"
)

// Metrics counts for Prometheus. It is the Meter of the engine and of the history's loader; labels are closed sets, never a provider's or a resident's data.
type Metrics struct {
	registry *prometheus.Registry

	requests    *prometheus.CounterVec
	answering   *prometheus.HistogramVec
	handled     *prometheus.CounterVec
	handling    *prometheus.HistogramVec
	tried       *prometheus.CounterVec
	sending     *prometheus.HistogramVec
	sent        *prometheus.CounterVec
	held        *prometheus.CounterVec
	observed    *prometheus.CounterVec
	taken       *prometheus.CounterVec
	inbound     *prometheus.CounterVec
	exchanged   *prometheus.CounterVec
	repaired    prometheus.Counter
	unaccounted prometheus.Gauge

	loaded  *prometheus.CounterVec
	lag     prometheus.Gauge
	stalled prometheus.Counter
}

var (
	_ engine.Meter    = (*Metrics)(nil)
	_ analytics.Meter = (*Metrics)(nil)
)

// NewMetrics makes Metrics with a registry of its own, which also tells about the process and the Go runtime.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "vestnik_" + name, Help: help}, labels)
		m.registry.MustRegister(v)
		return v
	}
	latency := func(name, help string, labels ...string) *prometheus.HistogramVec {
		v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "vestnik_" + name, Help: help, Buckets: prometheus.ExponentialBucketsRange(0.0005, 60, 14),
		}, labels)
		m.registry.MustRegister(v)
		return v
	}
	m.requests = counter("http_requests_total", "Answered requests by method, route pattern and status.", "method", "route", "status")
	m.answering = latency("http_request_seconds", "Time to answer a request.", "method", "route")
	m.handled = counter("recipients_handled_total", "Recipients whose batch was walked one step, by stage.", "channel", "phase")
	m.handling = latency("batch_seconds", "Time to walk a batch one step.", "channel", "phase")
	m.tried = counter("messages_total", "Messages a channel took (reason none) or refused.", "channel", "reason")
	m.sending = latency("send_seconds", "Time a channel took for a batch.", "channel")
	m.sent = counter("messages_sending_total", "Messages handed to a channel.", "channel")
	m.held = counter("held_total", "Messages that could be sent and were put off, and why.", "channel", "why")
	m.observed = counter("facts_observed_total", "Facts from outside, each recipient's once.", "channel", "fact")
	m.taken = counter("intake_rows_total", "Rows of recipients' lists: accepted, rejected, duplicate.", "verdict")
	m.inbound = counter("inbound_total", "Messages that came back by mail, by what they amount to.", "class")
	m.exchanged = counter("gis_payments_total", "Payments that ГИС ЖКХ told of: matched, unmatched, known, annulled, own, unread; and that it was told of: declared, failed.", "what")
	m.loaded = counter("journal_loaded_total", "What the loader moved: entries, facts; aside: entries that made no sense.", "what")
	m.lag = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "vestnik_journal_lag_seconds", Help: "Age of the oldest fact of the last block that was loaded."})
	m.stalled = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "vestnik_journal_stalled_total", Help: "Times the history could not be written."})
	m.repaired = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "vestnik_batches_repaired_total", Help: "Batches woken again because their worker was lost."})
	m.unaccounted = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "vestnik_recipients_unaccounted", Help: "Recipients in no batch and at no lane's end, when last seen. Anything but zero is a defect."})
	m.registry.MustRegister(m.repaired, m.unaccounted, m.lag, m.stalled, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handled counts a batch that was walked one step.
func (m *Metrics) Handled(ch engine.ChannelName, phase engine.Phase, took time.Duration, size int) {
	m.handled.WithLabelValues(string(ch), string(phase)).Add(float64(size))
	m.handling.WithLabelValues(string(ch), string(phase)).Observe(took.Seconds())
}

// Tried counts messages a channel took or refused.
func (m *Metrics) Tried(ch engine.ChannelName, reason engine.Reason, n int) {
	if reason == engine.NoReason {
		reason = "none"
	}
	m.tried.WithLabelValues(string(ch), string(reason)).Add(float64(n))
}

// Sending counts messages handed to a channel and how long it had them.
func (m *Metrics) Sending(ch engine.ChannelName, took time.Duration, n int) {
	m.sent.WithLabelValues(string(ch)).Add(float64(n))
	m.sending.WithLabelValues(string(ch)).Observe(took.Seconds())
}

// Inbound counts messages that came back, of a class of the closed set of those who read them.
func (m *Metrics) Inbound(class string, n int) { m.inbound.WithLabelValues(class).Add(float64(n)) }

// Exchanged counts payments of ГИС ЖКХ, by what became of them.
func (m *Metrics) Exchanged(what string, n int) { m.exchanged.WithLabelValues(what).Add(float64(n)) }

// Held counts messages that could be sent and wait, and why.
func (m *Metrics) Held(ch engine.ChannelName, why engine.Hold, n int) {
	m.held.WithLabelValues(string(ch), string(why)).Add(float64(n))
}

// Observed counts facts from outside.
func (m *Metrics) Observed(ch engine.ChannelName, f engine.Fact, n int) {
	m.observed.WithLabelValues(string(ch), string(f)).Add(float64(n))
}

// Repaired counts batches that were forgotten and woken again.
func (m *Metrics) Repaired(n int) { m.repaired.Add(float64(n)) }

// Unaccounted shows recipients who are nowhere.
func (m *Metrics) Unaccounted(n int64) { m.unaccounted.Set(float64(n)) }

// Loaded counts what has reached the history.
func (m *Metrics) Loaded(entries, facts int, lag time.Duration) {
	m.loaded.WithLabelValues("entries").Add(float64(entries))
	m.loaded.WithLabelValues("facts").Add(float64(facts))
	m.lag.Set(lag.Seconds())
}

// Aside counts entries of the journal that made no sense.
func (m *Metrics) Aside(entries int) { m.loaded.WithLabelValues("aside").Add(float64(entries)) }

// Stalled counts failures to write the history.
func (m *Metrics) Stalled() { m.stalled.Inc() }

func (m *Metrics) answered(method, route string, status int, took time.Duration) {
	if route == "none" {
		method = "any" // anybody may invent methods
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.answering.WithLabelValues(method, route).Observe(took.Seconds())
}

func (m *Metrics) intake(verdict string, n int) { m.taken.WithLabelValues(verdict).Add(float64(n)) }

// Gauge is something that is measured when Prometheus asks: the depth of a queue, the lag of the journal.
type Gauge struct {
	Name  string // "vestnik_queue_depth"
	Help  string
	Label string // name of its one label, "queue"; empty: it has none
	// Read gives the values by the label's value (or one value under ""). It must return when ctx ends; after an error nothing is shown.
	Read func(ctx context.Context) (map[string]float64, error)
}

// Add has the gauges measured whenever metrics are read. A name that is there already is an error.
func (m *Metrics) Add(gauges ...Gauge) error {
	for _, g := range gauges {
		var labels []string
		if g.Label != "" {
			labels = []string{g.Label}
		}
		if err := m.registry.Register(gaugeReader{g, prometheus.NewDesc(g.Name, g.Help, labels, nil)}); err != nil {
			return err
		}
	}
	return nil
}

// gaugeReader is a prometheus.Collector that reads a Gauge.
type gaugeReader struct {
	gauge Gauge
	desc  *prometheus.Desc
}

// Describe tells what is collected.
func (g gaugeReader) Describe(to chan<- *prometheus.Desc) { to <- g.desc }

// Collect reads the gauge.
func (g gaugeReader) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	values, err := g.gauge.Read(ctx)
	if err != nil {
		return // readiness tells what is down; an alert on absence sees it too
	}
	for label, value := range values {
		var labels []string
		if g.gauge.Label != "" {
			labels = []string{label}
		}
		to <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, value, labels...)
	}
}

// Handler serves the metrics, for a listener of their own.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func (s *Server) showMetrics(c echo.Context) error {
	s.config.Metrics.Handler().ServeHTTP(c.Response(), c.Request())
	return nil
}
