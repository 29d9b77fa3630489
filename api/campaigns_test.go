package api

import (
	"encoding/csv"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
)

func TestCampaignFromOrderToFunnel(t *testing.T) {
	w := newWorld(t)
	id := w.send(1000)
	w.ask("POST", "/v1/payments", `[{"document_id":"DOC-0","amount":"1234.56","paid_at":"2026-10-20T10:00:00+05:00","reference":"p-0"}]`).want(200)
	w.load()

	c := read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "").want(200))
	want := engine.Balance{Ordered: 1000, Delivered: 1000}
	if c.Status != engine.StatusCompleted || c.Ledger != want || c.Recipients != 1000 || len(c.WaitingFor) != 0 {
		t.Errorf("%+v", c)
	}
	counts := map[engine.Fact]int64{}
	for _, s := range c.Funnel {
		counts[s.Stage] = s.Count
	}
	if counts[engine.Ordered] != 1000 || counts[engine.Sent] != 1000 || counts[engine.Paid] != 1 || c.Funnel[5].Amount != 123456 {
		t.Errorf("funnel %+v", c.Funnel)
	}
	if c.Channels[engine.Email].Sent != 1000 {
		t.Errorf("channels %+v", c.Channels)
	}
	list := read[page[campaignView]](w.ask("GET", "/v1/campaigns?limit=1", "").want(200))
	if len(list.Items) != 1 || !reflect.DeepEqual(list.Items[0].Funnel, c.Funnel) {
		t.Errorf("list %+v", list)
	}
	for by, groups := range map[string]int{"channel": 1, "house": 4, "day": 1, "template": 1} {
		r := read[reportView](w.ask("GET", "/v1/campaigns/"+id+"/funnel?by="+by, "").want(200))
		if len(r.Items) != groups || r.Funnel[0].Count != 1000 {
			t.Errorf("by %s: %+v", by, r)
		}
	}
	w.ask("GET", "/v1/campaigns/"+id+"/funnel?by=weather", "").want(422)
}

func TestOrdersAreRefusedWithEverythingWrong(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("я", 300)
	for _, c := range []struct {
		body string
		want []string
	}{
		{`{}`, []string{"kind missing", "template missing", "name missing"}},
		{`[]`, []string{"type"}},
		{`{"name":"` + long + `","kind":"gossip","template":"Bill","urgent":"yes","send_at":"tomorrow","vars":[],"x":1,"x":2}`,
			[]string{"x many", "kind unknown", "vars type", "template unknown_template", "name too_long", "urgent type", "send_at time", "x unknown_field"}},
		{`{"name":"n\u0000","kind":"bill","template":"debt-notice"}`, []string{"template wrong_kind", "name control"}},
		{`{"name":"n","kind":"bill","template":"bill-monthly@7"}`, []string{"template unknown_template"}},
		{`{"name":"n","kind":"bill","template":"nothing"}`, []string{"template unknown_template"}},
		{`{"name":"n","kind":"bill","template":"bill-monthly","urgent":true}`, []string{"urgent forbidden"}},
		{`{"name":"n","kind":"bill","template":"bill-monthly","send_at":"2100-01-02T00:00:00Z","expires_at":"2100-01-01T00:00:00Z"}`, []string{"expires_at out_of_range"}},
		{`{"name":"n","kind":"bill","template":"bill-monthly","route":{"lanes":[[{"channel":"housechat"},{"channel":"email","wait":"3 days","until":7,"z":1}],7],"y":1}}`,
			[]string{"route.lanes[0][1].wait malformed", "route.lanes[0][1].until type", "route.lanes[0][1].z unknown_field", "route.lanes[1] type", "route.y unknown_field"}},
		{`{"name":"n","kind":"bill","template":"bill-monthly","route":{"lanes":[[{"channel":"housechat","wait":"72h"},{"channel":"fax"}]]}}`,
			[]string{"route.lanes[0][0].channel forbidden", "route.lanes[0][0] incomplete", "route.lanes[0][1].channel unknown"}},
		{`{"name":"n","kind":"outage","template":"outage-planned","vars":{"from":"yesterday"}}`, []string{"vars.from malformed"}},
	} {
		for _, language := range []string{"ru", "en"} {
			p := read[problem](w.ask("POST", "/v1/campaigns", c.body, header("Accept-Language", language)).want(422))
			if !reflect.DeepEqual(p.codes(), c.want) {
				t.Errorf("%s\n got %q\nwant %q", c.body, p.codes(), c.want)
			}
			for _, e := range p.Errors {
				if russian := strings.ContainsAny(e.Message, "абвгдежзиклмнопрстуфхцчшщыэюя"); e.Message == "" || russian != (language == "ru") || strings.Contains(e.Message, "%!") {
					t.Errorf("in %s, %s %s: %q", language, e.Field, e.Code, e.Message)
				}
			}
		}
	}
}

func TestOrderWithEverything(t *testing.T) {
	w := newWorld(t)
	c := read[campaignView](w.ask("POST", "/v1/campaigns", `{"name":"Отключение","kind":"outage","template":"outage-planned@1","urgent":true,"reference":"r-1",
		"send_at":"2100-01-01T00:00:00+05:00","expires_at":"2100-01-02T00:00:00Z","vars":{"service":"вода","from":"2100-01-01T09:00:00+05:00","reason":"ремонт","colour":"red"},
		"route":{"lanes":[[{"channel":"email","wait":"3d","until":["opened","received"]},{"channel":"vk"}],[{"channel":"housechat"}]]}}`).want(201))
	if c.Status != engine.StatusDraft || c.Template != "outage-planned@1" || !c.Urgent || c.Reference != "r-1" || c.Mode != engine.Live {
		t.Errorf("%+v", c)
	}
	if want := time.Date(2099, 12, 31, 19, 0, 0, 0, time.UTC); !c.SendAt.Equal(want) {
		t.Errorf("send_at %s", c.SendAt)
	}
	if len(c.Warnings) != 1 || c.Warnings[0].Field != "vars.colour" {
		t.Errorf("warnings %+v", c.Warnings)
	}
	if c := read[campaignView](w.ask("POST", "/v1/campaigns", `{"name":"n","kind":"debt","template":"debt-notice"}`, as(w.keys["test"])).want(201)); c.Mode != engine.Test || len(c.Route.Lanes) != 1 {
		t.Errorf("%+v", c)
	}
}

func TestLifeOfACampaign(t *testing.T) {
	w := newWorld(t)
	id := w.draft()
	do := func(act, body string, status int) answer {
		t.Helper()
		return w.ask("POST", "/v1/campaigns/"+id+"/"+act, body).want(status)
	}
	if p := read[problem](do("start", "", 422)); !slices.Contains(p.codes(), "recipients empty") {
		t.Errorf("%+v", p)
	}
	for _, act := range []string{"pause", "resume"} {
		do(act, "{}", 409)
	}
	w.put(id, rows(3)).want(200)
	do("start", `{"send_at":"soon"}`, 422)
	c := read[campaignView](do("start", `{"send_at":"2100-01-01T00:00:00Z"}`, 202))
	if c.Status != engine.StatusScheduled || len(c.WaitingFor) != 1 || c.WaitingFor[0].Phase != "begin" || c.WaitingFor[0].Recipients != 3 {
		t.Errorf("%+v", c)
	}
	do("start", "", 409)
	do("start", `{"send_at":"2100-01-01T00:00:00Z"}`, 409)
	w.put(id, rows(1)).want(409)
	if c = read[campaignView](do("cancel", "", 202)); c.Status != engine.StatusCancelled || c.Ledger != (engine.Balance{Ordered: 3, Cancelled: 3}) {
		t.Errorf("%+v", c)
	}
	if p := read[problem](do("cancel", "", 409)); !strings.Contains(p.Detail, "отменить") {
		t.Errorf("%+v", p)
	}
	for outcome, n := range map[string]int{"cancelled": 3, "delivered": 0, "in_flight": 0} {
		if list := read[page[personView]](w.ask("GET", "/v1/campaigns/"+id+"/recipients?outcome="+outcome, "").want(200)); len(list.Items) != n {
			t.Errorf("%s: %+v", outcome, list)
		}
	}
}

func TestWhatACampaignWaitsFor(t *testing.T) {
	w := newWorld(t)
	id := read[campaignView](w.ask("POST", "/v1/campaigns", `{"name":"n","kind":"bill","template":"bill-monthly",
		"route":{"lanes":[[{"channel":"email","wait":"72h","until":"opened"},{"channel":"email"}]]}}`).want(201)).id()
	w.put(id, rows(10)).want(200)
	w.email.Script("000001", mustRefuse)
	w.ask("POST", "/v1/campaigns/"+id+"/start", "").want(202)
	w.work()
	c := read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "", header("Accept-Language", "en-GB,ru;q=0.5")).want(200))
	found := map[string]int64{}
	for _, wait := range c.WaitingFor {
		found[wait.Text] = wait.Recipients
	}
	if found["waiting for a reaction: e-mail"] != 9 || found["another try: e-mail"] != 1 {
		t.Errorf("%+v", c.WaitingFor)
	}
	c = read[campaignView](w.ask("POST", "/v1/campaigns/"+id+"/pause", "").want(202))
	if c.Status != engine.StatusPaused || c.WaitingFor[0].Phase != "resume" {
		t.Errorf("%+v", c)
	}
	w.ask("POST", "/v1/campaigns/"+id+"/resume", "").want(202)
	w.ask("POST", "/v1/campaigns/"+id+"/cancel", "").want(202)
	w.work()
	if c = read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "").want(200)); c.Ledger.InFlight != 0 || c.Ledger.Ordered != 10 || c.Ledger.Cancelled != 1 {
		t.Errorf("%+v", c.Ledger)
	}
}

// TestHistoryDown is "ClickHouse down: sending goes on, funnels answer 503".
func TestHistoryDown(t *testing.T) {
	w := newWorld(t)
	w.config.History = downHistory{}
	w.restart()
	id := w.draft()
	w.put(id, rows(3)).want(200)
	w.ask("POST", "/v1/campaigns/"+id+"/start", "").want(202)
	w.work()
	c := read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "").want(200))
	if c.Ledger.Delivered != 3 || c.Funnel != nil {
		t.Errorf("%+v", c)
	}
	for _, path := range []string{"/v1/campaigns/" + id + "/funnel", "/v1/campaigns/" + id + "/recipients", "/v1/analytics/funnel", "/v1/accounts/000001/timeline"} {
		if a := w.ask("GET", path, "").want(503); a.Header().Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", path)
		}
	}
}

func TestPagesOfCampaigns(t *testing.T) {
	w := newWorld(t)
	var ordered []string
	for range 5 {
		ordered = append(ordered, w.draft())
	}
	w.message()
	var seen []string
	for cursor := ""; ; {
		p := read[page[campaignView]](w.ask("GET", "/v1/campaigns?limit=2&cursor="+cursor, "").want(200))
		for _, c := range p.Items {
			seen = append(seen, c.id())
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	slices.Sort(seen)
	slices.Sort(ordered)
	if !slices.Equal(seen, ordered) {
		t.Errorf("saw %v, ordered %v", seen, ordered)
	}
	for _, limit := range []string{"0", "1001", "many"} {
		w.ask("GET", "/v1/campaigns?limit="+limit, "").want(422)
	}
}

func TestRecipientsOfACampaign(t *testing.T) {
	w := newWorld(t)
	w.email.Script("000002", mustRefuseForGood)
	id := w.send(1200)
	path := "/v1/campaigns/" + id + "/recipients"
	seen := map[string]bool{}
	for cursor := ""; ; {
		p := read[page[personView]](w.ask("GET", path+"?limit=500&cursor="+cursor, "").want(200))
		for _, v := range p.Items {
			seen[v.Account] = true
			if v.Outcome == engine.Delivered && (len(v.Facts) != 1 || v.Facts[0].Fact != engine.Sent || v.Facts[0].At.IsZero()) {
				t.Fatalf("%+v", v)
			}
		}
		if cursor = p.Next; cursor == "" {
			break
		}
	}
	if len(seen) != 1200 {
		t.Errorf("saw %d", len(seen))
	}
	p := read[page[personView]](w.ask("GET", path+"?outcome=undelivered&channel=email&reason=bad_address", "").want(200))
	if len(p.Items) != 1 || p.Items[0].Account != "000002" || p.Items[0].Facts[0].Code != "550 5.1.1" {
		t.Errorf("%+v", p)
	}
	bad := read[problem](w.ask("GET", path+"?outcome=lost&channel=fax&reason=why&cursor=!&limit=0&limit=1", "").want(422))
	if want := []string{"outcome unknown", "channel unknown", "reason unknown", "limit many", "limit number", "cursor cursor"}; !reflect.DeepEqual(bad.codes(), want) {
		t.Errorf("%v", bad.codes())
	}
	a := w.ask("GET", path+"?outcome=delivered", "", header("Accept", "text/csv")).want(200)
	lines, err := csv.NewReader(a.Body).ReadAll()
	if err != nil || len(lines) != 1200 || !slices.Equal(lines[0][:5], []string{"account", "outcome", "channel", "reason", "sent_at"}) {
		t.Errorf("%v, %d lines, %v", err, len(lines), lines[0])
	}
	if _, err := time.Parse(time.RFC3339, lines[1][4]); err != nil || !strings.Contains(a.Header().Get("Content-Disposition"), "recipients-"+id) {
		t.Error(err, a.Header())
	}
	if a := w.ask("GET", path, "", header("Accept", "application/json, text/csv")); !strings.HasPrefix(a.Header().Get("Content-Type"), "application/json") {
		t.Error("JSON was preferred")
	}
}

func TestFunnelOfAPeriod(t *testing.T) {
	w := newWorld(t)
	w.send(10)
	w.send(20, as(w.keys["test"]))
	today := time.Now().In(time.FixedZone("", 5*3600)).Format(time.DateOnly)
	for query, want := range map[string]int64{
		"": 10, "?from=" + today + "&to=" + today: 10, "?to=2020-01-01": 0, "?from=2100-01-01T00:00:00Z": 0, "?by=kind": 10, "?by=house": 10,
	} {
		r := read[reportView](w.ask("GET", "/v1/analytics/funnel"+query, "").want(200))
		if r.Funnel[0].Count != want || strings.Contains(query, "by=") == (len(r.Items) == 0) {
			t.Errorf("%s: %+v", query, r)
		}
	}
	if r := read[reportView](w.ask("GET", "/v1/analytics/funnel", "", as(w.keys["test"])).want(200)); r.Funnel[0].Count != 20 {
		t.Errorf("tests: %+v", r)
	}
	p := read[problem](w.ask("GET", "/v1/analytics/funnel?from=never&to=2020-02-30&by=colour", "").want(422))
	if fmt.Sprint(p.codes()) != "[by unknown from moment to moment]" {
		t.Error(p.codes())
	}
	w.ask("GET", "/v1/analytics/funnel?from=2026-10-02&to=2026-10-01", "").want(422)
}

func TestTimelineOfAnAccount(t *testing.T) {
	w := newWorld(t)
	id := w.draft()
	w.put(id, "account;email;period;amount;due_date\nА/1 б%;a@example.ru;2026-10;10,50;2026-11-10\n").want(200)
	w.ask("POST", "/v1/campaigns/"+id+"/start", "").want(202)
	w.work()
	w.ask("POST", "/v1/payments", `[{"account":"А/1 б%","period":"2026-10","amount":"10.50","paid_at":"2026-10-20T10:00:00Z","reference":"t-1"}]`).want(200)
	w.load()
	p := read[page[timelineView]](w.ask("GET", "/v1/accounts/%D0%90%2F1%20%D0%B1%25/timeline", "").want(200))
	if len(p.Items) != 1 || string(p.Items[0].Campaign) != id || p.Items[0].Amount != 1050 || len(p.Items[0].Payments) != 1 || len(p.Items[0].Facts) != 2 {
		t.Errorf("%+v", p)
	}
	if p := read[page[timelineView]](w.ask("GET", "/v1/accounts/nobody/timeline", "").want(200)); len(p.Items) != 0 {
		t.Errorf("%+v", p)
	}
}
