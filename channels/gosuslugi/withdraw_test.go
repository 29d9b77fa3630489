package gosuslugi_test

import (
	"testing"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

// takeBack is the sender of a campaign that withdraws bills.
func takeBack(s *gistest.Server) engine.Sender {
	from := sender(s, engine.KindBill)
	from.Campaign.Template.Name = "bill-withdrawn"
	return from
}

func TestBillsAreWithdrawn(t *testing.T) {
	s := stand(t, gistest.Options{Schemas: schemaDir})
	channel := ready(t, s)
	msgs := messages(s, "bill", 5)
	placed := channel.Send(t.Context(), sender(s, engine.KindBill), msgs)
	twice := channel.Send(t.Context(), sender(s, engine.KindBill), []engine.Message{message("second", resident(s, 3))})[0]
	if twice.Fault != nil {
		t.Fatal(twice.Fault)
	}
	s.Acknowledge(org, placed[4].ID, true)
	back := messages(s, "back", 7)
	back[0].Recipient.DocumentID = placed[0].ID
	back[1].Recipient.GISAccount = ""                   // found by house and number
	back[4].Recipient.DocumentID = placed[4].ID         // payments are acknowledged
	back[6].Recipient.DocumentID = "90НО452262-01-1011" // nobody's
	for round, want := range [][]string{{"", "", "", "document", "SRV008071", "document", "INT002000"}, {"", "", "", "document", "SRV008071", "document", "INT002000"}} {
		for i, r := range channel.Send(t.Context(), takeBack(s), back) {
			if want[i] == "" && (r.Fault != nil || !r.Received) || want[i] != "" && (r.Fault == nil || r.Fault.Code != want[i] || r.Fault.Reason.Temporary()) {
				t.Errorf("round %d, bill %d: %+v %v", round, i, r, r.Fault)
			}
		}
	}
	gone := 0
	for _, d := range s.Documents(org) {
		if d.Withdrawn {
			gone++
		}
	}
	if gone != 3 || s.Calls("importPaymentDocumentData") != 6 {
		t.Errorf("%d documents are withdrawn, by %d requests", gone, s.Calls("importPaymentDocumentData"))
	}
	// A corrected bill for the same period is another document.
	if r := channel.Send(t.Context(), sender(s, engine.KindBill), []engine.Message{message("corrected", resident(s, 0))})[0]; r.Fault != nil || r.ID == placed[0].ID {
		t.Errorf("%+v", r)
	}
}

// A withdrawal of which nobody knows whether it was done is done again: it changes nothing.
func TestAWithdrawalWhoseAnswerIsLost(t *testing.T) {
	s := stand(t, gistest.Options{})
	channel := ready(t, s)
	channel.Send(t.Context(), sender(s, engine.KindBill), messages(s, "bill", 2))
	back := messages(s, "back", 2)
	s.Misbehave(gistest.Trouble{Only: "importPaymentDocumentData", Cut: gistest.CutAfter, Requests: 1})
	if r := channel.Send(t.Context(), takeBack(s), back)[0]; r.Fault == nil || !r.Fault.Reason.Temporary() {
		t.Fatalf("%+v", r)
	}
	for i, r := range channel.Send(t.Context(), takeBack(s), back) {
		if r.Fault != nil || !r.Received {
			t.Errorf("bill %d: %+v", i, r)
		}
	}
}

func TestDebtsAreToldOnlyIfTheProviderWantsIt(t *testing.T) {
	s := stand(t, gistest.Options{Schemas: schemaDir})
	channel := settled{Channel: open(t, gosuslugi.Config{})}
	from := sender(s, engine.KindDebt)
	msgs := messages(s, "debt", 4)
	msgs[1].Recipient.Amount, msgs[2].Recipient.Amount, msgs[3].Recipient.Account = nil, money("0"), "nobody"
	if r := channel.Send(t.Context(), from, msgs)[0]; r.Fault == nil || r.Fault.Reason != engine.Refused {
		t.Errorf("off: %+v", r)
	}
	from.Provider.Settings["gis.debt_notices"] = "on"
	if channel.Scope(from.Provider, engine.KindDebt) != engine.ToOne || channel.Scope(sender(s, engine.KindDebt).Provider, engine.KindDebt) != engine.ToNobody {
		t.Error("the setting decides whether debts have a place")
	}
	for i, r := range channel.Send(t.Context(), from, msgs) {
		code := []string{"", "amount", "amount", "account"}[i]
		if code == "" && (r.Fault != nil || !r.Received || r.ID == "") || code != "" && (r.Fault == nil || r.Fault.Code != code) {
			t.Errorf("debt %d: %+v", i, r)
		}
	}
	list := s.Notices(org)
	if len(list) != 1 || len(list[0].Debts) != 1 || list[0].Text != "" || !list[0].Sent || list[0].Mobile {
		t.Errorf("ГИС ЖКХ has %+v", list)
	}
}
