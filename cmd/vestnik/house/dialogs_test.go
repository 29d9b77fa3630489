package house_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"vestnik/api/client"
	"vestnik/channels/vk"
	"vestnik/channels/vk/vktest"
	"vestnik/cmd/vestnik/config"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
	"vestnik/engine/redisq/redistest"
)

const (
	hookSecret       = "s3cret"
	hookConfirmation = "c0nfirm"
)

// community starts a VK community and gives provider p its settings and more.
func community(t *testing.T, h *house.House, more map[string]string) *vktest.Server {
	t.Helper()
	server, err := vktest.Start(vktest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	_, err = h.Stores.Registry.ChangeProvider(t.Context(), "p", func(p *engine.Provider) error {
		if p.Settings == nil {
			p.Settings = map[string]string{}
		}
		maps.Copy(p.Settings, server.Settings())
		maps.Copy(p.Settings, map[string]string{engine.SettingQuiet: "off", vk.SettingSecret: hookSecret, vk.SettingConfirmation: hookConfirmation})
		maps.Copy(p.Settings, more)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return server
}

// notice orders a notice about something to be done for the VK users 1 to n, over VK and then e-mail.
func notice(t *testing.T, c *client.Client, n int) engine.CampaignID {
	t.Helper()
	opened := engine.Goals{engine.Opened}
	campaign, err := c.CreateCampaign(t.Context(), client.Order{Name: "Поверка", Kind: engine.KindAction, Template: "action-required",
		Route: &engine.Route{Lanes: []engine.Lane{{{Channel: engine.VK, Wait: engine.Wait(4e9), Until: opened}, {Channel: engine.Email}}}},
		Vars:  map[string]any{"what": "поверить счётчик", "deadline": "2027-01-01", "link": "https://uk.example/check"}})
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Builder{}
	list.WriteString("account,vk_id,email\n")
	for i := range n {
		fmt.Fprintf(&list, "%d,%d,%d@example.org\n", i+1, i+1, i+1)
	}
	if _, err := c.PutRecipients(t.Context(), campaign.ID, client.Audience{Type: client.CSV, Body: strings.NewReader(list.String())}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Start(t.Context(), campaign.ID); err != nil {
		t.Fatal(err)
	}
	return campaign.ID
}

// marked counts recipients of a campaign to whom a fact happened over VK.
func marked(t *testing.T, h *house.House, id engine.CampaignID, f engine.Fact) int64 {
	t.Helper()
	n, err := h.Stores.Marks.Count(t.Context(), id, engine.VK, f)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestResidentsOfVK sends a notice to residents who read it, have forbidden it, answer "стоп" or do nothing, once with events that VK brings
// to our door and once with events that we ask for.
func TestResidentsOfVK(t *testing.T) {
	for _, way := range []string{vk.EventsByHook, vk.EventsByPoll} {
		t.Run(way, func(t *testing.T) {
			c, log := setting(t)
			sink := mailbox(t)
			c.Email.Relays = config.List{sink.URL()}
			h := start(t, c)
			caller := enter(t, h, c.Secret)
			server := community(t, h, map[string]string{vk.SettingEvents: way})
			if way == vk.EventsByHook {
				if err := server.Door("http://"+h.Addr+"/hooks/vk/p", hookSecret, hookConfirmation); err != nil {
					t.Fatal(err)
				}
			} else {
				await(t, "a poll", func() bool { return server.Polls() > 0 })
			}
			server.Deny(3)
			await(t, "the denial", func() bool {
				reasons, err := h.Stores.Stops.Stopped(t.Context(), "p", engine.VK, []string{"3"})
				return err == nil && reasons[0] == engine.Denied
			})
			server.Refuse(4, 901) // nobody told us
			id := notice(t, caller, 6)
			await(t, "the messages", func() bool { return server.Count() == 4 })
			for _, m := range server.Messages() {
				if !strings.Contains(m.Text, "поверить счётчик") || len(m.Buttons) == 0 || !strings.HasPrefix(m.Buttons[0].Link, h.URL+"/t/c/") {
					t.Errorf("the message is %q with %v", m.Text, m.Buttons)
				}
			}
			await(t, "the answer of VK to be known", func() bool { // who says «стоп» answers a message
				last := must(h.Stores.Dialogs.Last(t.Context(), "p", engine.VK, []string{"2"}))
				return last[0].Campaign == id
			})
			server.Read(1)
			server.Write(2, "Стоп!")
			await(t, "reading", func() bool { return marked(t, h, id, engine.Opened) >= 1 && marked(t, h, id, engine.Unsubscribed) == 1 })
			await(t, "the end", func() bool { return must(caller.Campaign(t.Context(), id)).Status == engine.StatusCompleted })
			// E-mail went to those who have not opened: 2, 5 and 6, and at once to 3 and 4.
			if got := must(caller.Campaign(t.Context(), id)).Ledger; got.Delivered != 6 || sink.Count() != 5 {
				t.Errorf("the ledger is %+v, %d letters", got, sink.Count())
			}
			if reasons := must(h.Stores.Stops.Stopped(t.Context(), "p", engine.VK, []string{"4", "5"})); reasons[0] != engine.Denied || reasons[1] != engine.NoReason {
				t.Errorf("VK was asked about two unknown: the stops are %q", reasons)
			}
			if n := marked(t, h, id, engine.Opened); n != 1 {
				t.Errorf("%d opened it", n)
			}
			if text := log.String(); strings.Contains(text, hookSecret) || strings.Contains(text, vktest.DefaultToken) {
				t.Errorf("a secret in the log:\n%s", text)
			}
		})
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestTheDoorForVKIsGuarded knocks with wrong secrets, at wrong doors, and after the settings have changed.
func TestTheDoorForVKIsGuarded(t *testing.T) {
	c, _ := setting(t)
	h := start(t, c)
	enter(t, h, c.Secret)
	server := community(t, h, nil)
	knock := func(provider, secret string, group int) int {
		t.Helper()
		body := fmt.Sprintf(`{"type":"message_deny","group_id":%d,"event_id":"e-%s-%s","secret":%q,"object":{"user_id":7}}`, group, provider, secret, secret)
		answer, err := http.Post("http://"+h.Addr+"/hooks/vk/"+provider, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer http.DefaultClient.CloseIdleConnections()
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	denied := func() bool {
		return must(h.Stores.Stops.Stopped(context.Background(), "p", engine.VK, []string{"7"}))[0] == engine.Denied
	}
	if err := h.Stores.Registry.PutProvider(t.Context(), engine.Provider{ID: "bare", Name: "Без VK"}); err != nil {
		t.Fatal(err)
	}
	for _, try := range []struct {
		provider, secret string
		group, want      int
	}{{"p", "wrong", 1, 403}, {"p", hookSecret, 2, 403}, {"p", "", 1, 403}, {"nobody", hookSecret, 1, 404}, {"bare", "", 1, 404}, {"bare", hookSecret, 1, 404}} {
		if got := knock(try.provider, try.secret, try.group); got != try.want || denied() {
			t.Errorf("%+v is answered %d, denied: %v", try, got, denied())
		}
	}
	if got := knock("p", hookSecret, 1); got != 200 || !denied() {
		t.Errorf("the right secret is answered %d, denied: %v", got, denied())
	}
	if err := server.Door("http://"+h.Addr+"/hooks/vk/p", hookSecret, "another"); err == nil {
		t.Error("the door gives another confirmation than is set")
	}
	_, err := h.Stores.Registry.ChangeProvider(t.Context(), "p", func(p *engine.Provider) error { p.Settings[vk.SettingSecret] = "new"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the old secret to be refused", func() bool { return knock("p", hookSecret, 1) == 403 && knock("p", "new", 1) == 200 })
}

// TestPollingIsLedByOneAndGoesOnWhereItStood lets two workers run: one asks, and when it ends the other goes on from there.
func TestPollingIsLedByOneAndGoesOnWhereItStood(t *testing.T) {
	redis := redistest.Start(t)
	workers := make([]*house.House, 2)
	for i := range workers {
		c, _ := setting(t)
		c.Redis.URL, c.Roles = redis.URL(), config.List{config.RoleWorker}
		workers[i] = start(t, c)
	}
	stores := workers[1].Stores
	if err := stores.Registry.PutProvider(t.Context(), engine.Provider{ID: "p", Name: "УК", Settings: map[string]string{}}); err != nil {
		t.Fatal(err)
	}
	server := community(t, workers[0], map[string]string{vk.SettingEvents: vk.EventsByPoll})
	denied := func(user string) func() bool {
		return func() bool {
			return must(stores.Stops.Stopped(t.Context(), "p", engine.VK, []string{user}))[0] == engine.Denied
		}
	}
	await(t, "a poll", func() bool { return server.Polls() > 0 })
	server.Deny(1)
	await(t, "the first event", denied("1"))
	await(t, "a bookmark", func() bool { return must(stores.Dialogs.Bookmark(t.Context(), "p", engine.VK)) != "" })
	if n := server.Polls(); n > 2 {
		t.Errorf("there were %d polls: both workers ask", n)
	}
	if err := workers[0].Close(); err != nil {
		t.Fatal(err)
	}
	server.Deny(2) // while perhaps nobody asks
	await(t, "the second event", denied("2"))
}
