package housechat

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"go.uber.org/goleak"

	"vestnik/channels/housechat/maxtest"
	"vestnik/engine"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// BenchmarkSend posts to one new house after another in MAX: post and pin are two requests.
func BenchmarkSend(b *testing.B) {
	server := startMAX(b, maxtest.Options{PerSecond: -1, PerChat: -1})
	w := &world{t: b, chats: newRegistry(b), max: server}
	channel, err := New(Config{Chats: w.chats, VKPace: 1, MAXPace: 1, ChatPace: 1, Concurrent: 32, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		b.Fatal(err)
	}
	defer channel.Close()
	const houses = 256
	for i := range houses {
		w.maxAt(int64(i+1), fmt.Sprintf("house-%d", i))
	}
	round := 0
	for b.Loop() {
		round++
		id := engine.CampaignID(fmt.Sprintf("c%d", round))
		msgs := make([]engine.Message, houses)
		for i := range msgs {
			msgs[i] = to(id, i, fmt.Sprintf("house-%d", i), "Плановое отключение: холодная вода\n25 ноября, 10:00–18:00")
		}
		for _, result := range channel.Send(b.Context(), w.outage(id, "outage-planned", "r"), msgs) {
			took(b, result)
		}
	}
	b.ReportMetric(float64(round*houses)/b.Elapsed().Seconds(), "posts/s")
}

// BenchmarkGuard reads an ordinary post for an ordinary resident.
func BenchmarkGuard(b *testing.B) {
	to, text := resident(), "Плановое отключение: холодная вода\n25 ноября, 10:00–18:00\nГде: ул. Ленина, 12\nПричина: замена задвижки\nТелефон: +7 (495) 123-00-11\nУК «Уют»"
	for b.Loop() {
		if err := guard(engine.Sender{}, &to, engine.Content{Text: text}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHook: events of a MAX bot through its door.
func BenchmarkHook(b *testing.B) {
	chats := newRegistry(b)
	chats.put(engine.Chat{Place: placeOf(engine.NetworkMAX, -5), Joined: time.Now()})
	door, err := NewMAXHook(HookConfig{Provider: provider, Chats: chats, Secret: secret})
	if err != nil {
		b.Fatal(err)
	}
	body := `{"update_type":"message_created","timestamp":1,"message":{"recipient":{"chat_id":-5,"chat_type":"chat"},"body":{"text":"Добрый день"},"sender":{}}}`
	for b.Loop() {
		if status, _ := ask(b, door, http.MethodPost, body, map[string]string{"X-Max-Bot-Api-Secret": secret}); status != 200 {
			b.Fatal(status)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
