package templates

import (
	"encoding/json"
	"testing"

	"vestnik/engine"
)

// TestServicesInACellOfCSV: a spreadsheet's list of services is text, and says the same as a list.
func TestServicesInACellOfCSV(t *testing.T) {
	const list = `[{"name":"Вода \"холодная\"","unit":"м³","volume":"5.12","rate":"45.11","charged":"230.96"},{"name":"Тепло","charged":"1963.70"}]`
	cell, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	bill, err := Builtin().Find(t.Context(), engine.TemplateRef{Name: "bill-monthly"})
	if err != nil {
		t.Fatal(err)
	}
	write := func(services string) engine.Content {
		t.Helper()
		amount := engine.Money(219466)
		r := engine.Recipient{Account: "1", Period: "2026-10", Amount: &amount, DueDate: "2026-11-10", Vars: json.RawMessage(`{"services":` + services + `}`)}
		if problems := bill.Check(nil, &r); len(problems) > 0 {
			t.Fatal(problems)
		}
		content, err := bill.Render(engine.Email, &engine.Letter{Provider: engine.Provider{Name: "УК"}, Recipient: &r})
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	if a, b := write(list), write(string(cell)); a.Text != b.Text || a.HTML != b.HTML {
		t.Errorf("as a list:\n%s\nas text:\n%s", a.Text, b.Text)
	}
	for _, bad := range []string{`"вода 230,96"`, `"{}"`, `"["`} {
		if problems := bill.Check(json.RawMessage(`{"services":`+bad+`}`), &engine.Recipient{Account: "1"}); len(problems) == 0 {
			t.Errorf("%s is taken as a list", bad)
		}
	}
}
