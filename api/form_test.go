package api

import (
	"encoding/json"
	"testing"

	"vestnik/api/intake"
)

// FuzzForm holds the form to encoding/json: what is well-formed for one is for the other, and nothing makes it panic.
func FuzzForm(f *testing.F) {
	for _, seed := range []string{billOrder, oneBill, `{}`, `[{}]`, `{"a":{"a":1,"a":2}}`, "{\"\xff\":1}", `[[[[`, `"\ud800"`, `{"route":{"lanes":[[{"until":[1]}]]}}`, ` null `} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if wellFormed(intake.Russian, text) != nil {
			return
		}
		if !json.Valid(text) {
			t.Fatalf("%q is taken for JSON", text)
		}
		form := &form{}
		o := form.object("", text)
		o.text("name", required, 10)
		o.time("at", optional)
		o.money("amount")
		o.flag("urgent")
		if raw, ok := o.take("route", optional); ok {
			form.object("route.", raw).lanes()
		}
		if raw, ok := o.take("recipient", optional); ok {
			form.oneRecipient(raw)
		}
		o.close()
		for _, m := range form.mistakes {
			if m.Code == "" || m.Message == "" {
				t.Fatalf("%q: %+v", text, m)
			}
		}
	})
}
