package api

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"vestnik/engine"
)

func TestPayments(t *testing.T) {
	w := newWorld(t)
	early := `[{"document_id":"DOC-3","amount":"1234.56","paid_at":"2026-10-20T10:00:00Z","reference":"early"}]`
	if r := read[engine.PaymentReport](w.ask("POST", "/v1/payments", early).want(200)); r != (engine.PaymentReport{Accepted: 1, Unmatched: 1}) {
		t.Errorf("%+v", r)
	}
	id := w.send(5)
	body := `[{"document_id":"DOC-0","amount":"1000.00","paid_at":"2026-10-20T10:00:00+05:00","reference":"a"},
		{"document_id":"DOC-0","amount":"234.56","paid_at":"2026-10-21T10:00:00+05:00","reference":"b"},
		{"account":"000001","period":"2026-10","amount":"1234.56","paid_at":"2026-10-20T10:00:00Z","reference":"c"},
		{"account":"000001","period":"2026-09","amount":"5","paid_at":"2026-10-20T10:00:00Z","reference":"d"},
		{"document_id":"DOC-0","amount":"1000.00","paid_at":"2026-10-20T10:00:00+05:00","reference":"a"}]`
	if r := read[engine.PaymentReport](w.ask("POST", "/v1/payments", body).want(200)); r != (engine.PaymentReport{Accepted: 4, Matched: 3, Unmatched: 1, Duplicates: 1}) {
		t.Errorf("%+v", r)
	}
	if r := read[engine.PaymentReport](w.ask("POST", "/v1/payments", body).want(200)); r.Duplicates != 5 || r.Accepted != 0 {
		t.Errorf("again: %+v", r)
	}
	lines := `{"document_id":"DOC-2","amount":"1.00","paid_at":"2026-10-20T10:00:00Z","reference":"e"}` + "\n\n" +
		`{"document_id":"DOC-2","amount":"2.00","paid_at":"2026-10-20T10:00:00Z","reference":"f"}` + "\n"
	if r := read[engine.PaymentReport](w.ask("POST", "/v1/payments", lines, header("Content-Type", "application/x-ndjson")).want(200)); r.Matched != 2 {
		t.Errorf("NDJSON: %+v", r)
	}
	w.load()
	c := read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "").want(200))
	if paid := c.Funnel[5]; paid.Count != 3 || paid.Amount != 3*123456+300 {
		t.Errorf("%+v", c.Funnel)
	}
}

func TestPaymentsAreRefusedWithEverythingWrong(t *testing.T) {
	w := newWorld(t)
	good := `"paid_at":"2026-10-20T10:00:00Z","reference":"x"`
	for body, want := range map[string]string{
		`{}`:   "[type]",
		`[7]`:  "[[0] type]",
		`[{}]`: "[[0].reference missing [0].amount missing [0].paid_at missing [0].document_id one_of]",
		`[{"document_id":"d","account":"a","amount":1,` + good + `},{"account":"a","amount":"-1.00",` + good + `,"x":1}]`: "[[0].amount money [0].document_id one_of [1].amount money [1].document_id one_of [1].x unknown_field]",
		`[{"account":"a","period":"2026-13","amount":"0.00",` + good + `}]`:                                               "[[0].period month [0].amount money]",
		`[{"document_id":"d","amount":"1.234","paid_at":"2199-10-20T10:00:00Z","reference":"x"}]`:                         "[[0].amount money [0].paid_at future]",
		`[{"document_id":"d","amount":"1 234,56","paid_at":"20.10.2026","reference":"x"}]`:                                "[[0].amount money [0].paid_at time]",
	} {
		p := read[problem](w.ask("POST", "/v1/payments", body).want(422))
		if got := fmt.Sprint(p.codes()); got != want {
			t.Errorf("%s\n got %s\nwant %s", body, got, want)
		}
	}
	p := read[problem](w.ask("POST", "/v1/payments", "{}\n{\n\n7\n", header("Content-Type", "application/x-ndjson")).want(422))
	var lines []int
	for _, e := range p.Errors {
		lines = append(lines, e.Line)
	}
	if !reflect.DeepEqual(lines, []int{1, 1, 1, 1, 2, 4}) {
		t.Errorf("lines %v: %+v", lines, p)
	}
	for media, one := range map[string][2]string{"application/json": {"[", ",{}"}, "application/x-ndjson": {"", "{}\n"}} {
		many := one[0] + "{}" + strings.Repeat(one[1], maxItems) + strings.ReplaceAll(one[0], "[", "]")
		if one[0] == "" {
			many = strings.Repeat(one[1], maxItems+1)
		}
		if p := read[problem](w.ask("POST", "/v1/payments", many, header("Content-Type", media)).want(413)); p.Code != "too_many_items" {
			t.Errorf("%+v", p)
		}
	}
}

func TestEvents(t *testing.T) {
	w := newWorld(t)
	id := w.send(5)
	message := w.message()
	w.work()
	at := `"at":"2026-10-20T10:00:00Z"`
	body := `[{"event_id":"1","type":"opened","document_id":"DOC-1",` + at + `},
		{"event_id":"2","type":"received","account":"000002","campaign":"` + id + `","channel":"email",` + at + `},
		{"event_id":"3","type":"clicked","message":"` + message + `",` + at + `},
		{"event_id":"3","type":"clicked","message":"` + message + `",` + at + `},
		{"type":"bounced","account":"000003","campaign":"` + id + `","reason":"refused","code":"550 5.7.1",` + at + `},
		{"type":"opened","document_id":"NOBODY",` + at + `},
		{"type":"opened","account":"nobody","campaign":"` + id + `",` + at + `},
		{"type":"opened","message":"` + id + `",` + at + `},
		{"type":"opened","account":"000001","campaign":"` + id + `","channel":"vk",` + at + `}]`
	r := read[eventsReport](w.ask("POST", "/v1/events", body).want(200))
	if r.Accepted != 4 || r.Duplicates != 1 || r.Unknown != 4 || len(r.Errors) != 4 || r.Errors[0].Field != "[5]" || r.Errors[3].Code != "no_channel" {
		t.Errorf("%+v", r)
	}
	if r = read[eventsReport](w.ask("POST", "/v1/events", body).want(200)); r.Accepted != 0 || r.Duplicates != 5 {
		t.Errorf("again: %+v", r)
	}
	w.load()
	c := read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "").want(200))
	if c.Funnel[3].Count != 1 || c.Channels[engine.Email].Bounced != 1 || c.Ledger.Undelivered != 1 {
		t.Errorf("%+v %+v %+v", c.Funnel, c.Channels, c.Ledger)
	}
	if r = read[eventsReport](w.ask("POST", "/v1/events", `[{"type":"opened","document_id":"DOC-2",`+at+`}]`, as(w.keys["test"])).want(200)); r.Unknown != 1 {
		t.Errorf("a test key's event was taken for a live campaign: %+v", r)
	}
	draft := w.draft()
	w.put(draft, rows(1)).want(200)
	if r = read[eventsReport](w.ask("POST", "/v1/events", `{"type":"opened","account":"000000","campaign":"`+draft+`",`+at+`}`, header("Content-Type", "application/x-ndjson")).want(200)); r.Unknown != 1 || r.Errors[0].Line != 1 {
		t.Errorf("an event of a draft was taken: %+v", r)
	}
	for body, want := range map[string]string{
		`[{}]`: "[[0].type missing [0].document_id one_of [0].at missing]",
		`[{"type":"paid","message":"m",` + at + `}]`:                                         "[[0].type use_payments]",
		`[{"type":"sent","message":"m","account":"a",` + at + `}]`:                           "[[0].type unknown [0].document_id one_of]",
		`[{"type":"opened","message":"m","channel":"fax","reason":"x","code":"a@b","at":1}]`: "[[0].channel unknown [0].reason unknown [0].code code [0].at type]",
	} {
		p := read[problem](w.ask("POST", "/v1/events", body).want(422))
		if got := fmt.Sprint(p.codes()); got != want {
			t.Errorf("%s\n got %s\nwant %s", body, got, want)
		}
	}
}

func TestTestKeysChangeNothingLive(t *testing.T) {
	w := newWorld(t)
	id := w.draft()
	test := as(w.keys["test"])
	w.put(id, rows(1), test).want(403)
	for _, act := range []string{"start", "pause", "resume", "cancel"} {
		if p := read[problem](w.ask("POST", "/v1/campaigns/"+id+"/"+act, "", test).want(403)); p.Code != "test_key" {
			t.Errorf("%+v", p)
		}
	}
	w.ask("GET", "/v1/campaigns/"+id, "", test).want(200)
}
