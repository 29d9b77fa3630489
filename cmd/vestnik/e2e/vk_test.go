package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vestnik/api/client"
	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

// community starts a VK community and gives the settings of the provider that writes from it; secrets lie in files.
func (w *town) community(options vktest.Options) (server *vktest.Server, settings []string) {
	w.Helper()
	server, err := vktest.Start(options)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(server.Close)
	for name, secret := range map[string]string{"token": vktest.DefaultToken, "secret": "s3cret"} {
		if err := os.WriteFile(filepath.Join(w.dir, "vk-"+name), []byte(secret+"\n"), 0o600); err != nil {
			w.Fatal(err)
		}
	}
	return server, []string{"vk.group_id=1", "vk.api_url=" + server.URL(), "vk.token_file=vk-token", "vk.secret_file=vk-secret", "vk.confirmation=c0nfirm",
		"quiet_hours=off"}
}

// orderVK sends a notice over VK to residents with the VK ids 1 to n.
func (w *town) orderVK(c *client.Client, n int) engine.CampaignID {
	w.Helper()
	campaign, err := c.CreateCampaign(w.Context(), client.Order{Name: "Показания", Kind: engine.KindAction, Template: "action-required",
		Route: &engine.Route{Lanes: []engine.Lane{{{Channel: engine.VK}}}}, Vars: map[string]any{"what": "передать показания", "deadline": "2027-01-25"}})
	if err != nil {
		w.Fatal(err)
	}
	var list strings.Builder
	list.WriteString("account,vk_id\n")
	for i := range n {
		fmt.Fprintf(&list, "vk-%06d,%d\n", i+1, i+1)
	}
	taken, err := c.PutRecipients(w.Context(), campaign.ID, client.Audience{Type: client.CSV, Body: strings.NewReader(list.String())})
	if err != nil || taken.Accepted != n {
		w.Fatalf("%+v %v", taken, err)
	}
	w.start(c, campaign.ID)
	return campaign.ID
}

// TestVKOnABadDay sends over VK with two workers, who share the community's 20 requests a second, while VK loses answers, fails, counts requests as too
// many and refuses the token for a while. Everybody gets one message, nobody two; then all read at once, and the door hears it.
func TestVKOnABadDay(t *testing.T) {
	const n = 2000
	w := newTown(t)
	w.apart()
	vk, settings := w.community(vktest.Options{})
	api := w.serve("--roles", "api,loader")
	c := w.provider("УК «Ромашка»", settings...)
	id := w.orderVK(c, n)
	workers := []*server{w.serve("--roles", "worker"), w.serve("--roles", "worker")}
	for _, bad := range []struct {
		after   int
		trouble vktest.Trouble
	}{
		{100, vktest.Trouble{Cut: vktest.CutAfter, Requests: 4}}, {300, vktest.Trouble{Code: 10, Requests: 2}}, {500, vktest.Trouble{Code: 6, Requests: 30}},
		{700, vktest.Trouble{Code: 5}},
	} {
		w.await(fmt.Sprintf("%d messages", bad.after), func() bool { return vk.Count() >= bad.after })
		vk.Misbehave(bad.trouble)
	}
	w.await("a campaign that waits because the token was revoked", func() bool {
		campaign, _ := w.look(c, id)
		return waitsFor(campaign, "breaker")
	})
	vk.Misbehave(vktest.Trouble{})
	w.wantLedger(w.settled(c, id), engine.Balance{Ordered: n, Delivered: n})
	got := map[int64]int{}
	for _, m := range vk.Messages() {
		got[m.User]++
	}
	if len(got) != n || vk.Count() != n {
		t.Errorf("%d messages went to %d people", vk.Count(), len(got))
	}

	var providers struct{ Items []engine.Provider }
	if err := json.Unmarshal([]byte(w.must("provider", "list", "--json")), &providers); err != nil || len(providers.Items) != 1 {
		t.Fatalf("%v %v", providers, err)
	}
	if err := vk.Door(w.url+"/hooks/vk/"+string(providers.Items[0].ID), "s3cret", "c0nfirm"); err != nil {
		t.Fatal(err)
	}
	for user := range int64(n) {
		vk.Read(user + 1)
	}
	w.await("the history of the readings", func() bool {
		campaign, ok := w.look(c, id)
		return ok && campaign.Channels[engine.VK].Opened == n
	})
	if _, lost := vk.Told(); lost > 0 {
		t.Errorf("%d events were given up", lost)
	}
	for _, s := range workers {
		if code, took := s.stop(); code != 0 {
			t.Errorf("a worker: exit %d after %v", code, took)
		}
	}
	if code, took := api.stop(); code != 0 {
		t.Errorf("the API: exit %d after %v", code, took)
	}
}

// TestVKIsAskedAheadWhoMayBeWrittenTo sends two notices to residents a third of whom have not allowed messages: no message is tried with those, and the
// second time VK is asked about nobody else.
func TestVKIsAskedAheadWhoMayBeWrittenTo(t *testing.T) {
	const n = 300
	w := newTown(t)
	vk, settings := w.community(vktest.Options{})
	for user := range int64(n / 3) {
		vk.Refuse(3*user+1, 901)
	}
	w.serve()
	c := w.provider("УК «Ромашка»", settings...)
	var took [2]int
	for i := range took {
		before := vk.Requests()
		w.wantLedger(w.settled(c, w.orderVK(c, n)), engine.Balance{Ordered: n, Delivered: n - n/3, Suppressed: n / 3})
		took[i] = vk.Requests() - before
	}
	if vk.Count() != 2*(n-n/3) || took[1] >= took[0] {
		t.Errorf("%d messages; the campaigns took %d requests", vk.Count(), took)
	}
}
