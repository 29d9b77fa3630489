package gosuslugi_test

import (
	"testing"

	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

// One document that the format refuses costs some requests, and nobody else's bill.
func TestADocumentThatTheFormatRefusesIsFoundAmongOthers(t *testing.T) {
	s := stand(t, gistest.Options{Schemas: schemaDir})
	channel := ready(t, s)
	msgs := messages(s, "m", 40)
	for _, bad := range []int{17, 30} {
		msgs[bad].Recipient.Vars = []byte(`{"services":[{"name":"Отопление","charged":"-5.00","recalculation":"-5.00"}],"replaces":"short"}`)
	}
	before := s.Calls("importPaymentDocumentData")
	for i, r := range channel.Send(t.Context(), sender(s, engine.KindBill), msgs) {
		switch bad := i == 17 || i == 30; {
		case !bad && (r.Fault != nil || !r.Received):
			t.Errorf("message %d: %+v", i, r.Fault)
		case bad && (r.Fault == nil || r.Fault.Reason != engine.BadMessage || r.Fault.Whole || r.Fault.Code != "FMT001300"):
			t.Errorf("message %d: %+v", i, r)
		}
	}
	if n := s.Calls("importPaymentDocumentData") - before; n > 21 {
		t.Errorf("%d requests", n)
	}
}

// When no document at all is taken, the mistake is ours, and there is no use in going on.
func TestAFormatThatIsRefusedForAllShutsTheChannel(t *testing.T) {
	s := stand(t, gistest.Options{})
	channel := ready(t, s)
	before := s.Calls("importPaymentDocumentData")
	s.Misbehave(gistest.Trouble{Only: "importPaymentDocumentData", Code: "FMT001301"})
	for i, r := range channel.Send(t.Context(), sender(s, engine.KindBill), messages(s, "m", 500)) {
		if r.Fault == nil || r.Fault.Reason != engine.Misconfigured || !r.Fault.Whole || r.Fault.Code != "FMT001301" {
			t.Fatalf("message %d: %+v", i, r)
		}
	}
	if n := s.Calls("importPaymentDocumentData") - before; n > 32 {
		t.Errorf("%d requests", n)
	}
}
