package gosuslugi_test

import (
	"testing"
	"time"

	"vestnik/channels/gosuslugi"
	"vestnik/channels/gosuslugi/gistest"
	"vestnik/engine"
)

// signed makes the sender sign with openssl.
func signed(t *testing.T, from engine.Sender) engine.Sender {
	t.Helper()
	key, certificate, err := gistest.Mint(t.Context(), "/C=RU/O=ООО УК/CN=Подпись")
	if err != nil {
		t.Fatal(err)
	}
	from.Provider.Settings["gis.signing"], from.Provider.Settings["gis.key"], from.Provider.Settings["gis.cert"] = "openssl", string(key), string(certificate)
	return from
}

func TestSignedBillsArePlaced(t *testing.T) {
	s := stand(t, gistest.Options{Schemas: schemaDir})
	channel := settled{Channel: open(t, gosuslugi.Config{})}
	rich := resident(s, 1)
	rich.Vars, rich.Amount, rich.GISAccount = []byte(everything), money("3669.02"), ""
	from := signed(t, sender(s, engine.KindBill))
	if r := channel.Send(t.Context(), from, []engine.Message{message("a", rich)})[0]; r.Fault != nil || !r.Received {
		t.Fatalf("%+v", r)
	}
}

func TestACertificateThatHasExpired(t *testing.T) {
	s := stand(t, gistest.Options{})
	later := time.Now().Add(400 * 24 * time.Hour)
	channel := open(t, gosuslugi.Config{Now: func() time.Time { return later }})
	from := signed(t, sender(s, engine.KindAction))
	f := channel.Send(t.Context(), from, []engine.Message{message("a", engine.Recipient{House: house(0)})})[0].Fault
	if f == nil || f.Reason != engine.Misconfigured || !f.Whole || f.Code != "sign" || s.Calls("importNotificationData") != 0 {
		t.Errorf("%+v", f)
	}
}
