package templates

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"

	"vestnik/engine"
)

// trackedLinks are links as the engine would make them.
type trackedLinks struct{}

func (trackedLinks) Open() string { return "https://vestnik.example.ru/t/o/AbCd-1234_open" }
func (trackedLinks) Click(n int) string {
	return fmt.Sprintf("https://vestnik.example.ru/t/c/AbCd-1234_%d", n)
}
func (trackedLinks) Unsubscribe() string { return "https://vestnik.example.ru/u/AbCd-1234_stop" }
func (trackedLinks) Document() string    { return "https://vestnik.example.ru/d/AbCd-1234_bill" }

func provider() engine.Provider {
	return engine.Provider{
		ID: "p1", Name: "ООО «УК Уютный дом»", INN: "6671000001", Timezone: "Asia/Yekaterinburg",
		Settings: map[string]string{
			"payment.name": "ООО «УК Уютный дом»", "payment.inn": "6671000001", "payment.kpp": "667101001",
			"payment.account": "40702810900000000001", "payment.bank": "Уральский банк ПАО Сбербанк",
			"payment.bic": "046577674", "payment.corr_account": "30101810500000000674",
			"payment.url": "https://pay.example.ru/gkh?doc={document_id}&ls={account}&sum={amount}&period={period}",
		},
	}
}

func resident() engine.Recipient {
	return engine.Recipient{
		Account: "7700123456", Name: "Иванова Мария Петровна", Email: "ivanova@example.ru", Premises: "42",
		House: "6f2cbfd8-692a-4ee4-9b16-067210bde3fc",
	}
}

// believable are the variables of a real message of each template.
var believable = sync.OnceValue(func() (all map[string]json.RawMessage) {
	text, err := os.ReadFile("testdata/believable.json")
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		panic(err)
	}
	return all
})

// letterOf is a real letter by the template.
func letterOf(tb testing.TB, name string) (*Template, engine.Letter) {
	tb.Helper()
	t, err := library(tb).Find(tb.Context(), engine.TemplateRef{Name: name})
	if err != nil {
		tb.Fatal(err)
	}
	r := resident()
	r.Vars = believable()[name]
	if t.Kind().Payable() {
		amount := engine.Money(815035)
		r.Amount, r.Period, r.DueDate, r.DocumentID = &amount, "2026-10", "2026-11-10", "70АА123456-01-6101"
	}
	return t, engine.Letter{Provider: provider(), Campaign: engine.Campaign{Kind: t.Kind()}, Recipient: &r, Links: trackedLinks{}}
}

// builtins parses the built-in templates once for all tests.
var builtins = sync.OnceValue(Builtin)

func library(tb testing.TB) *Library {
	tb.Helper()
	return builtins()
}
