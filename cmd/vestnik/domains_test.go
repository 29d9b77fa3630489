package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"regexp"
	"strings"
	"testing"

	"vestnik/channels/email/mailtest"
)

// TestCheckOfADomain lets an operator do what check says: the records it prints, pasted into DNS, are those it wants to see.
func TestCheckOfADomain(t *testing.T) {
	s := newShell(t).withStores()
	names, err := mailtest.StartNames(map[string][]string{"A relay.example.ru": {"203.0.113.5"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(names.Close)
	s.env["VESTNIK_EMAIL_RELAYS"] = "smtp://relay.example.ru:25"
	s.env["VESTNIK_EMAIL_BOUNCES_DOMAIN"] = "bounces.example.ru"
	s.env["VESTNIK_PUBLIC_URL"] = "https://vestnik.example.ru"
	id := s.must("provider", "add", "--name", "УК «Пример»", "--inn", "7701234567", "--email-from", "bills@example.ru")
	edwards, _ := dkimKey(t)
	s.write("keys.pem", rsaKey(t)+edwards)
	s.must("provider", "set", id, "email.dkim_key_file=keys.pem", "email.dkim_selector=r1,e1")

	ask := []string{"check", "--provider", id, "--dns", names.Address()}
	before := s.run(ask...)
	if before.code != exitFailed || strings.Count(before.out, "✗") != 5 || !strings.Contains(before.err, "not well: 5") {
		t.Fatalf("exit %d, want five records missing:\n%s%s", before.code, before.out, before.err)
	}
	pasted := 0
	for _, line := range strings.Split(before.out, "\n") {
		if record := zoneLine.FindStringSubmatch(line); record != nil {
			value := strings.ReplaceAll(strings.Trim(record[3], `"`), `" "`, "")
			if record[2] == "MX" {
				value = strings.TrimSuffix(strings.TrimPrefix(value, "10 "), ".")
			}
			names.Tell(record[2]+" "+record[1], value)
			pasted++
		}
	}
	if after := s.run(ask...); after.code != exitFine || strings.Count(after.out, "✓") != 5 || pasted != 5 {
		t.Errorf("exit %d after %d records were pasted:\n%s%s", after.code, pasted, after.out, after.err)
	}
	names.Tell("TXT r1._domainkey.example.ru", "v=DKIM1; p=")
	told := "! УК «Пример»: not well: DKIM r1._domainkey.example.ru; vestnik check --provider " + id + "\n"
	if r := s.run("check", "--dns", names.Address()); !strings.Contains(r.out, told) || !strings.Contains(r.err, "not well: 1") { // the relay
		t.Errorf("the check of everything:\n%s%s", r.out, r.err)
	}
	names.Tell("TXT r1._domainkey.example.ru", "v=DKIM1; p=other")
	if r := s.run("--lang", "ru", "check", "--dns", names.Address(), "--provider", id); !strings.Contains(r.out, "там другой ключ") || strings.Contains(r.out, "PRIVATE") {
		t.Errorf("in Russian:\n%s%s", r.out, r.err)
	}
}

// zoneLine is a record as check prints it.
var zoneLine = regexp.MustCompile(`^(\S+)\. 3600 IN (TXT|MX) (.*)$`)

// TestCheckWithoutDNS says so, and calls nothing wrong that it could not ask for.
func TestCheckWithoutDNS(t *testing.T) {
	s := newShell(t).withStores()
	sink, err := mailtest.Start(mailtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sink.Close)
	s.env["VESTNIK_EMAIL_RELAYS"] = sink.URL()
	id := s.must("provider", "add", "--name", "УК «Пример»", "--inn", "7701234567", "--email-from", "bills@пример.рф")
	for _, args := range [][]string{{"check", "--dns", "127.0.0.1:1"}, {"check", "--dns", "127.0.0.1:1", "--provider", id}} {
		r := s.run(args...)
		if r.code != exitFine || !strings.Contains(r.out, "✓ DNS: ") || strings.Contains(r.out, "✗") {
			t.Errorf("%v: exit %d:\n%s%s", args, r.code, r.out, r.err)
		}
		if len(args) > 3 && (!strings.Contains(r.out, "_dmarc.xn--e1afmkfd.xn--p1ai. 3600 IN TXT") || !strings.Contains(r.out, "the relay signs")) {
			t.Errorf("the records are not told:\n%s", r.out)
		}
	}
	if r := s.run("check", "--provider", "nobody"); r.code != exitFailed || !strings.Contains(r.err, "there is no provider nobody") {
		t.Errorf("%+v", r)
	}
}

func rsaKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}
