package main

import (
	"strings"
	"testing"

	"vestnik/channels/gosuslugi/gistest"
)

// TestCheckOfAPortal lets an operator see what keeps a provider from ГИС ЖКХ, one thing after another, until the stand lets it in.
func TestCheckOfAPortal(t *testing.T) {
	s := newShell(t).withStores()
	stand, err := gistest.Start(gistest.Options{User: "sit", Password: "secret", Signed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stand.Close)
	const org = "0b0b0b0b-0b0b-4b0b-8b0b-0b0b0b0b0b0b"
	stand.AddOrganization(gistest.Organization{PPAGUID: org})
	key, certificate, err := gistest.Mint(t.Context(), "/C=RU/O=УК/CN=Подпись")
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := gistest.Mint(t.Context(), "/CN=x")
	if err != nil {
		t.Fatal(err)
	}
	s.write("key.pem", string(key))
	s.write("cert.pem", string(certificate))
	s.write("other.pem", string(other))
	s.write("password", "secret")
	id := s.must("provider", "add", "--name", "УК «Пример»", "--inn", "7701234567", "gis.stand=ppak", "gis.org_ppaguid="+org)

	steps := []struct {
		set  []string
		code int
		want []string
	}{
		{nil, exitFailed, []string{"✗ ГИС ЖКХ: settings: the setting gis.url is missing"}},
		{[]string{"gis.url=" + stand.URL(), "gis.user=sit"}, exitFailed, []string{"✗", "takes signed requests only"}},
		{[]string{"gis.signing=openssl", "gis.cert_file=cert.pem", "gis.key_file=other.pem"}, exitFailed, []string{"✓ ГИС ЖКХ: certificate of the signature: cn=Подпись,o=УК,c=RU, SHA-1 ",
			"✗ ГИС ЖКХ: signature: the key (gis.key_file) is not that of the certificate", "✗ ГИС ЖКХ: stand: does not let us in: HTTP 401", "! ГИС ЖКХ: requisites"}},
		{[]string{"gis.key_file=key.pem", "gis.password_file=password", "payment.bic=044525225", "payment.account=40702810900000000001"}, exitFine,
			[]string{"✓ ГИС ЖКХ: settings: ppak, " + stand.URL(), "✓ ГИС ЖКХ: signature: the key fits", "✓ ГИС ЖКХ: stand: answers"}},
		{[]string{"gis.signing=command"}, exitFailed, []string{"✗ ГИС ЖКХ: signature: there is no command to sign with"}},
		{[]string{"gis.signing=openssl", "gis.url=http://127.0.0.1:1"}, exitFailed, []string{"✗ ГИС ЖКХ: stand: does not answer: look at gis.url and the TLS tunnel"}},
	}
	for _, step := range steps {
		if step.set != nil {
			s.must(append([]string{"provider", "set", id}, step.set...)...)
		}
		r := s.run("check", "--provider", id)
		for _, want := range step.want {
			if r.code != step.code || !strings.Contains(r.out, want) || strings.Contains(r.out, "PRIVATE") {
				t.Errorf("after %v: exit %d, no %q in:\n%s%s", step.set, r.code, want, r.out, r.err)
			}
		}
	}
	if r := s.run("--lang", "ru", "check"); !strings.Contains(r.out, "✓ Доступ поставщиков к ГИС ЖКХ: 1") {
		t.Errorf("the check of everything:\n%s%s", r.out, r.err)
	}
	s.must("provider", "set", id, "gis.cert_file=")
	if r := s.run("check"); !strings.Contains(r.out, "! УК «Пример»: ГИС ЖКХ: settings: the certificate of the signature is missing: gis.cert_file; vestnik check --provider "+id) {
		t.Errorf("the check of everything:\n%s%s", r.out, r.err)
	}
	if r := s.run("provider", "set", id, "gis.key_file=cert.pem"); r.code != exitUsage || !strings.Contains(r.err, "gis.key_file: needed: a private key in PEM") {
		t.Errorf("a certificate in the place of the key: exit %d: %s", r.code, r.err)
	}
}
