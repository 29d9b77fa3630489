package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"vestnik/engine"
)

func TestRetryOfACampaign(t *testing.T) {
	w := newWorld(t)
	w.email.Script("000001", mustRefuseForGood)
	id := w.draft()
	w.ask("POST", "/v1/campaigns/"+id+"/retry", "").want(409)
	w.put(id, rows(3)).want(200)
	w.ask("POST", "/v1/campaigns/"+id+"/start", "").want(202)
	w.work()
	again := read[campaignView](w.ask("POST", "/v1/campaigns/"+id+"/retry", "{}").want(201))
	if string(again.RetryOf) != id || again.Status != engine.StatusRunning || again.Recipients != 1 || again.Template != "bill-monthly@1" {
		t.Errorf("%+v", again)
	}
	if old := read[campaignView](w.ask("GET", "/v1/campaigns/"+id, "").want(200)); old.RetriedBy != again.ID {
		t.Errorf("%+v", old)
	}
	w.work()
	if c := read[campaignView](w.ask("GET", "/v1/campaigns/"+again.id(), "").want(200)); c.Ledger != (engine.Balance{Ordered: 1, Delivered: 1}) {
		t.Errorf("%+v", c.Ledger)
	}
	a := w.ask("POST", "/v1/campaigns/"+id+"/retry", "").want(409)
	if p := read[struct{ Code, Detail, Retried_By string }](a); p.Code != "retried" || p.Retried_By != again.id() || !strings.Contains(p.Detail, again.id()) {
		t.Errorf("%s", a.Body)
	}
	if p := read[problem](w.ask("POST", "/v1/campaigns/"+again.id()+"/retry", "").want(422)); !slices.Contains(p.codes(), "recipients nobody_to_retry") {
		t.Errorf("%+v", p)
	}
	w.ask("POST", "/v1/campaigns/"+id+"/retry", "", as(w.keys["test"])).want(403)
}

func TestDryRun(t *testing.T) {
	w := newWorld(t)
	id := read[campaignView](w.ask("POST", "/v1/campaigns", `{"name":"n","kind":"ad","template":"ad-offer","vars":{"offer":"Окна","advertiser":"ООО","erid":"x1"},
		"route":{"lanes":[[{"channel":"email","wait":"24h","until":"opened"},{"channel":"vk"}]]}}`).want(201)).id()
	run := func(language string) forecastView {
		t.Helper()
		return read[forecastView](w.ask("POST", "/v1/campaigns/"+id+"/dry-run", "", header("Accept-Language", language)).want(200))
	}
	if f := run("ru"); f.Recipients != 0 || len(f.Channels) != 2 || len(f.Examples) != 0 {
		t.Errorf("%+v", f)
	}
	w.put(id, "account,email,vk_id\n1,a@example.ru,1\n2,b@example.ru,\n3,c@example.ru,3\n4,,\n").want(200)
	w.ask("PUT", "/v1/consents", `{"items":[{"account":"1","how":"x"},{"account":"2","how":"x"}]}`).want(200)
	w.ask("PUT", "/v1/suppressions", `{"channel":"email","address":"b@example.ru","reason":"complained"}`).want(200)
	f := run("ru")
	if f.Recipients != 4 || f.Channels[0] != (engine.ChannelForecast{Channel: engine.Email, On: true, First: 1}) || f.Channels[1] != (engine.ChannelForecast{Channel: engine.VK}) {
		t.Errorf("%+v", f)
	}
	told := map[string]string{}
	for _, e := range f.Examples {
		told[e.Account] = e.Text
	}
	if fmt.Sprint(told) != "map[2:получатель жаловался на сообщения 3:нет согласия на рекламу 4:нет адреса ни для одного канала]" || len(f.Unreachable) != 3 {
		t.Errorf("%v %+v", told, f.Unreachable)
	}
	if hours := f.Ends.Sub(f.Begins).Hours(); hours != 24 {
		t.Errorf("it takes %v hours", hours)
	}
	if en := run("en"); !slices.ContainsFunc(en.Examples, func(e unreachedView) bool { return e.Text == "no consent to advertising" }) {
		t.Errorf("%+v", en.Examples)
	}
	w.ask("POST", "/v1/campaigns/"+id+"/dry-run", "", as(w.keys["test"])).want(200)
	if log := w.log.String(); strings.Contains(log, "example.ru") {
		t.Error("the log names an address")
	}
}

// TestExpiredAudiences: what was forgotten can be neither retried nor forecast.
func TestExpiredAudiences(t *testing.T) {
	w := newWorld(t)
	w.email.Script("000001", mustRefuseForGood)
	id := w.send(3)
	w.engine.Stores.Audience = expired{w.engine.Stores.Audience}
	w.restart()
	for _, act := range []string{"retry", "dry-run"} {
		if p := read[problem](w.ask("POST", "/v1/campaigns/"+id+"/"+act, "").want(404)); p.Code != "audience_expired" {
			t.Errorf("%s: %+v", act, p)
		}
	}
}
