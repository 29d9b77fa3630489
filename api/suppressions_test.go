package api

import (
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
)

const aHouse = "0c5b2444-70a0-4932-980c-b4dc0d3f02b5"

func TestSuppressions(t *testing.T) {
	w := newWorld(t)
	find := func(channel, address string, changes ...with) []suppressionView {
		t.Helper()
		query := url.Values{"channel": {channel}, "address": {address}}.Encode()
		return read[page[suppressionView]](w.ask("GET", "/v1/suppressions?"+query, "", changes...).want(200)).Items
	}
	w.ask("PUT", "/v1/suppressions", `{"channel":"email","address":" R1@Example.ru "}`).want(200)
	if got := find("email", "r1@EXAMPLE.ru"); len(got) != 1 || got[0].Reason != engine.Listed || got[0].Address != "r1@example.ru" {
		t.Errorf("%+v", got)
	}
	if got := find("email", "r1@example.ru", as(w.keys["other"])); len(got) != 0 {
		t.Errorf("another provider sees %+v", got)
	}
	many := fmt.Sprintf(`{"items":[{"channel":"vk","address":"https://vk.com/id77","reason":"complained"},{"channel":"housechat","address":%q,"reason":"bounced"},
		{"channel":"paper","address":"000001","reason":"unsubscribed"},{"channel":"gosuslugi","address":"%s/А/1"},{"channel":"gosuslugi","address":"000002"}]}`,
		strings.ToUpper(aHouse), aHouse)
	if got := read[map[string]int](w.ask("PUT", "/v1/suppressions", many).want(200)); got["accepted"] != 5 {
		t.Errorf("%v", got)
	}
	for _, c := range []struct {
		channel, address string
		reason           engine.Reason
	}{{"vk", "77", engine.Objected}, {"housechat", aHouse, engine.PreviousBounce}, {"paper", "000001", engine.Opted},
		{"gosuslugi", aHouse + "/А/1", engine.Listed}, {"gosuslugi", "/000002", engine.Listed}} {
		if got := find(c.channel, c.address); len(got) != 1 || got[0].Reason != c.reason {
			t.Errorf("%s %s: %+v", c.channel, c.address, got)
		}
	}
	var seen []string
	for cursor := ""; ; {
		p := read[page[suppressionView]](w.ask("GET", "/v1/suppressions?limit=2&cursor="+cursor, "").want(200))
		for _, v := range p.Items {
			if v.Hash == "" || v.Address != "" || v.Since.IsZero() {
				t.Errorf("%+v", v)
			}
			seen = append(seen, string(v.Channel))
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if slices.Sort(seen); !slices.Equal(seen, []string{"email", "gosuslugi", "gosuslugi", "housechat", "paper", "vk"}) {
		t.Errorf("listed %v", seen)
	}
	if p := read[page[suppressionView]](w.ask("GET", "/v1/suppressions?channel=vk", "").want(200)); len(p.Items) != 1 || p.Next != "" {
		t.Errorf("%+v", p)
	}
	id := w.send(3)
	if p := read[page[personView]](w.ask("GET", "/v1/campaigns/"+id+"/recipients?outcome=suppressed&reason=manual", "").want(200)); len(p.Items) != 1 || p.Items[0].Account != "000001" {
		t.Errorf("%+v", p)
	}
	w.ask("DELETE", "/v1/suppressions?channel=email&address=r1%40example.ru", "").want(204)
	w.ask("DELETE", "/v1/suppressions", `{"items":[{"channel":"vk","address":"77"}]}`).want(204)
	if got := append(find("email", "r1@example.ru"), find("vk", "77")...); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if log := w.log.String(); strings.Contains(log, "example.ru") || strings.Contains(log, aHouse) || strings.Contains(log, "000001") {
		t.Error("the log names an address")
	}
}

func TestSuppressionsAreRefusedWithEverythingWrong(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string][]string{
		`{}`: {"channel missing", "address missing"},
		`{"channel":"fax","address":"1","reason":"mood","x":1}`:                                {"channel unknown", "reason unknown", "x unknown_field"},
		`{"channel":"email","address":"nobody"}`:                                               {"address bad_email"},
		`{"items":[{"channel":"vk","address":"durov"},{"channel":"housechat","address":1},7]}`: {"items[0].address bad_vk_id", "items[1].address type", "items[2] type"},
		`{"items":7}`:              {"items type"},
		`{"items":[],"channel":1}`: {"channel unknown_field"},
	} {
		if p := read[problem](w.ask("PUT", "/v1/suppressions", body).want(422)); !reflect.DeepEqual(p.codes(), want) {
			t.Errorf("%s: %q, want %q", body, p.codes(), want)
		}
	}
	for _, query := range []string{"?address=a%40example.ru", "?channel=email&address=nobody", "?channel=fax", "?cursor=!", "?cursor=ZmF4Lw"} {
		w.ask("GET", "/v1/suppressions"+query, "").want(422)
	}
	w.ask("DELETE", "/v1/suppressions?channel=email", "").want(422)
	item := `{"channel":"vk","address":"1"}`
	w.ask("PUT", "/v1/suppressions", `{"items":[`+item+strings.Repeat(","+item, maxEntries)+`]}`).want(413)
	w.ask("PUT", "/v1/suppressions", item, as(w.keys["test"])).want(403)
}

func TestConsents(t *testing.T) {
	w := newWorld(t)
	history := func(changes ...with) consentsView {
		t.Helper()
		return read[consentsView](w.ask("GET", "/v1/consents?account=000001", "", changes...).want(200))
	}
	if got := history(); len(got.Items) != 0 || got.Holds[engine.Email] || len(got.Holds) != 4 {
		t.Errorf("%+v", got)
	}
	w.ask("PUT", "/v1/consents", `{"account":" 000001 ","at":"2026-01-02T03:04:05+03:00","how":"анкета на сайте","proof":"№ 17"}`).want(200)
	got := history()
	if len(got.Items) != 1 || !got.Items[0].Given || got.Items[0].How != "анкета на сайте" || got.Items[0].Proof != "№ 17" || !got.Holds[engine.Email] || !got.Holds[engine.VK] {
		t.Errorf("%+v", got)
	}
	if theirs := history(as(w.keys["other"])); len(theirs.Items) != 0 || theirs.Holds[engine.Email] {
		t.Errorf("another provider sees %+v", theirs)
	}
	w.ask("DELETE", "/v1/consents?account=000001&channel=email", "").want(204)
	w.ask("DELETE", "/v1/consents", `{"account":"000001","channel":"vk","at":"2026-02-03T00:00:00Z","how":"по телефону"}`).want(204)
	if got = history(); len(got.Items) != 3 || got.Items[1].Given || got.Items[2].How != "по телефону" || got.Holds[engine.Email] || got.Holds[engine.VK] || !got.Holds[engine.Gosuslugi] {
		t.Errorf("%+v", got)
	}
	if n := read[map[string]int](w.ask("PUT", "/v1/consents", `{"items":[{"account":"7","how":"x"},{"account":"8","how":"x","channel":"vk"}]}`).want(200))["accepted"]; n != 2 {
		t.Errorf("%d", n)
	}
	later := time.Now().AddDate(0, 1, 0).Format(time.RFC3339)
	for body, want := range map[string][]string{
		`{}`:                                  {"account missing", "how missing"},
		`{"account":"1,23457E+11","how":"x"}`: {"account rounded_account"},
		`{"items":[{"account":"1","how":"x","channel":"fax","at":"` + later + `","z":1}]}`: {"items[0].channel unknown", "items[0].at future", "items[0].z unknown_field"},
	} {
		if p := read[problem](w.ask("PUT", "/v1/consents", body).want(422)); !reflect.DeepEqual(p.codes(), want) {
			t.Errorf("%s: %q, want %q", body, p.codes(), want)
		}
	}
	w.ask("GET", "/v1/consents", "").want(422)
	w.ask("PUT", "/v1/consents", `{"account":"1","how":"x"}`, as(w.keys["test"])).want(403)
	w.ask("PUT", "/v1/consents", `{"items":[{}`+strings.Repeat(",{}", maxEntries)+`]}`).want(413)
	w.ask("DELETE", "/v1/consents", `{"items":[{}`+strings.Repeat(",{}", maxEntries)+`]}`).want(413)
	w.ask("DELETE", "/v1/suppressions", `{"items":[{}`+strings.Repeat(",{}", maxEntries)+`]}`).want(413)
}
