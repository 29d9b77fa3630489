package sign_test

import (
	"strings"
	"testing"
	"time"

	"vestnik/channels/gosuslugi/gistest"
	"vestnik/channels/gosuslugi/sign"
)

// BenchmarkSeal signs a request as large as one of 500 bills.
func BenchmarkSeal(b *testing.B) {
	key, text, err := gistest.Mint(b.Context(), "/CN=x")
	if err != nil {
		b.Fatal(err)
	}
	certificate, err := sign.ParseCertificate(text)
	if err != nil {
		b.Fatal(err)
	}
	who, err := sign.NewIdentity(b.Context(), certificate, sign.OpenSSL{Key: key})
	if err != nil {
		b.Fatal(err)
	}
	document := `<bills:S><nsi:Code>1</nsi:Code><nsi:GUID>88888888-8888-4888-8888-000000000000</nsi:GUID></bills:S><bills:V type="I" determiningMethod="N">2.5</bills:V>`
	large := []byte(`<bills:r xmlns:bills="http://dom.gosuslugi.ru/schema/integration/bills/" xmlns:nsi="http://dom.gosuslugi.ru/schema/integration/nsi-base/" ` +
		`xmlns:base="urn:a" Id="signed-data-container" base:version="1">` + strings.Repeat(document, 500*10) + `</bills:r>`)
	b.SetBytes(int64(len(large)))
	for b.Loop() {
		if _, err := who.Seal(b.Context(), large, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
