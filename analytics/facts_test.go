package analytics_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"vestnik/analytics"
	"vestnik/engine"
)

func TestFactsAndTimeline(t *testing.T) {
	h := open(t)
	at := time.Now().UTC().Truncate(time.Millisecond).AddDate(0, -1, 0)
	entry := func(campaign engine.CampaignID, minutes int, change func(*engine.Entry)) engine.Entry {
		e := engine.Entry{Provider: "facts", Campaign: campaign, Mode: engine.Live, Kind: engine.KindBill,
			Template: engine.TemplateRef{Name: "bill-monthly", Version: 3}, At: at.Add(time.Duration(minutes) * time.Minute), Ordinals: engine.Ordinals{0, 1}}
		change(&e)
		return e
	}
	fact := func(f engine.Fact, ch engine.ChannelName) func(*engine.Entry) {
		return func(e *engine.Entry) { e.Fact, e.Channel = f, ch }
	}
	account := `№ 1'2\3`
	who := audience{"facts-a": {{{Account: account, DocumentID: "d1", Period: "2026-10", Amount: new(engine.Money(123_456))}, {Account: "other"}}},
		"facts-b": {{{Account: account}, {Account: "other"}}}}
	payment := &engine.Payment{Reference: "r1", Amount: 500, PaidAt: at.Add(time.Hour)}
	annulment := &engine.Payment{Reference: "r1/annulled", Amount: -500, PaidAt: payment.PaidAt}
	entries := []engine.Entry{
		entry("facts-a", 0, fact(engine.Ordered, "")),
		entry("facts-a", 1, fact(engine.Deferred, engine.Email)),
		entry("facts-a", 2, func(e *engine.Entry) {
			e.Fact, e.Channel, e.Reason, e.Code = engine.Failed, engine.Email, engine.BadAddress, "550 5.1.1"
			e.Ordinals = e.Ordinals[:1]
		}),
		entry("facts-a", 3, fact(engine.Sent, engine.VK)),
		entry("facts-a", 4, func(e *engine.Entry) { e.Payment, e.Ordinals = payment, e.Ordinals[:1] }),
		entry("facts-a", 4, func(e *engine.Entry) { e.Payment, e.Ordinals = annulment, e.Ordinals[:1] }),
		entry("facts-b", 5, fact(engine.Ordered, "")),
		entry("facts-c", 5, func(e *engine.Entry) { e.Fact, e.Mode = engine.Ordered, engine.Test }),
	}
	who["facts-c"] = who["facts-b"]
	for range 2 {
		load(t, h, who, analytics.LoaderOptions{}, deliver("facts", entries...)...)
	}
	load(t, h, who, analytics.LoaderOptions{}, deliver("facts-again", entries...)...)

	minute := func(n int) time.Time { return at.Add(time.Duration(n) * time.Minute) }
	first := []analytics.FactRow{{Fact: engine.Deferred, Channel: engine.Email, At: minute(1)},
		{Fact: engine.Failed, Channel: engine.Email, Reason: engine.BadAddress, Code: "550 5.1.1", At: minute(2)},
		{Fact: engine.Sent, Channel: engine.VK, At: minute(3)}}
	facts, err := h.Facts(t.Context(), "facts", "facts-a", []engine.Ordinal{0, 1, 2})
	if want := map[engine.Ordinal][]analytics.FactRow{0: first, 1: {first[0], first[2]}}; err != nil || !reflect.DeepEqual(facts, want) {
		t.Errorf("facts:\n got %+v, %v\nwant %+v", facts, err, want)
	}
	timeline, err := h.Timeline(t.Context(), "facts", engine.Live, account)
	want := []analytics.TimelineRow{
		{Campaign: "facts-b", Kind: engine.KindBill, Template: engine.TemplateRef{Name: "bill-monthly", Version: 3}, OrderedAt: minute(5)},
		{Campaign: "facts-a", Kind: engine.KindBill, Template: engine.TemplateRef{Name: "bill-monthly", Version: 3}, OrderedAt: at,
			DocumentID: "d1", Period: "2026-10", Amount: 123_456, Facts: first,
			Payments: []analytics.PaymentRow{{Reference: "r1", Amount: 500, PaidAt: payment.PaidAt}, {Reference: "r1/annulled", Amount: -500, PaidAt: payment.PaidAt}}},
	}
	if err != nil || !reflect.DeepEqual(timeline, want) {
		t.Errorf("timeline:\n got %+v, %v\nwant %+v", timeline, err, want)
	}
	for _, stranger := range []engine.ProviderID{"other", ""} {
		if facts, err := h.Facts(t.Context(), stranger, "facts-a", []engine.Ordinal{0}); err != nil || len(facts) > 0 {
			t.Errorf("a stranger sees %v, %v", facts, err)
		}
		if rows, err := h.Timeline(t.Context(), stranger, engine.Live, account); err != nil || len(rows) > 0 {
			t.Errorf("a stranger sees %v, %v", rows, err)
		}
	}
}

func TestTimelineErrorsHoldNoAccount(t *testing.T) {
	for _, url := range []string{strings.TrimSuffix(clickhouse.URL(), "vestnik") + "default", "http://127.0.0.1:1/vestnik"} { // no tables; nobody there
		h, err := analytics.Open(t.Context(), analytics.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		_, err = h.Timeline(t.Context(), "p", engine.Live, "40817810")
		if err == nil || strings.Contains(err.Error(), "40817810") {
			t.Errorf("got %v", err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
}
