package api

import (
	"strings"
	"testing"

	"vestnik/engine"
)

// TestUnsubscribingFromReminders goes by the one-click address of a reminder: the pages say what stops, and it does, and no more than that.
func TestUnsubscribingFromReminders(t *testing.T) {
	w := newWorld(t)
	order := func(kind, template string) string {
		id := read[campaignView](w.ask("POST", "/v1/campaigns", `{"name":"n","kind":"`+kind+`","template":"`+template+`","route":{"lanes":[[{"channel":"email"}]]},
			"vars":{"period":"2026-10","amount":"100.00","due_date":"2026-11-10"}}`).want(201)).id()
		w.put(id, rows(2)).want(200)
		w.ask("POST", "/v1/campaigns/"+id+"/start", "").want(202)
		w.work()
		return id
	}
	stop := "/u/" + w.token(order("debt", "debt-notice"), 1, engine.ActUnsubscribe, 0)
	if page := w.ask("GET", stop, "").want(200).Body.String(); !strings.Contains(page, "напоминания о долгах") || !strings.Contains(page, "Счета и важные сообщения") {
		t.Error(page)
	}
	if page := w.ask("POST", stop, "List-Unsubscribe=One-Click", header("Content-Type", "application/x-www-form-urlencoded"), as("")).want(200).Body.String(); !strings.Contains(page, "Напоминаний больше не будет") {
		t.Error(page)
	}
	for kind, want := range map[string]int64{"debt": 1, "bill": 2} {
		template := map[string]string{"debt": "debt-notice", "bill": "bill-monthly"}[kind]
		id := order(kind, template)
		balance, err := w.memory.Stores().Ledger.Balance(t.Context(), engine.CampaignID(id))
		w.must(err)
		if balance.Delivered != want || balance.Suppressed != 2-want {
			t.Errorf("%s: %+v", kind, balance)
		}
	}
}
