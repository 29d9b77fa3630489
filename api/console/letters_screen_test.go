package console

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
	"vestnik/templates"
)

// TestLettersInABrowser looks at the letters of all built-in templates as a mail program shows them, at every width, light and dark: nothing
// sticks out, all can be read, and nothing is asked of anybody. With -shots it writes pictures of them.
func TestLettersInABrowser(t *testing.T) {
	s := openScreen(t)
	s.open("/console/sign-in?token=" + SignInToken(secret, s.keys["operator"].ID, noon))
	for name, id := range s.letters() {
		s.open("/console/inbox/" + id + "/html")
		for _, want := range []string{"УК Уютный дом", "Вы получили это письмо, потому что"} { // who writes, and why
			s.sees(want)
		}
		if asked := s.eval(`performance.getEntriesByType("resource").map((e) => e.name).join()`); asked != "" {
			t.Errorf("%s asks for %s", name, asked)
		}
		if small := s.eval(smallTargets); small != "" {
			t.Errorf("%s has buttons too small for a thumb: %s", name, small)
		}
		s.fits("letter-" + name)
	}
}

// smallTargets lists buttons that are lower than 44 px, which a thumb misses (WCAG 2.2, 2.5.5).
const smallTargets = `[...document.querySelectorAll("a.btn")].filter((e) => e.getBoundingClientRect().height < 44).map((e) => e.innerText).join()`

// letters keeps a believable letter of each built-in template; by template, where it is.
func (s *screen) letters() map[string]string {
	s.t.Helper()
	text, err := os.ReadFile("../../templates/testdata/believable.json")
	s.must(err)
	var vars map[string]json.RawMessage
	s.must(json.Unmarshal(text, &vars))
	places, library := map[string]string{}, templates.Builtin()
	var list []engine.Kept
	for _, info := range library.List() {
		sum := engine.Money(8150_35)
		letter := engine.Letter{Campaign: engine.Campaign{Kind: info.Kind}, Links: links{s.url},
			Provider: engine.Provider{Name: "ООО «УК Уютный дом»", INN: "6671000001", Timezone: "Asia/Yekaterinburg", Settings: map[string]string{
				"payment.account": "40702810900000000001", "payment.bank": "Уральский банк ПАО Сбербанк", "payment.inn": "6671000001", "payment.kpp": "667101001",
				"payment.bic": "046577674", "payment.corr_account": "30101810500000000674", "payment.url": "https://pay.example.ru/{document_id}"}},
			Recipient: &engine.Recipient{Account: "7700123456", Name: "Иванова Мария Петровна", Vars: vars[info.Name]}}
		if info.Kind.Payable() {
			letter.Recipient.Amount, letter.Recipient.Period, letter.Recipient.DueDate, letter.Recipient.DocumentID = &sum, "2026-10", "2026-11-10", "70АА123456-01-6101"
		}
		template, err := library.Open(s.ctx(), engine.TemplateRef{Name: info.Name, Version: 1})
		s.must(err)
		content, err := template.Render(engine.Email, &letter)
		s.must(err)
		id := "letter-" + strings.ToLower(info.Name)
		list = append(list, engine.Kept{KeptHead: engine.KeptHead{ID: id, At: time.Now(), Channel: engine.Email, Kind: info.Kind}, Content: content})
		places[info.Name] = id
	}
	s.must(s.stores().Inbox.Keep(s.ctx(), s.owner, list))
	if len(places) != len(vars) {
		s.t.Errorf("%d templates, and variables for %d", len(places), len(vars))
	}
	return places
}
