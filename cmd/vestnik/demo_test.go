package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// demoReport is the JSON of the demo as programs read it.
type demoReport struct {
	Version   *string  `json:"version"`
	Seed      *int     `json:"seed"`
	Elapsed   *float64 `json:"elapsed_seconds"`
	Campaigns []struct {
		ID       string                      `json:"id"`
		Kind     string                      `json:"kind"`
		Name     string                      `json:"name"`
		Rate     float64                     `json:"recipients_per_second"`
		Ledger   map[string]int64            `json:"ledger"`
		Channels map[string]map[string]int64 `json:"channels"`
		Funnel   []struct {
			Stage string `json:"stage"`
			Count int64  `json:"count"`
		} `json:"funnel"`
	} `json:"campaigns"`
}

// TestDemoOnceForPrograms runs the whole product on its embedded defaults and reads what it prints as a program would.
func TestDemoOnceForPrograms(t *testing.T) {
	s := newShell(t)
	r := s.run("demo", "--once", "--json", "--recipients", "250", "--seed", "7", "--addr", "127.0.0.1:0", "--data", "town")
	if r.code != exitFine {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	var report demoReport
	d := json.NewDecoder(strings.NewReader(r.out))
	if err := d.Decode(&report); err != nil {
		t.Fatalf("%v\n%s", err, r.out)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Errorf("there is more than one object on stdout: %v", err)
	}
	if report.Version == nil || report.Seed == nil || *report.Seed != 7 || report.Elapsed == nil || len(report.Campaigns) != 3 {
		t.Fatalf("%s", r.out)
	}
	for i, c := range report.Campaigns {
		if want := []string{"bill", "debt", "outage"}[i]; c.Kind != want || c.ID == "" || c.Name == "" || c.Rate <= 0 {
			t.Errorf("%+v", c)
		}
		checkLedger(t, c.Ledger)
		count, before := map[string]int64{}, int64(math.MaxInt64)
		for k, stage := range c.Funnel {
			if stage.Stage != []string{"ordered", "sent", "received", "opened", "clicked", "paid"}[k] || stage.Stage != "paid" && stage.Count > before {
				t.Errorf("%s: %+v", c.Kind, c.Funnel)
			}
			count[stage.Stage], before = stage.Count, stage.Count
		}
		email, vk, cabinet, chats, sent := c.Channels["email"], c.Channels["vk"], c.Channels["gosuslugi"], c.Channels["housechat"], int64(0)
		for _, reach := range c.Channels {
			sent += reach["sent"]
		}
		if count["ordered"] != c.Ledger["ordered"] || count["sent"] < c.Ledger["delivered"] || count["sent"] > sent || count["sent"] < email["sent"] {
			t.Errorf("%s: the history and the ledger do not agree: %+v %v %v", c.Kind, c.Funnel, c.Channels, c.Ledger)
		}
		if (c.Kind == "outage") != (chats["sent"] > 0) || chats["failed"] > 0 {
			t.Errorf("%s: in house chats: %v", c.Kind, chats)
		}
		if c.Kind != "outage" && (vk["sent"] == 0 || vk["opened"] == 0 || vk["failed"] == 0) {
			t.Errorf("%s: nobody talks in VK: %v", c.Kind, vk)
		}
		if c.Kind != "debt" && (cabinet["received"] == 0 || cabinet["received"] != cabinet["sent"] || cabinet["opened"] == 0) || c.Kind == "debt" && cabinet["sent"] != 0 {
			t.Errorf("%s: in Gosuslugi: %v", c.Kind, cabinet)
		}
		if email["opened"] == 0 || c.Kind != "outage" && c.Ledger["undelivered"] == 0 || c.Kind == "bill" && (count["paid"] == 0 || email["clicked"] == 0 || c.Ledger["ordered"] != 250) {
			t.Errorf("%s: nobody lives there: %+v %v", c.Kind, c.Funnel, email)
		}
	}
	checkKeys(t, filepath.Join(s.dir, "town", "keys.json"))
}

// checkLedger sees to it that everybody is accounted for and nobody is in flight.
func checkLedger(t *testing.T, ledger map[string]int64) {
	t.Helper()
	sum := int64(0)
	for _, name := range []string{"delivered", "undelivered", "suppressed", "expired", "cancelled", "in_flight"} {
		n, there := ledger[name]
		if sum += n; !there {
			t.Errorf("the ledger says nothing of %s", name)
		}
	}
	if ledger["ordered"] == 0 || sum != ledger["ordered"] || ledger["in_flight"] != 0 {
		t.Errorf("ledger %v", ledger)
	}
}

// checkKeys reads the keys and gives them.
func checkKeys(t *testing.T, file string) (keys map[string]string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &keys); err != nil {
		t.Fatal(err)
	}
	for name, begin := range map[string]string{"url": "http://127.0.0.1:", "provider": "vst_live_", "provider_test": "vst_test_",
		"operator": "vst_live_", "other_provider": "vst_live_"} {
		if !strings.HasPrefix(keys[name], begin) {
			t.Errorf("%s is %q", name, keys[name])
		}
	}
	if len(keys) != 5 {
		t.Errorf("%d keys", len(keys))
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("everybody may read the keys: %v %v", info.Mode(), err)
	}
	return keys
}

// TestDemoServesUntilInterrupted goes on with the keys, as a person would with curl, and then presses Ctrl-C.
func TestDemoServesUntilInterrupted(t *testing.T) {
	s := newShell(t)
	c := s.command("demo", "--recipients", "40", "--addr", "127.0.0.1:0", "--data", "town")
	var out bytes.Buffer
	said := newLogbook()
	c.Stdout, c.Stderr = &out, said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill() })
	awaitText(t, said, "Serving until Ctrl-C")
	keys := checkKeys(t, filepath.Join(s.dir, "town", "keys.json"))
	for key, want := range map[string]int{"provider": 4, "operator": 4, "other_provider": 0} {
		if got := countCampaigns(t, keys["url"], keys[key]); got != want {
			t.Errorf("with the key %s there are %d campaigns, want %d", key, got, want)
		}
	}
	signIn(t, said.String())
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := exitOf(t, c.Wait()); code != exitFine {
		t.Errorf("exit %d\n%s", code, said)
	}
	if !strings.Contains(out.String(), "Opened") || !strings.Contains(out.String(), "%") {
		t.Errorf("no funnel was printed:\n%s", out.String())
	}
}

// signIn follows the link to the console that was printed last.
func signIn(t *testing.T, said string) {
	t.Helper()
	address := consoleLink(t, said)
	web := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := web.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode/100 != 3 || len(answer.Cookies()) == 0 {
		t.Errorf("the console's link answers %d", answer.StatusCode)
	}
}

// consoleLink finds the address of the console, with the token that signs in, in what the demo has said.
func consoleLink(t *testing.T, said string) string {
	t.Helper()
	at := strings.LastIndex(said, "http://127.0.0.1:")
	for at >= 0 && !strings.Contains(strings.SplitN(said[at:], "\n", 2)[0], "/console/") {
		at = strings.LastIndex(said[:at], "http://127.0.0.1:")
	}
	if at < 0 {
		t.Fatalf("the console is not told:\n%s", said)
	}
	return strings.TrimSpace(strings.SplitN(said[at:], "\n", 2)[0])
}

// awaitText waits until a program has said something.
func awaitText(t *testing.T, said *logbook, text string) {
	t.Helper()
	stuck := time.After(patience)
	for !strings.Contains(said.String(), text) {
		select {
		case <-said.grown:
		case <-stuck:
			t.Fatalf("it never says %q:\n%s", text, said)
		}
	}
}

func countCampaigns(t *testing.T, address, key string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address+"/v1/campaigns", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var page struct {
		Items []json.RawMessage `json:"items"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		t.Fatal(err)
	}
	return len(page.Items)
}

// TestDemoInterruptedEarly presses Ctrl-C while campaigns are under way: everything ends cleanly, and with --once the answer is no.
func TestDemoInterruptedEarly(t *testing.T) {
	for name, is := range map[string]struct {
		args []string
		code int
	}{
		"once": {[]string{"--once"}, exitFailed}, "serving": {nil, exitFine},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t)
			c := s.command(append([]string{"demo", "--recipients", "2000", "--addr", "127.0.0.1:0"}, is.args...)...)
			said := newLogbook()
			c.Stderr = said
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Process.Kill() })
			awaitText(t, said, "Upload: ")
			if err := c.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if code := exitOf(t, c.Wait()); code != is.code {
				t.Errorf("exit %d, want %d\n%s", code, is.code, said)
			}
			if left, _ := filepath.Glob(filepath.Join(s.env["TMPDIR"], "vestnik-demo-*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestDemoRefusesNonsense(t *testing.T) {
	s := newShell(t)
	for _, args := range [][]string{{"--recipients", "0"}, {"--recipients", "2000000"}, {"--kinds", "bill,party"}, {"--seed", "x"}, {"--everything"}} {
		if r := s.run(append([]string{"demo"}, args...)...); r.code != exitUsage || r.out != "" || r.err == "" {
			t.Errorf("%v: exit %d, %q %q", args, r.code, r.out, r.err)
		}
	}
	if r := s.run("demo", "--once", "--addr", "192.0.2.1:1"); r.code != exitFailed || !strings.Contains(r.err, "listen") {
		t.Errorf("exit %d %q", r.code, r.err)
	}
}
