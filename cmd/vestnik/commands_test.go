package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vestnik/engine/redisq/redistest"
)

func TestHelpSpeaksBothLanguages(t *testing.T) {
	s := newShell(t)
	for _, is := range []struct {
		lang string // the locale
		args []string
		want []string
	}{
		{"", nil, []string{"Использование: vestnik <команда> [флаги]", "Заказать рассылку"}},
		{"ru_RU.UTF-8", []string{"--help"}, []string{"Показать эту справку", "Команды:"}},
		{"en_US.UTF-8", []string{"--help"}, []string{"Usage: vestnik <command> [flags]", "Order a campaign"}},
		{"ru_RU.UTF-8", []string{"--lang", "en", "send", "--help"}, []string{"Recipients: CSV or NDJSON", "$VESTNIK_URL"}},
		{"en_US.UTF-8", []string{"--lang=ru", "key", "create", "--help"}, []string{"Флаги:", "Поставщик"}},
	} {
		s.env["LANG"] = is.lang
		out := s.must(is.args...)
		for _, want := range is.want {
			if !strings.Contains(out, want) {
				t.Errorf("%q %v: no %q in\n%s", is.lang, is.args, want, out)
			}
		}
		if strings.Contains(out, " // ") {
			t.Errorf("%q %v: both languages at once:\n%s", is.lang, is.args, out)
		}
	}
}

func TestMisuseIsExitTwo(t *testing.T) {
	s := newShell(t)
	s.write("vestnik.yaml", "redis:\n  uri: x\nlisten: nowhere\n")
	s.write("r.csv", "account\n1\n")
	api := []string{"--url", "http://127.0.0.1:1", "--key", "k"}
	order := []string{"send", "--kind", "bill", "--template", "bill-monthly", "--file", "r.csv"}
	for name, is := range map[string]struct {
		args []string
		want string
	}{
		"unknown command":  {[]string{"sned"}, `did you mean "send"`},
		"unknown flag":     {[]string{"serve", "--rolls", "api"}, "unknown flag --rolls"},
		"missing flags":    {[]string{"send"}, "missing flags"},
		"missing argument": {[]string{"funnel", "--url", "http://x", "--key", "k"}, "<id>"},
		"wrong word":       {[]string{"key", "create", "--provider", "x", "--role", "boss"}, "must be one of"},
		"no key":           {[]string{"campaigns", "--url", "http://x"}, "a key is needed"},
		"two keys":         {[]string{"campaigns", "--url", "http://x", "--key", "a", "--key-file", "b"}, "either the key or the file"},
		"wrong config":     {[]string{"serve", "--config", "vestnik.yaml"}, "vestnik.yaml:2:3: redis.uri: there is no such key; perhaps url"},
		"no config":        {[]string{"serve"}, "redis.url: is missing"},
		"wrong role":       {[]string{"serve", "--roles", "cook"}, "redis.url: is missing"},
		"wrong time":       {append(order, append(api, "--at", "soon")...), "--at"},
		"wrong route":      {append(order, append(api, "--route", "{")...), "--route"},
		"wrong setting":    {[]string{"provider", "add", "--name", "x", "--inn", "1", "foo=bar", "payment.bic=1"}, "inn: 10 or 12 digits are needed\nfoo: there is no such setting\npayment.bic: needed: 9 digits"},
	} {
		t.Run(name, func(t *testing.T) {
			s.T = t
			if r := s.run(is.args...); r.code != exitUsage || !strings.Contains(r.err, is.want) || r.out != "" {
				t.Errorf("exit %d, want %q:\n%s%s", r.code, is.want, r.out, r.err)
			}
		})
	}
}

func TestFailureIsExitOne(t *testing.T) {
	s := newShell(t)
	s.write("key", "vst_live_x_y\n")
	for name, args := range map[string][]string{
		"nobody answers": {"campaigns", "--url", "http://127.0.0.1:1", "--key-file", "key"},
		"no key file":    {"campaigns", "--url", "http://127.0.0.1:1", "--key-file", "nowhere"},
		"no file":        {"send", "--url", "http://127.0.0.1:1", "--key-file", "key", "--kind", "bill", "--template", "x", "--file", "nowhere.csv"},
		"no config file": {"serve", "--config", "nowhere.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			s.T = t
			if r := s.run(args...); r.code != exitFailed || r.out != "" || !strings.HasPrefix(r.err, "vestnik: ") {
				t.Errorf("exit %d:\n%s%s", r.code, r.out, r.err)
			}
		})
	}
}

func TestConfigPrintsTheExample(t *testing.T) {
	s := newShell(t)
	for _, language := range []string{"ru", "en"} {
		want, err := os.ReadFile(filepath.Join("config", "testdata", "example."+language+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if out := s.must("config", "--lang", language); out+"\n" != string(want) {
			t.Errorf("%s: not the golden example", language)
		}
	}
	if s.must("version") != version {
		t.Error("not the version")
	}
}

// dkimKey makes a private key in PEM, and gives a piece of it that nobody may show.
func dkimKey(t *testing.T) (text, piece string) {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return text, base64.StdEncoding.EncodeToString(der)[24:60]
}

var identity = regexp.MustCompile(`^[a-z0-9]{16}$`)

func TestProvidersAndKeys(t *testing.T) {
	s := newShell(t).withStores()
	private, secret := dkimKey(t)
	s.write("dkim.pem", private)
	s.write("none.pem", "hunter2\n")
	id := s.must("provider", "add", "--name", "УК «Пример»", "--inn", "7701234567", "--timezone", "Asia/Yekaterinburg", "--email-from", "bills@example.ru", "payment.bic=044525225")
	if !identity.MatchString(id) {
		t.Fatalf("not an ID alone: %q", id)
	}
	if out := s.must("provider", "set", id, "email.dkim_key_file=dkim.pem", "payment.bic=", "timezone=Europe/Moscow", "payment.url=https://pay.example.ru"); out != "" {
		t.Errorf("%q", out)
	}
	shown := s.must("provider", "show", id, "--json")
	var p struct {
		Timezone string
		Settings map[string]string
	}
	if err := json.Unmarshal([]byte(shown), &p); err != nil {
		t.Fatal(err)
	}
	if p.Timezone != "Europe/Moscow" || p.Settings["email.from"] != "bills@example.ru" || p.Settings["payment.url"] != "https://pay.example.ru" || p.Settings["payment.bic"] != "" {
		t.Errorf("%+v", p)
	}
	if strings.Contains(shown+s.must("provider", "show", id)+s.must("provider", "list", "--json"), secret) || p.Settings["email.dkim_key"] != "(hidden)" {
		t.Errorf("a secret is shown: %+v", p)
	}
	if r := s.run("provider", "set", id, "email.from=nobody", "nothing", "email.dkim_key=x", "vk.token_file=nowhere"); r.code != exitUsage || strings.Count(r.err, "\n") != 4 {
		t.Errorf("exit %d, want every mistake on a line:\n%s", r.code, r.err)
	}
	for _, wrong := range []string{"email.dkim_key_file=none.pem", "email.dkim_selector=a,b", "email.dkim_next_key_file=dkim.pem", "email.dkim_next_from=soon"} {
		if r := s.run("provider", "set", id, wrong); r.code != exitUsage || strings.Contains(r.err, "hunter2") {
			t.Errorf("%s: exit %d: %s", wrong, r.code, r.err)
		}
	}
	s.must("provider", "set", id, "email.dkim_selector=s1", "email.dkim_next_key_file=dkim.pem", "email.dkim_next_selector=s2", "email.dkim_next_from=2030-01-01")
	if r := s.run("provider", "show", "nobody"); r.code != exitFailed || !strings.Contains(r.err, "there is no provider nobody") {
		t.Errorf("%+v", r)
	}
	if out := s.must("provider", "list"); !strings.Contains(out, id) || !strings.Contains(out, "УК «Пример»") {
		t.Errorf("%s", out)
	}

	key := s.must("key", "create", "--provider", id, "--role", "viewer", "--mode", "test")
	if !strings.HasPrefix(key, "vst_test_") || strings.ContainsAny(key, " \n") {
		t.Fatalf("not a key alone: %q", key)
	}
	if r := s.run("key", "create", "--provider", "nobody", "--role", "viewer"); r.code != exitFailed {
		t.Errorf("%+v", r)
	}
	s.must("key", "revoke", key)
	s.must("key", "revoke", strings.Split(key, "_")[2])
	if r := s.run("key", "revoke", "nokey"); r.code != exitFailed || !strings.Contains(r.err, "there is no key nokey") {
		t.Errorf("%+v", r)
	}
	if out := s.must("key", "show", key); !strings.Contains(out, "viewer") || strings.Contains(out, strings.Split(key, "_")[3]) {
		t.Errorf("%s", out)
	}

	// Under another secret, what is encrypted cannot be opened, and check says so.
	s.env["VESTNIK_SECRET"] = "YW5vdGhlciBzZWNyZXQgYW5vdGhlciBzZWNyZXQgYW5vdGhlcg=="
	if r := s.run("check"); r.code != exitFailed || !strings.Contains(r.out, "email.dkim_key cannot be opened: VESTNIK_SECRET has changed") {
		t.Errorf("%+v", r)
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	s := newShell(t)
	s.env["VESTNIK_REDIS_URL"] = redistest.Start(t, "--appendonly", "no", "--maxmemory-policy", "allkeys-lru").URL()
	s.env["VESTNIK_CLICKHOUSE_URL"] = "http://127.0.0.1:1/vestnik"
	s.env["VESTNIK_EMAIL_RELAYS"] = "smtp://u:hunter2@127.0.0.1:1"
	r := s.run("check")
	if r.code != exitFailed || strings.Contains(r.out+r.err, "hunter2") {
		t.Errorf("exit %d:\n%s%s", r.code, r.out, r.err)
	}
	for _, want := range []string{"appendonly yes", "allkeys-lru", "✗ ClickHouse: ", "✗ E-mail 127.0.0.1:1: ", "not well: 3"} {
		if !strings.Contains(r.out+r.err, want) {
			t.Errorf("no %q in\n%s%s", want, r.out, r.err)
		}
	}
}

func TestMigrateTwice(t *testing.T) {
	s := newShell(t).withStores()
	s.must("migrate")
	s.must("migrate")
	s.env["VESTNIK_CLICKHOUSE_URL"] = "http://127.0.0.1:1/vestnik"
	if r := s.run("migrate"); r.code != exitFailed {
		t.Errorf("%+v", r)
	}
}
