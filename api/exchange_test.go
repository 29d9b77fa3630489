package api

import (
	"slices"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// exchangeView is what GET /v1/payments/gis answers.
type exchangeView struct {
	Collected Collected
	Declared  declaredView
}

func TestPaymentsToBeToldToGIS(t *testing.T) {
	w := newWorld(t)
	body := `[{"account":"000001","period":"2026-10","amount":"10.00","paid_at":"2026-10-20T10:00:00Z","reference":"a","report_to_gis":true},
		{"account":"000002","period":"2026-10","amount":"10.00","paid_at":"2026-10-20T10:00:00Z","reference":"b","report_to_gis":false}]`
	bad := read[problem](w.ask("POST", "/v1/payments", body).want(422))
	if want := []string{"[0].report_to_gis gis_off"}; !slices.Equal(bad.codes(), want) {
		t.Errorf("without ГИС ЖКХ: %v, want %v", bad.codes(), want)
	}
	w.engine.Channels[engine.Gosuslugi] = enginetest.NewChannel(enginetest.Accept())
	if r := read[engine.PaymentReport](w.ask("POST", "/v1/payments", body, as(w.keys["test"])).want(200)); r != (engine.PaymentReport{Accepted: 2, Unmatched: 2}) {
		t.Errorf("a test: %+v", r)
	}
	if r := read[engine.PaymentReport](w.ask("POST", "/v1/payments", body).want(200)); r != (engine.PaymentReport{Accepted: 2, Unmatched: 2, Declared: 1}) {
		t.Errorf("first: %+v", r)
	}
	if r := read[engine.PaymentReport](w.ask("POST", "/v1/payments", body).want(200)); r != (engine.PaymentReport{Duplicates: 2}) {
		t.Errorf("again: %+v", r)
	}
	store := w.memory.Stores().Declarations
	list, err := store.Due(t.Context(), w.owner, time.Now().Add(time.Hour), 10)
	if err != nil || len(list) != 1 || list[0].Payment.Reference != "a" {
		t.Fatalf("to be told: %+v (%v)", list, err)
	}
	list[0].State, list[0].Reason, list[0].Code = engine.Refuted, engine.BadAddress, "INT002000"
	w.must(store.Settle(t.Context(), w.owner, list))
	v := read[exchangeView](w.ask("GET", "/v1/payments/gis", "").want(200))
	if d := v.Declared; d.Waiting != 0 || d.Failed != 1 || len(d.Failures) != 1 || d.Failures[0].Reference != "a" || d.Failures[0].Code != "INT002000" {
		t.Errorf("%+v", v)
	}
	if v := read[exchangeView](w.ask("GET", "/v1/payments/gis", "", as(w.keys["other"])).want(200)); v.Declared.Failed != 0 || len(v.Declared.Failures) != 0 {
		t.Errorf("another provider sees %+v", v)
	}
	w.ask("GET", "/v1/payments/gis?page=2", "").want(422)
}
