package templates

import (
	"encoding/json"
	"reflect"
	"testing"

	"vestnik/engine"
)

// TestLettersInTurn: what a page keeps from one letter never shows in the next, whatever changes between them.
func TestLettersInTurn(t *testing.T) {
	changes := map[string]func(*engine.Letter){
		"nothing":   func(*engine.Letter) {},
		"recipient": func(l *engine.Letter) { l.Recipient.Name, l.Recipient.Account = "Пак Чан", "7700000002" },
		"nameless":  func(l *engine.Letter) { l.Recipient.Name = "" },
		"zone":      func(l *engine.Letter) { l.Recipient.Timezone = "Asia/Vladivostok" },
		"provider":  func(l *engine.Letter) { l.Provider.Name, l.Provider.Settings = "АО «Тепло»", nil },
		"home":      func(l *engine.Letter) { l.Provider.Timezone = "Europe/Kaliningrad" },
		"links":     func(l *engine.Letter) { l.Links = nil },
		"campaign":  func(l *engine.Letter) { l.Campaign.Vars, l.Recipient.Vars = l.Recipient.Vars, nil },
		"both": func(l *engine.Letter) {
			l.Campaign.Vars = json.RawMessage(`{"phone":"112","address":"ул. Новая, 1","name":"Все"}`)
		},
		"missing": func(l *engine.Letter) { l.Recipient.Vars = nil },
		"broken":  func(l *engine.Letter) { l.Campaign.Vars = json.RawMessage(`[`) },
	}
	for name := range believable() {
		template, letter := letterOf(t, name)
		kept := newPage(template)
		for range 2 {
			for what, change := range changes {
				changed, person := letter, *letter.Recipient
				changed.Recipient = &person
				change(&changed)
				for _, ch := range template.Info().Channels {
					got, gotErr := kept.render(ch, &changed)
					want, wantErr := newPage(template).render(ch, &changed)
					if !reflect.DeepEqual(got, want) || (gotErr == nil) != (wantErr == nil) {
						t.Errorf("%s, %s, other %s: got %+v, %v; want %+v, %v", name, ch, what, got, gotErr, want, wantErr)
					}
				}
			}
		}
	}
}
