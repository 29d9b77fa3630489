package house_test

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestnik/channels/email/mailtest"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

// TestReturnedMailComesByEveryDoor has four letters come back after their campaign has ended: by SMTP, by a Maildir, by the hook of the
// provider, and by a hook of somebody who may not.
func TestReturnedMailComesByEveryDoor(t *testing.T) {
	sink := mailbox(t)
	c, _ := setting(t)
	box := t.TempDir()
	for _, name := range []string{"new", "cur"} {
		if err := os.Mkdir(filepath.Join(box, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	c.Email.Relays = config.List{sink.URL()}
	c.Email.Bounces = config.Bounces{Domain: "bounces.example", Listen: "127.0.0.1:0", Maildir: box}
	h := start(t, c)
	caller := enter(t, h, c.Secret)
	if _, err := h.Stores.Registry.ChangeProvider(t.Context(), "p", func(p *engine.Provider) error {
		p.Settings["email.hook_secret"] = "open sesame"
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	first, second := order(t, caller), order(t, caller)
	await(t, "four letters", func() bool { return sink.Count() == 4 })
	ended := func() bool {
		one, err := caller.Campaign(t.Context(), first)
		two, errTwo := caller.Campaign(t.Context(), second)
		return err == nil && errTwo == nil && one.Status == engine.StatusCompleted && two.Status == engine.StatusCompleted
	}
	await(t, "the end of the campaigns", ended)

	mails := sink.Mails()
	if !strings.HasPrefix(mails[0].From, "b+") || !strings.HasSuffix(mails[0].From, "@bounces.example") {
		t.Errorf("letters come back to %s", mails[0].From)
	}
	report := func(i int) []byte { return mailtest.Report(mails[i], "5.1.1", "no such user") }
	if err := mailtest.SendBack(h.Bounces, mails[0], "5.1.1", "no such user"); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(box, "new", "1.a.host"), report(1), 0o600); err != nil {
		t.Fatal(err)
	}
	for secret, want := range map[string]int{"open sesame": http.StatusOK, "guessed": http.StatusUnauthorized} {
		at := map[int]int{http.StatusOK: 2, http.StatusUnauthorized: 3}[want]
		if got := hook(t, h, secret, report(at)); got != want {
			t.Errorf("the hook answers %d, want %d", got, want)
		}
	}
	await(t, "three returned letters", func() bool {
		undelivered := int64(0)
		for _, id := range []engine.CampaignID{first, second} {
			campaign, err := caller.Campaign(t.Context(), id)
			if err != nil {
				return false
			}
			undelivered += campaign.Ledger.Undelivered
		}
		return undelivered == 3 && ended()
	})
	await(t, "the metrics", func() bool {
		_, text := fetch(t, "http://"+h.Addr+"/metrics")
		return strings.Contains(text, `vestnik_inbound_total{class="hard"} 3`)
	})
}

// hook hands a message to the provider's hook.
func hook(t *testing.T, h *house.House, secret string, raw []byte) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+h.Addr+"/hooks/mail/p", bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "message/rfc822")
	r.Header.Set("Authorization", "Bearer "+secret)
	r.Close = true
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// TestDoorsForReturnedMailThatCannotOpen tells at once what is wrong with them.
func TestDoorsForReturnedMailThatCannotOpen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	for name, bounces := range map[string]config.Bounces{
		"listen for returned mail": {Listen: taken.Addr().String()},
		"email.bounces.maildir":    {Maildir: filepath.Join(t.TempDir(), "nothing")},
		"email.bounces.tls_cert":   {Listen: "127.0.0.1:0", TLSCert: "nothing.crt", TLSKey: "nothing.key"},
	} {
		c, _ := setting(t)
		c.Email.Bounces = bounces
		if h, err := house.Start(t.Context(), c); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
			if err == nil {
				_ = h.Close()
			}
		}
	}
}
