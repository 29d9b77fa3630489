package house

import (
	"bytes"
	"strings"
	"testing"

	"vestnik/engine"
	"vestnik/engine/enginetest"
)

func TestSettings(t *testing.T) {
	for _, is := range []struct {
		key, good, bad string
	}{
		{"timezone", "Asia/Yekaterinburg", "Moscow"},
		{"timezone", "UTC", "Local"},
		{"email.from", "УК <bills@example.ru>", "bills"},
		{"email.dkim_domain", "example.ru", ""},
		{"payment.name", "ООО «УК»", "two\nlines"},
		{"payment.inn", "770123456789", "77012345678"},
		{"payment.kpp", "770101001", "77010100"},
		{"payment.account", "40702810900000000001", "4070281090000000000"},
		{"payment.bic", "044525225", "0445252251"},
		{"payment.url", "https://pay.example.ru/x", "javascript:alert(1)"},
		{"gis.stand", "sit02-http", "prod"},
		{"gis.signing", "off", "on"},
		{"gis.payments", "on", "yes"},
		{"gis.payments_every", "90m", "30s"},
		{"vk.group_id", "123", "-1"},
		{"bill.pdf", "link", "maybe"},
		{"bill.days", "30", "0"},
		{"vk.token", "vk1.a.x", ""},
	} {
		s, ok := FindSetting(is.key)
		if !ok || !s.Fine(is.good) || s.Fine(is.bad) {
			t.Errorf("%s: %v, %q is %v, %q is %v", is.key, ok, is.good, s.Fine(is.good), is.bad, s.Fine(is.bad))
		}
	}
	for _, s := range Settings() {
		if s.Rule == "" || strings.HasSuffix(s.Key, SecretSuffix) {
			t.Errorf("%+v", s)
		}
	}
	if _, ok := FindSetting("email.dkim_key_file"); ok {
		t.Error("the file of a secret is no setting of its own")
	}
}

func TestSecretsAreEncryptedAtRest(t *testing.T) {
	ctx, memory := t.Context(), enginetest.NewMemory().Stores().Registry
	open := func(secret string) engine.Registry {
		r, err := seal(memory, []byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ours, theirs := open(strings.Repeat("a", 32)), open(strings.Repeat("b", 32))
	p := engine.Provider{ID: "p", Settings: map[string]string{"email.dkim_key": "hunter2", "email.from": "a@example.org"}}
	if err := ours.PutProvider(ctx, p); err != nil {
		t.Fatal(err)
	}
	if p.Settings["email.dkim_key"] != "hunter2" {
		t.Error("the caller's own provider was changed")
	}
	raw, err := memory.Provider(ctx, "p")
	if err != nil || !Sealed(raw.Settings["email.dkim_key"]) || raw.Settings["email.from"] != "a@example.org" {
		t.Fatalf("%v %v", raw, err)
	}
	read, err := ours.Provider(ctx, "p")
	if err != nil || read.Settings["email.dkim_key"] != "hunter2" {
		t.Errorf("%v %v", read, err)
	}
	list, err := theirs.Providers(ctx)
	if err != nil || len(list) != 1 || !Sealed(list[0].Settings["email.dkim_key"]) {
		t.Fatalf("%v %v", list, err)
	}
	// Written again under another secret it stays what it was: nothing is encrypted twice, and the old secret still opens it.
	if err := theirs.PutProvider(ctx, list[0]); err != nil {
		t.Fatal(err)
	}
	if read, err = ours.Provider(ctx, "p"); err != nil || read.Settings["email.dkim_key"] != "hunter2" {
		t.Errorf("%v %v", read, err)
	}
	// A sealed setting moved to another provider does not open.
	raw.ID = "q"
	if err := memory.PutProvider(ctx, raw); err != nil {
		t.Fatal(err)
	}
	if read, err = ours.Provider(ctx, "q"); err != nil || !Sealed(read.Settings["email.dkim_key"]) {
		t.Errorf("%v %v", read, err)
	}
	if bytes.Equal(derive([]byte("x"), "a"), derive([]byte("x"), "b")) {
		t.Error("two purposes share a key")
	}
}
