package housechat

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"vestnik/channels/housechat/maxtest"
	"vestnik/engine"
)

// world is a channel with its registry and both networks.
type world struct {
	t       testing.TB
	channel *Channel
	chats   *registry
	vk      *vkFake
	max     *maxtest.Server
}

const (
	provider = engine.ProviderID("uk1")
	houseA   = "0c5b2444-70a0-4932-980c-b4dc0d3f02b5"
	houseB   = "5c8b06f1-518e-496e-b683-7bf917e0d70b"
)

func newWorld(t *testing.T) *world {
	w := &world{t: t, chats: newRegistry(t), vk: startVK(t), max: startMAX(t, maxtest.Options{PerSecond: -1, PerChat: -1})}
	w.channel = w.another(Config{Timeout: 5 * time.Second})
	return w
}

func startMAX(t testing.TB, options maxtest.Options) *maxtest.Server {
	t.Helper()
	server, err := maxtest.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// another makes a channel as another worker has it: with the same registry, and no waiting.
func (w *world) another(cfg Config) *Channel {
	w.t.Helper()
	cfg.Chats, cfg.Log = w.chats, slog.New(slog.NewTextHandler(io.Discard, nil))
	cfg.VKPace, cfg.MAXPace, cfg.ChatPace = time.Nanosecond, time.Nanosecond, time.Nanosecond
	channel, err := New(cfg)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = channel.Close() })
	return channel
}

// vkAt and maxAt open a chat that serves houses.
func (w *world) vkAt(n int64, houses ...string) engine.ChatPlace {
	w.vk.open(vkChats + n)
	return w.serve(placeOf(engine.NetworkVK, vkChats+n), houses)
}

func (w *world) maxAt(n int64, houses ...string) engine.ChatPlace {
	w.max.Open(-n)
	return w.serve(placeOf(engine.NetworkMAX, -n), houses)
}

func (w *world) serve(place engine.ChatPlace, houses []string) engine.ChatPlace {
	w.chats.put(engine.Chat{Place: place, Title: "Дом", Houses: houses, Joined: time.Now().Add(-time.Hour)})
	return place
}

func (w *world) sender(id engine.CampaignID, kind engine.Kind, template string, vars map[string]any) engine.Sender {
	encoded, _ := json.Marshal(vars)
	settings := map[string]string{"vk.token": vkToken, "max.token": w.max.Token(), "max.api_url": w.max.URL(), "ads.frequency": "2/7d"}
	if w.vk != nil {
		settings["vk.api_url"] = w.vk.url()
	}
	return engine.Sender{
		Provider: engine.Provider{ID: provider, Name: "УК «Уют»", Timezone: "Europe/Moscow", Settings: settings},
		Campaign: engine.Campaign{ID: id, Kind: kind, Template: engine.TemplateRef{Name: template, Version: 1}, Vars: encoded},
	}
}

// outage is the sender of a campaign about an outage of cold water.
func (w *world) outage(id engine.CampaignID, template, reference string) engine.Sender {
	from := w.sender(id, engine.KindOutage, template, map[string]any{"service": "Холодная вода"})
	from.Campaign.Reference = reference
	return from
}

// to is a message of a campaign to the n-th resident, of a house.
func to(id engine.CampaignID, n int, house, text string) engine.Message {
	return engine.Message{Key: engine.MessageKey(id, engine.Ordinal(n), engine.HouseChat, 0), Content: engine.Content{Text: text}, Recipient: &engine.Recipient{
		Account: fmt.Sprintf("7700%06d", n), Name: "Сидоров Аркадий Львович", House: house, Premises: fmt.Sprint(n)}}
}

func (w *world) send(from engine.Sender, msgs ...engine.Message) []engine.Result {
	return w.channel.Send(w.t.Context(), from, msgs)
}

// took checks that a message was taken.
func took(t testing.TB, result engine.Result) {
	t.Helper()
	if result.Fault != nil {
		t.Fatalf("not taken: %v", result.Fault)
	}
	if result.ID == "" {
		t.Fatal("taken without an identity")
	}
}

// failed checks the Fault of a message.
func failed(t testing.TB, result engine.Result, reason engine.Reason, code string) {
	t.Helper()
	if result.Fault == nil {
		t.Fatalf("taken, want %s (%s)", reason, code)
	}
	if result.Fault.Reason != reason || !strings.Contains(result.Fault.Code, code) {
		t.Fatalf("got %v, want %s (%s)", result.Fault, reason, code)
	}
}

// chat gives a chat of the registry.
func (w *world) chat(place engine.ChatPlace) engine.Chat {
	w.t.Helper()
	for _, c := range w.chats.all() {
		if c.Place == place {
			return c
		}
	}
	w.t.Fatalf("no chat in %v", place)
	return engine.Chat{}
}
