package config

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vestnik/cmd/vestnik/tongue"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	someSecret = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldCE="
	minimum    = "secret: " + someSecret + "\nredis: {url: embedded}\nclickhouse: {url: \"embedded:/tmp/x\"}\n"
)

// write puts text into a file named vestnik.yaml in a directory of its own, which becomes the current one so that places are short.
func write(t *testing.T, text string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("vestnik.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "vestnik.yaml"
}

func TestLoad(t *testing.T) {
	file := write(t, minimum+`
listen: 127.0.0.1:9090
public_url: https://v.example.ru/
roles: [api, worker]
trusted_proxies:
  - 10.0.0.0/8
  - ::1
worker:
  concurrency: {email: 16, vk: 2}
  lease: 5s
log:
  level: debug
`)
	c, err := Load(file, []string{"VESTNIK_LISTEN=:7070", "VESTNIK_EMAIL_RELAYS=smtp://a:25, smtps://u:p@b:465", "VESTNIK_RETRY_TRIES="}, tongue.English)
	if err != nil {
		t.Fatal(err)
	}
	for _, is := range []struct {
		what string
		fine bool
	}{
		{"the variable wins", c.Listen == ":7070"},
		{"no slash at the end", c.PublicURL == "https://v.example.ru"},
		{"base64", string(c.Secret) == "secret secret secret secret secret!"},
		{"a list", strings.Join(c.Roles, " ") == "api worker"},
		{"a long list", len(c.TrustedProxies) == 2},
		{"a mapping", c.Worker.Concurrency["email"] == 16 && c.Worker.Concurrency["vk"] == 2},
		{"a duration", c.Worker.Lease == 5*time.Second},
		{"a list in a variable", len(c.Email.Relays) == 2},
		{"a default", c.Retry.Tries == 8 && c.Email.Connections == 8},
		{"a level", c.Log.Level.String() == "DEBUG"},
	} {
		if !is.fine {
			t.Errorf("%s: %+v", is.what, c)
		}
	}
}

func TestLoadSecretsFromFiles(t *testing.T) {
	file := write(t, "secret_file: secret.txt\nredis: {url_file: redis.txt}\n")
	for name, text := range map[string]string{"secret.txt": someSecret + "\n", "redis.txt": "redis://:pw@h:6379/0\r\n", "ch.txt": "http://h/vestnik"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(file, []string{"VESTNIK_CLICKHOUSE_URL_FILE=ch.txt"}, tongue.English)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Secret) != 35 || c.Redis.URL != "redis://:pw@h:6379/0" || c.ClickHouse.URL != "http://h/vestnik" {
		t.Errorf("%+v", c)
	}
}

func TestLoadTellsEveryProblem(t *testing.T) {
	for name, is := range map[string]struct {
		yaml string
		env  []string
		want []string // all of them, in order
	}{
		"nothing at all": {"", nil, []string{
			"secret: is missing: set the key in the file or the variable VESTNIK_SECRET",
			"redis.url: is missing: set the key in the file or the variable VESTNIK_REDIS_URL",
			"clickhouse.url: is missing: set the key in the file or the variable VESTNIK_CLICKHOUSE_URL",
		}},
		"unknown keys": {minimum + "listten: x\nredis2:\n  url: x\nworker:\n  lesae: 3s\n", nil, []string{
			"vestnik.yaml:4:1: listten: there is no such key; perhaps listen",
			"vestnik.yaml:5:1: redis2: there is no such key; perhaps redis",
			"vestnik.yaml:8:3: worker.lesae: there is no such key; perhaps lease",
		}},
		"wrong values": {minimum + "shutdown_timeout: soon\nretry:\n  tries: many\nlog: {level: loud}\nroles: {a: {b: c}}\nemail: 5\n", nil, []string{
			"vestnik.yaml:4:1: shutdown_timeout: must be a duration: 500ms, 30s, 2h",
			"vestnik.yaml:6:3: retry.tries: must be a whole number",
			"vestnik.yaml:7:7: log.level: this value will not do",
			"vestnik.yaml:8:1: roles: a plain value belongs here",
			"vestnik.yaml:9:8: email: keys with values belong here",
		}},
		"values that cannot be meant": {minimum + "roles: cook\nlisten: here\nworker:\n  concurrency: {pigeon: 4, vk: 0}\n",
			[]string{"VESTNIK_SECRET=YWJj", "VESTNIK_DATA_KEY=YWJj", "VESTNIK_EMAIL_RELAYS=http://x", "VESTNIK_REDIS_URL=localhost:6379", "VESTNIK_RETRY_FIRST=-1s"}, []string{
				"vestnik.yaml:5:1: listen: an address like 127.0.0.1:8080 or :8080 is needed",
				"VESTNIK_REDIS_URL: redis.url: an address redis://…, redis+sentinel://…, redis+cluster://… or embedded is needed",
				"VESTNIK_EMAIL_RELAYS: email.relays: addresses smtp://… or smtps://… are needed",
				"VESTNIK_RETRY_FIRST: retry.first: must be more than zero",
				"vestnik.yaml:7:3: worker.concurrency: there is no channel pigeon",
				"vestnik.yaml:7:3: worker.concurrency: a number from 1 to 1000 is needed",
				"vestnik.yaml:4:1: roles: the roles are api, worker, loader",
				"VESTNIK_SECRET: secret: at least 32 bytes are needed",
				"VESTNIK_DATA_KEY: data_key: exactly 32 bytes are needed",
			}},
		"an operator at home": {minimum, []string{"VESTNIK_EMAIL_BOUNCES_OPERATOR=admin@Bounces.example", "VESTNIK_EMAIL_BOUNCES_DOMAIN=bounces.example"}, []string{
			"VESTNIK_EMAIL_BOUNCES_OPERATOR: email.bounces.operator: an address like admin@example.ru is needed, outside of the domain",
			"VESTNIK_EMAIL_BOUNCES_OPERATOR: email.bounces.operator: email.bounces.domain and email.relays are needed too",
		}},
		"value and file": {minimum + "secret_file: x\n", []string{"VESTNIK_REDIS_URL=embedded", "VESTNIK_REDIS_URL_FILE=x"}, []string{
			"vestnik.yaml:4:1: secret: both the value and a file are given",
			"VESTNIK_REDIS_URL: redis.url: both the value and a file are given",
		}},
		"no such file": {minimum, []string{"VESTNIK_DATA_KEY_FILE=/nowhere/key"}, []string{
			"VESTNIK_DATA_KEY_FILE: data_key_file: the file cannot be read: /nowhere/key: no such file or directory",
		}},
		"not YAML": {"secret: [unclosed\n", nil, []string{"vestnik.yaml:1:9: YAML: "}},
		"a list":   {"- a\n", nil, []string{"vestnik.yaml:1:1: : keys with values belong here"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(write(t, is.yaml), is.env, tongue.English)
			var invalid Invalid
			if !errors.As(err, &invalid) {
				t.Fatalf("want an Invalid, have %v", err)
			}
			lines := strings.Split(err.Error(), "\n")
			for i, want := range is.want {
				if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
					t.Fatalf("line %d: want %q in\n%v", i, want, err)
				}
			}
			if len(lines) > len(is.want) && name != "a list" && name != "not YAML" {
				t.Errorf("more problems than expected:\n%v", err)
			}
		})
	}
}

func TestLoadNeverTellsASecret(t *testing.T) {
	const word = "hunter2hunter2"
	_, err := Load(write(t, "secret: "+word+"!\nredis:\n  url: "+word+"\n email: ["), nil, tongue.English)
	if err == nil || strings.Contains(err.Error(), word) {
		t.Errorf("%v", err)
	}
	if s := (Secret)(word).String(); strings.Contains(s, word) {
		t.Error(s)
	}
}

func TestExample(t *testing.T) {
	for _, language := range []string{"ru", "en"} {
		var b bytes.Buffer
		speech, _ := tongue.Named(language)
		if err := Example(&b, speech); err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", "example."+language+".yaml")
		if *update {
			if err := os.WriteFile(golden, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b.Bytes(), want) {
			t.Errorf("%s differs; run go test -update and read the difference", golden)
		}
		if _, err := Load(golden, []string{"VESTNIK_SECRET=" + someSecret}, speech); err != nil {
			t.Errorf("the example with a secret cannot be loaded: %v", err)
		}
	}
}

// TestExampleKeys takes away the mark before every key of the example: each default and each example must be something its key takes.
func TestExampleKeys(t *testing.T) {
	var b bytes.Buffer
	if err := Example(&b, tongue.English); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		bare := strings.TrimLeft(line, " ")
		if rest, ok := strings.CutPrefix(bare, "# "); ok {
			if name, _, ok := strings.Cut(rest, ": "); ok && !strings.Contains(name, " ") && strings.ToLower(name) == name {
				line = line[:len(line)-len(bare)] + rest
			}
		}
		lines = append(lines, line)
	}
	c, err := Load(write(t, strings.Join(lines, "")), []string{"VESTNIK_SECRET=" + someSecret}, tongue.English)
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(lines, ""))
	}
	if len(c.Email.Relays) != 2 || len(c.TrustedProxies) != 2 {
		t.Errorf("keys were not taken: %+v", c)
	}
}

func TestPublicAt(t *testing.T) {
	for _, is := range []struct{ public, addr, want string }{
		{"https://v.ru", ":8080", "https://v.ru"},
		{"", "127.0.0.1:9", "http://127.0.0.1:9"},
		{"", "[::]:8080", "http://localhost:8080"},
		{"", ":8080", "http://localhost:8080"},
		{"", "0.0.0.0:80", "http://localhost:80"},
		{"", "[::1]:80", "http://[::1]:80"},
	} {
		if have := (Config{PublicURL: is.public}).PublicAt(is.addr); have != is.want {
			t.Errorf("%q at %q: %q, want %q", is.public, is.addr, have, is.want)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add(minimum)
	f.Add("a: &x [1]\nb: *x\n<<: {c: d}\n")
	f.Add("? [a]\n: b\n---\n- x\n")
	f.Fuzz(func(t *testing.T, text string) {
		name := filepath.Join(t.TempDir(), "f.yaml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, _ = Load(name, nil, tongue.English) // must not panic
	})
}
