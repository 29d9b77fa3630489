package email

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"maps"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/channels/email/mailtest"
	"vestnik/engine"
)

// testKeys are a private key of each kind in PEM. They are made once: an RSA key takes long.
var testKeys = sync.OnceValue(func() (made struct{ rsa, ed25519, small string }) {
	written := func(key any, err error) string {
		if err != nil {
			panic(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			panic(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	made.rsa = written(rsa.GenerateKey(rand.Reader, 2048))
	made.small = written(rsa.GenerateKey(rand.Reader, 1024))
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	made.ed25519 = written(edwards, err)
	return made
})

// signing is the utility with settings of its keys.
func signing(settings map[string]string) engine.Sender {
	s := utility
	s.Campaign = engine.Campaign{ID: "c1", Kind: engine.KindAd}
	s.Provider.Settings = maps.Clone(s.Provider.Settings)
	maps.Copy(s.Provider.Settings, settings)
	return s
}

// verdict is what the verifier says of one signature.
type verdict struct {
	Valid             bool
	Selector, Domain  string
	Algorithm, Fields string
}

// verify has Debian's python3-dkim verify every signature of a message against the records given by their names.
func verify(t testing.TB, raw []byte, records map[string]string) (list []verdict) {
	t.Helper()
	in, err := json.Marshal(map[string]any{"raw": string(raw), "records": records})
	if err != nil {
		t.Fatal(err)
	}
	python := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", `
import sys, json, dkim
given = json.load(sys.stdin)
raw = given["raw"].encode()
find = lambda name, timeout=5: given["records"].get(name.decode().rstrip("."), "").encode() or None
d, out = dkim.DKIM(raw), []
for i in range(sum(name.lower() == b"dkim-signature" for name, _ in d.headers)):
    v = dkim.DKIM(raw)
    try: valid = v.verify(idx=i, dnsfunc=find)
    except dkim.DKIMException: valid = False
    tags = dkim.util.parse_tag_value([value for name, value in d.headers if name.lower() == b"dkim-signature"][i])
    out.append({"valid": bool(valid), "selector": tags[b"s"].decode(), "domain": tags[b"d"].decode(), "algorithm": tags[b"a"].decode(), "fields": tags[b"h"].decode()})
print(json.dumps(out))`)
	python.Stdin = bytes.NewReader(in)
	var complaint bytes.Buffer
	python.Stderr = &complaint
	out, err := python.Output()
	if err != nil {
		t.Fatalf("python3-dkim: %v (apt-get install -y python3-dkim python3-nacl)\n%s", err, complaint.String())
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// records is what the sender's zone says.
func records(t testing.TB, from engine.Sender) map[string]string {
	t.Helper()
	ring, err := readRing(from.Provider, "zarya.example")
	if err != nil {
		t.Fatal(err)
	}
	zone := map[string]string{}
	for _, key := range append(ring.now, ring.next...) {
		zone[key.Name()] = key.Record
	}
	return zone
}

// delivered sends one message through a channel and gives it as it arrived.
func delivered(t testing.TB, channel *Channel, sink *mailtest.Sink, from engine.Sender) []byte {
	t.Helper()
	if fault := channel.Send(t.Context(), from, bills(1))[0].Fault; fault != nil {
		t.Fatal(fault)
	}
	mails := sink.Mails()
	return mails[len(mails)-1].Raw
}

func TestSignatures(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	channel := open(t, Config{}, sink.URL())
	keys := testKeys()
	for _, test := range []struct {
		name     string
		settings map[string]string
		want     []verdict
	}{
		{"none", nil, nil},
		{"RSA", map[string]string{SettingKey: keys.rsa}, []verdict{{true, "vestnik", "zarya.example", "rsa-sha256", ""}}},
		{"Ed25519", map[string]string{SettingKey: keys.ed25519, SettingSelector: "s1"}, []verdict{{true, "s1", "zarya.example", "ed25519-sha256", ""}}},
		{"both, for a domain in Russian", map[string]string{SettingKey: keys.rsa + "\n" + keys.ed25519, SettingSelector: "r, e", SettingDomain: "заря.рф"},
			[]verdict{{true, "r", "xn--80an2a1d.xn--p1ai", "rsa-sha256", ""}, {true, "e", "xn--80an2a1d.xn--p1ai", "ed25519-sha256", ""}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			from := signing(test.settings)
			raw := delivered(t, channel, sink, from)
			got := verify(t, raw, records(t, from))
			for line := range strings.SplitSeq(string(raw), "\r\n") {
				if len(line) > 998 { // RFC 5322 §2.1.1; the list of fields cannot be parted, RFC 6376 §3.5 allows spaces there and the library none
					t.Errorf("a line of %d characters: %q", len(line), line)
				}
			}
			if len(got) != len(test.want) {
				t.Fatalf("%d signatures, want %d:\n%s", len(got), len(test.want), raw)
			}
			for i, is := range got {
				fields := ":" + is.Fields + ":"
				if is.Fields = ""; is != test.want[i] {
					t.Errorf("signature %d is %+v, want %+v\n%s", i, is, test.want[i], raw)
				}
				for name, times := range map[string]int{"From": 2, "Subject": 2, "To": 2, "Date": 2, "List-Unsubscribe": 1, "List-Unsubscribe-Post": 1, "Feedback-ID": 1} {
					if got := strings.Count(fields, name+":") - strings.Count(fields, "-"+name+":"); got != times {
						t.Errorf("%s is covered %d times, want %d: %s", name, got, times, fields)
					}
				}
			}
		})
	}
}

// TestSignaturesGuard changes signed messages on their way: what a relay does keeps them valid, what a forger does not.
func TestSignaturesGuard(t *testing.T) {
	sink := startSink(t, mailtest.Options{})
	from := signing(map[string]string{SettingKey: testKeys().rsa + testKeys().ed25519})
	raw, zone := string(delivered(t, open(t, Config{}, sink.URL()), sink, from)), records(t, from)
	for _, test := range []struct {
		name, old, new string
		valid          bool
	}{
		{"untouched", "", "", true},
		{"a trace field on top", "DKIM-Signature:", "Received: from a by b; Thu, 05 Nov 2026 12:00:00 +0500\r\nDKIM-Signature:", true},
		{"folded again", "Message-ID: ", "Message-ID:\r\n\t", true},
		{"a second From", "From: ", "From: <thief@bank.example>\r\nFrom: ", false},
		{"a second Subject below", "MIME-Version: 1.0", "MIME-Version: 1.0\r\nSubject: win", false},
		{"another unsubscribe", "/u/", "/v/", false},
		{"no one-click", "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", "", false},
		{"another text", "0JfQtNGA", "0JfQtNGB", false},
	} {
		if !strings.Contains(raw, test.old) {
			t.Fatalf("%s: %q is not in\n%s", test.name, test.old, raw)
		}
		verdicts := verify(t, []byte(strings.Replace(raw, test.old, test.new, 1)), zone)
		if len(verdicts) != 2 {
			t.Fatalf("%s: %d signatures", test.name, len(verdicts))
		}
		for _, is := range verdicts {
			if is.Valid != test.valid {
				t.Errorf("%s: %s is valid: %v", test.name, is.Algorithm, is.Valid)
			}
		}
	}
}

// TestPostfixKeepsSignatures has a real relay deliver signed mail.
func TestPostfixKeepsSignatures(t *testing.T) {
	postfix := mailtest.StartPostfix(t)
	from := signing(map[string]string{SettingKey: testKeys().rsa + testKeys().ed25519})
	if fault := open(t, Config{}, postfix.URL()).Send(t.Context(), from, bills(1))[0].Fault; fault != nil {
		t.Fatal(fault)
	}
	mails, err := postfix.Delivered(1)
	if err != nil || len(mails) != 1 {
		t.Fatalf("%d messages (%v)\n%s", len(mails), err, postfix.Log())
	}
	if list := verify(t, mails[0], records(t, from)); len(list) != 2 || !list[0].Valid || !list[1].Valid {
		t.Errorf("%+v\n%s", list, mails[0])
	}
}

// TestKeysAreSetAnew has a running channel sign with new keys from the next Send on, at their time or when the settings change.
func TestKeysAreSetAnew(t *testing.T) {
	var ring keyring
	old, fresh := testKeys().rsa, testKeys().ed25519
	settings := map[string]string{SettingKey: old, SettingSelector: "old", SettingNextKey: fresh, SettingNextSelector: "new"}
	noon := time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)
	selector := func(at time.Time, change ...string) string {
		t.Helper()
		for i := 0; i < len(change); i += 2 {
			settings[change[i]] = change[i+1]
		}
		from := signing(settings)
		from.Provider.Timezone = "Asia/Yekaterinburg"
		keys, err := ring.of(from.Provider, "zarya.example", at)
		if err != nil || len(keys) != 1 {
			t.Fatal(keys, err)
		}
		return keys[0].Selector
	}
	midnight := time.Date(2026, 11, 30, 19, 0, 0, 0, time.UTC) // in Yekaterinburg
	for _, is := range []struct{ got, want string }{
		{selector(noon), "old"}, // no date: not yet
		{selector(midnight.Add(-time.Second), SettingNextFrom, "2026-12-01"), "old"},
		{selector(midnight), "new"},
		{selector(noon, SettingNextFrom, "2026-12-01T12:00:01Z"), "old"},
		{selector(noon.Add(time.Second)), "new"},
		{selector(noon, SettingKey, fresh, SettingSelector, "third", SettingNextKey, "", SettingNextSelector, ""), "third"},
	} {
		if is.got != is.want {
			t.Errorf("signed with %s, want %s", is.got, is.want)
		}
	}
	same, _ := ring.of(signing(settings).Provider, "zarya.example", noon)
	again, _ := ring.of(signing(settings).Provider, "zarya.example", noon)
	if &same[0] != &again[0] {
		t.Error("the keys are read anew for every Send")
	}
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	keys := testKeys()
	for name, settings := range map[string]map[string]string{
		"no PEM":            {SettingKey: "hunter2"},
		"still sealed":      {SettingKey: "sealed:1:aHVudGVyMg=="},
		"too small":         {SettingKey: keys.small},
		"a certificate":     {SettingKey: strings.ReplaceAll(keys.rsa, "PRIVATE KEY", "CERTIFICATE")},
		"broken":            {SettingKey: strings.ReplaceAll(keys.ed25519, "MC4C", "MC4D")},
		"one name, two":     {SettingKey: keys.rsa + keys.ed25519, SettingSelector: "s"},
		"a name twice":      {SettingKey: keys.rsa + keys.ed25519, SettingSelector: "s,s"},
		"no such name":      {SettingKey: keys.rsa, SettingSelector: "s_1"},
		"no such domain":    {SettingKey: keys.rsa, SettingDomain: "zarya..example"},
		"next without name": {SettingKey: keys.rsa, SettingNextKey: keys.ed25519},
		"next of one name":  {SettingKey: keys.rsa, SettingSelector: "s", SettingNextKey: keys.ed25519, SettingNextSelector: "s"},
		"no date":           {SettingKey: keys.rsa, SettingNextFrom: "tomorrow"},
	} {
		from := signing(settings)
		channel := open(t, Config{}, "smtp://127.0.0.1:1")
		result := channel.Send(t.Context(), from, bills(1))[0]
		wantFault(t, result, engine.Misconfigured)
		if text := result.Fault.Error(); strings.Contains(text, "hunter2") || strings.Contains(text, "MC4") || strings.Contains(text, "BEGIN") {
			t.Errorf("%s: the key is shown: %s", name, text)
		}
	}
}
