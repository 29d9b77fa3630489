package templates

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"vestnik/engine"
)

// TestMissing takes every required variable away from every template: Check and Render name exactly that one.
func TestMissing(t *testing.T) {
	for _, info := range library(t).List() {
		for _, v := range info.Required {
			template, letter := letterOf(t, info.Name)
			without(t, letter.Recipient, v.Name)
			want := engine.Problem{Field: v.Name, Code: "missing", Message: v.Name + " is required"}
			if got := template.Check(nil, letter.Recipient); !slices.Equal(got, []engine.Problem{want}) {
				t.Errorf("%s without %s: problems %v", info.Name, v.Name, got)
			}
			_, err := template.Render(engine.Email, &letter)
			if err == nil || !strings.Contains(err.Error(), `"`+v.Name+`" is missing`) {
				t.Errorf("%s without %s: rendered with error %v", info.Name, v.Name, err)
			}
		}
	}
}

// without takes a variable away from the recipient, be it a field or a var.
func without(t *testing.T, r *engine.Recipient, name string) {
	t.Helper()
	vars := map[string]any{}
	if err := json.Unmarshal(r.Vars, &vars); err != nil {
		t.Fatal(err)
	}
	delete(vars, name)
	r.Vars, _ = json.Marshal(vars)
	switch name {
	case "period":
		r.Period = ""
	case "amount":
		r.Amount = nil
	case "due_date":
		r.DueDate = ""
	}
}

// TestOptional renders every template with its required variables only.
func TestOptional(t *testing.T) {
	for _, info := range library(t).List() {
		template, letter := letterOf(t, info.Name)
		for _, v := range info.Optional {
			without(t, letter.Recipient, v.Name)
		}
		letter.Recipient.Name, letter.Recipient.DocumentID, letter.Links = "", "", nil
		letter.Provider = engine.Provider{Name: "ТСЖ «Мир»"}
		if problems := template.Check(nil, letter.Recipient); problems != nil {
			t.Errorf("%s: %v", info.Name, problems)
		}
		for _, ch := range info.Channels {
			content, err := template.Render(ch, &letter)
			if err != nil {
				t.Errorf("%s over %s: %v", info.Name, ch, err)
			}
			for _, part := range []string{content.Subject, content.Text, content.HTML} {
				for _, trace := range []string{"{{", "<no value>", "%!", "  ", ": \n", "\n\n\n", "href=\"\""} {
					if strings.Contains(part, trace) {
						t.Errorf("%s over %s has %q in it:\n%s", info.Name, ch, trace, part)
					}
				}
			}
		}
	}
}

func TestMalformed(t *testing.T) {
	const secret = "zzsecretzz"
	for _, c := range []struct{ template, vars, field string }{
		{"bill-monthly", `{"debt":"zzsecretzz"}`, "debt"},
		{"bill-monthly", `{"penalty":"1.234"}`, "penalty"},
		{"bill-monthly", `{"penalty":{"zzsecretzz":1}}`, "penalty"},
		{"bill-monthly", `{"services":"zzsecretzz"}`, "services"},
		{"bill-monthly", `{"services":["zzsecretzz"]}`, "services[0]"},
		{"bill-monthly", `{"services":[{"name":"a","charged":1},{"name":"b"}]}`, "services[1].charged"},
		{"bill-monthly", `{"services":[{"name":"a","charged":"zzsecretzz"}]}`, "services[0].charged"},
		{"bill-monthly", `{"services":[{"charged":"1"}]}`, "services[0].name"},
		{"bill-monthly", `{"services":[{"name":"a","charged":"1","volume":"zzsecretzz"}]}`, "services[0].volume"},
		{"bill-monthly", `{"services":[{"name":"a","charged":"1","rate":"1e5"}]}`, "services[0].rate"},
		{"bill-monthly", `{"services":[{"name":"a","charged":"1","unit":["zzsecretzz"]}]}`, "services[0].unit"},
		{"bill-monthly", `{"services":[` + strings.Repeat(`{"name":"a","charged":1},`, 100) + `{"name":"a","charged":1}]}`, "services"},
		{"bill-monthly", `{"pay_url":"javascript:zzsecretzz"}`, "pay_url"},
		{"outage-planned", `{"service":"a","from":"zzsecretzz","reason":"c"}`, "from"},
		{"outage-planned", `{"service":"a","from":"2026-11-05T09:00:00","reason":"c"}`, "from"},
		{"outage-planned", `{"service":"a","from":"2026-13-05T09:00:00Z","reason":"c"}`, "from"},
		{"outage-planned", `{"service":true,"from":"2026-11-05T09:00:00Z","reason":"c"}`, "service"},
		{"outage-planned", `{"service":"` + strings.Repeat("я", 10_001) + `","from":"2026-11-05T09:00:00Z","reason":"c"}`, "service"},
		{"action-required", `{"what":"a","deadline":"zzsecretzz"}`, "deadline"},
		{"action-required", `{"what":"a","deadline":"2026-02-30"}`, "deadline"},
		{"action-required", `{"what":"a","deadline":"2026-02-28","how":[1,{}]}`, "how"},
		{"action-required", `{"what":"a","deadline":"2026-02-28","how":[]}`, "how"},
		{"action-required", `{"what":"a","deadline":"2026-02-28","link":"//host/path"}`, "link"},
		{"action-required", `{"what":"a","deadline":"2026-02-28","link":"https://user:zzsecretzz@host/"}`, "link"},
		{"action-required", `{"what":"a","deadline":"2026-02-28","link":"https://` + strings.Repeat("x", 2000) + `"}`, "link"},
	} {
		template, letter := letterOf(t, c.template)
		letter.Recipient.Vars = json.RawMessage(c.vars)
		problems := template.Check(nil, letter.Recipient)
		if len(problems) != 1 || problems[0].Field != c.field || problems[0].Message == "" || problems[0].Code == "" {
			t.Errorf("%.80s: problems %v, want one of %s", c.vars, problems, c.field)
		}
		_, err := template.Render(engine.Email, &letter)
		if err == nil || !strings.Contains(err.Error(), `"`+c.field+`"`) {
			t.Errorf("%.80s: rendered with error %v", c.vars, err)
		}
		for _, p := range problems {
			if strings.Contains(p.Message+err.Error(), secret) {
				t.Errorf("the value is told: %v, %v", p, err)
			}
		}
		if vars := template.CheckVars(json.RawMessage(c.vars)); !strings.HasSuffix(c.vars, `"charged":1}]}`) && (len(vars) != 1 || vars[0].Field != "vars."+c.field) {
			t.Errorf("%.80s as the campaign's: %v", c.vars, vars)
		}
	}
}

func TestOwnFieldsMalformed(t *testing.T) {
	template, letter := letterOf(t, "bill-monthly")
	r := letter.Recipient
	r.Period, r.DueDate = "октябрь", "10.11.2026"
	var fields []string
	for _, p := range template.Check(nil, r) {
		fields = append(fields, p.Field+" "+p.Code)
	}
	slices.Sort(fields)
	if want := []string{"due_date malformed", "period malformed"}; !slices.Equal(fields, want) {
		t.Errorf("problems %v, want %v", fields, want)
	}
}

func TestVarsAreNoObject(t *testing.T) {
	template, letter := letterOf(t, "outage-planned")
	for _, vars := range []string{`[]`, `"x"`, `{"a":1`, `{"a":1}}`, `1`, `{a:1}`} {
		if got := template.CheckVars(json.RawMessage(vars)); len(got) != 1 || got[0].Field != "vars" {
			t.Errorf("CheckVars(%s) = %v", vars, got)
		}
		if got := template.Check(json.RawMessage(vars), letter.Recipient); len(got) != 1 || got[0].Field != "vars" {
			t.Errorf("Check(%s) = %v", vars, got)
		}
	}
	for _, vars := range []string{``, `null`, `{}`} {
		if got := template.CheckVars(json.RawMessage(vars)); got != nil {
			t.Errorf("CheckVars(%s) = %v", vars, got)
		}
	}
}

func TestCampaignVars(t *testing.T) {
	template, letter := letterOf(t, "outage-planned")
	letter.Campaign.Vars = json.RawMessage(`{"service":"Отопление","from":"2026-11-05T09:00:00+05:00","reason":"Ремонт","phone":"112"}`)
	letter.Recipient.Vars = json.RawMessage(`{"reason":"Опрессовка","phone":" \n","service":null}`)
	if problems := template.Check(letter.Campaign.Vars, letter.Recipient); problems != nil {
		t.Fatal(problems)
	}
	content, err := template.Render(engine.VK, &letter)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"Отопление": true, "Опрессовка": true, "Ремонт": false, "112": true} {
		if strings.Contains(content.Text, text) != want {
			t.Errorf("%q in the text: %v, want %v\n%s", text, !want, want, content.Text)
		}
	}
}

func TestUnknown(t *testing.T) {
	template, err := library(t).Find(context.Background(), engine.TemplateRef{Name: "outage-planned"})
	if err != nil {
		t.Fatal(err)
	}
	got := template.Unknown(json.RawMessage(`{"service":"a","sevrice":"b","period":"2026-10","name":"c","x":{"y":1},"x":2,"photo":"data:"}`))
	if want := []string{"sevrice", "x"}; !slices.Equal(got, want) {
		t.Errorf("unknown %v, want %v", got, want)
	}
	if got := template.Unknown(nil); got != nil {
		t.Errorf("unknown %v of nothing", got)
	}
}
