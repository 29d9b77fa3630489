package api

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vestnik/engine"
)

const autumn = `[[{"channel":"email","wait":"72h","until":"paid"},{"channel":"email","template":"debt-notice"}]]`

func TestNamedRoutes(t *testing.T) {
	w := newWorld(t)
	w.ask("PUT", "/v1/routes/autumn", `{"lanes":`+autumn+`,"kind":"bill"}`).want(200)
	w.ask("PUT", "/v1/routes", `{"name":"chats","lanes":[[{"channel":"housechat"}]]}`).want(200)
	list := read[page[routeView]](w.ask("GET", "/v1/routes", "").want(200)).Items
	if len(list) != 2+len(engine.Kinds()) || list[0].Name != "autumn" || list[0].BuiltIn || list[0].Lanes[0][1].Template.String() != "debt-notice" {
		t.Errorf("%+v", list)
	}
	if list[2].Name != "default" || !list[2].BuiltIn || list[2].Kind != engine.KindBill || len(list[2].Lanes[0]) != 3 {
		t.Errorf("%+v", list[2])
	}
	order := func(kind, template, route string, status int) answer {
		t.Helper()
		return w.ask("POST", "/v1/campaigns", fmt.Sprintf(`{"name":"n","kind":%q,"template":%q,"route":%q}`, kind, template, route)).want(status)
	}
	if c := read[campaignView](order("bill", "bill-monthly", "autumn", 201)); c.Route.Lanes[0][1].Template.String() != "debt-notice@1" {
		t.Errorf("the reminder is not pinned: %+v", c.Route)
	}
	if c := read[campaignView](order("debt", "debt-notice", "default", 201)); !reflect.DeepEqual(c.Route, engine.DefaultRoute(engine.KindDebt)) {
		t.Errorf("%+v", c.Route)
	}
	p := read[problem](order("bill", "bill-monthly", "winter", 422))
	if !reflect.DeepEqual(p.codes(), []string{"route unknown_route"}) || !strings.Contains(p.Errors[0].Message, "autumn, chats, default") {
		t.Errorf("%+v", p)
	}
	if p := read[problem](order("bill", "bill-monthly", "chats", 422)); !reflect.DeepEqual(p.codes(), []string{"route.lanes[0][0].channel forbidden"}) {
		t.Errorf("%v", p.codes())
	}
	if p := read[problem](order("outage", "outage-planned", "autumn", 422)); !slices.Contains(p.codes(), "route.lanes[0][1].template wrong_kind") {
		t.Errorf("%v", p.codes())
	}
	w.ask("POST", "/v1/campaigns", `{"name":"n","kind":"bill","template":"bill-monthly","route":"autumn"}`, as(w.keys["other"])).want(422)
	w.ask("POST", "/v1/messages", strings.Replace(oneBill, `{"lanes":[[{"channel":"email"}]]}`, `"autumn"`, 1)).want(202)

	if p := read[problem](w.ask("DELETE", "/v1/routes/autumn", "", as(w.keys["test"])).want(403)); p.Code != "test_key_shared" {
		t.Errorf("%+v", p)
	}
	w.ask("DELETE", "/v1/routes/autumn", "").want(204)
	w.ask("DELETE", "/v1/routes/autumn", "").want(404)
	w.ask("DELETE", "/v1/routes?name=chats", "").want(204)
	w.ask("DELETE", "/v1/routes", `{"name":"chats"}`).want(404)
	w.ask("DELETE", "/v1/routes?nope=chats", "").want(422)
	order("bill", "bill-monthly", "autumn", 422)
}

func TestRoutesAreRefusedWithEverythingWrong(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		path, body string
		want       []string
	}{
		{"/v1/routes", `{}`, []string{"name missing", "lanes missing"}},
		{"/v1/routes", `{"name":"Осень","kind":"gossip","lanes":7,"x":1}`, []string{"name route_name", "kind unknown", "lanes type", "x unknown_field"}},
		{"/v1/routes/a", `{"name":"a","lanes":[[{"channel":"fax"}],[{"channel":"email","wait":"1h","until":"loved"}]]}`,
			[]string{"lanes[0][0].channel unknown", "lanes[1][0].until unknown", "name unknown_field"}},
		{"/v1/routes/a", `{"kind":"debt","lanes":[[{"channel":"email"}],[{"channel":"housechat"}],[{"channel":"email"}]]}`,
			[]string{"lanes[1][0].channel forbidden", "lanes[2][0].channel repeated"}},
		{"/v1/routes/a", `{"lanes":[[{"channel":"email","template":"debt-notice@9"},{"channel":"vk","template":"Nope!"}]]}`, []string{"lanes[0][1].template unknown_template"}},
		{"/v1/routes/a", `{"lanes":[[{"channel":"email","template":"debt-notice@9"}]]}`, []string{"lanes[0][0].template unknown_template"}},
		{"/v1/routes/a", `{"kind":"bill","lanes":[[{"channel":"email","template":"ad-offer"}]]}`, []string{"lanes[0][0].template wrong_kind"}},
		{"/v1/routes/a", `{"lanes":[[{"channel":"housechat","template":"debt-notice"}]]}`, []string{"lanes[0][0].channel forbidden"}},
	} {
		for _, language := range []string{"ru", "en"} {
			p := read[problem](w.ask("PUT", c.path, c.body, header("Accept-Language", language)).want(422))
			if !reflect.DeepEqual(p.codes(), c.want) {
				t.Errorf("%s\n got %q\nwant %q", c.body, p.codes(), c.want)
			}
			for _, e := range p.Errors {
				if russian := strings.ContainsAny(e.Message, "абвгдежзиклмнопрстуфхцчшщыэюя"); e.Message == "" || russian != (language == "ru") {
					t.Errorf("in %s, %s: %q", language, e.Field, e.Message)
				}
			}
		}
	}
	for i := range maxRoutes {
		w.ask("PUT", fmt.Sprintf("/v1/routes/r%d", i), `{"lanes":[[{"channel":"email"}]]}`).want(200)
	}
	w.ask("PUT", "/v1/routes/r0", `{"lanes":[[{"channel":"vk"}]]}`).want(200)
	if p := read[problem](w.ask("PUT", "/v1/routes/more", `{"lanes":[[{"channel":"email"}]]}`).want(422)); !reflect.DeepEqual(p.codes(), []string{"name too_many_routes"}) {
		t.Errorf("%v", p.codes())
	}
}

// TestReminders: what the texts of the steps need is asked of every row, and told once.
func TestReminders(t *testing.T) {
	w := newWorld(t)
	order := `{"name":"n","kind":"debt","template":"debt-notice","vars":{"colour":"red","services":[]},"route":{"lanes":[[{"channel":"email","wait":"72h","until":"paid"},
		{"channel":"email","template":"bill-monthly@1"}]]}}`
	c := read[campaignView](w.ask("POST", "/v1/campaigns", order).want(201))
	if c.Route.Lanes[0][1].Template.String() != "bill-monthly@1" || len(c.Warnings) != 1 || c.Warnings[0].Field != "vars.colour" {
		t.Errorf("%+v %+v", c.Route, c.Warnings)
	}
	report := read[intakeReport](w.put(c.id(), "account,email,period,amount,due_date\n1,a@example.ru,2026-10,5.00,2026-11-10\n2,b@example.ru,2026-10,5.00,\n3,c@example.ru,,5.00,2026-11-10\n").want(200))
	if report.Accepted != 1 || report.Rejected != 2 || len(report.Errors) != 2 || report.Errors[0].Field != "due_date" || report.Errors[1].Field != "period" {
		t.Errorf("%+v", report)
	}
	bad := `{"name":"n","kind":"ad","template":"ad-offer","route":{"lanes":[[{"channel":"email","template":"debt-notice"},{"channel":"vk","template":"no-such"}]]}}`
	want := []string{"route.lanes[0][0].template wrong_kind", "route.lanes[0][1].template unknown_template"}
	if p := read[problem](w.ask("POST", "/v1/campaigns", bad).want(422)); !reflect.DeepEqual(p.codes(), want) {
		t.Errorf("%v", p.codes())
	}
}
