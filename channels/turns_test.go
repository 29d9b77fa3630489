package channels_test

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"vestnik/channels/housechat"
	"vestnik/channels/vk"
	"vestnik/channels/vk/vktest"
	"vestnik/engine"
	"vestnik/engine/enginetest"
)

// TestVKIsSharedByItsTwoChannels has two processes write to residents and post in house chats with one token: everything arrives, and all requests
// together keep to the rate that VK allows.
func TestVKIsSharedByItsTwoChannels(t *testing.T) {
	server, err := vktest.Start(vktest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	stores := enginetest.NewMemory().Stores()
	from := engine.Sender{Provider: engine.Provider{ID: "p", Name: "УК «Уют»", Settings: server.Settings()},
		Campaign: engine.Campaign{ID: "c", Kind: engine.KindMeeting, Template: engine.TemplateRef{Name: "meeting-planned"}}}
	const processes, residents, houses = 2, 375, 10
	began, sending := time.Now(), sync.WaitGroup{}
	for process := range processes {
		turns := engine.NewTurns(stores.Pace, "vk", vk.MostRequests)
		dialogs, err := vk.New(vk.Config{Turns: turns})
		if err != nil {
			t.Fatal(err)
		}
		defer dialogs.Close()
		chats, err := housechat.New(housechat.Config{Chats: stores.Chats, VKTurns: turns, VKPace: time.Nanosecond, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer chats.Close()
		var letters, posts []engine.Message
		for i := range residents {
			key := fmt.Sprintf("c-%d-vk-0", process*residents+i)
			letters = append(letters, engine.Message{Key: key, Recipient: &engine.Recipient{Account: key, VKID: int64(process*residents + i + 1)},
				Content: engine.Content{Text: "Собрание в пятницу"}})
		}
		for i := range houses {
			house := fmt.Sprintf("house-%d-%d", process, i)
			chat := engine.Chat{ID: house, Place: engine.ChatPlace{Network: engine.NetworkVK, ID: server.OpenChat(int64(process*houses + i + 1))}, Houses: []string{house}, Joined: began}
			if err := stores.Chats.AddChat(t.Context(), "p", chat); err != nil {
				t.Fatal(err)
			}
			posts = append(posts, engine.Message{Key: "c-" + house + "-housechat-0", Recipient: &engine.Recipient{Account: house, House: house}, Content: engine.Content{Text: "Собрание в пятницу"}})
		}
		for _, half := range []struct {
			channel engine.Channel
			msgs    []engine.Message
		}{{dialogs, letters}, {chats, posts}} {
			sending.Go(func() {
				left := half.msgs
				for tries := 0; len(left) > 0; tries++ { // a machine that stumbles lets requests catch up with each other; the engine tries again, too
					var again []engine.Message
					for i, result := range half.channel.Send(t.Context(), from, left) {
						if result.Fault == nil {
							continue
						}
						if again = append(again, left[i]); result.Fault.Reason != engine.Throttled || tries == 20 {
							t.Errorf("message %s: %v", left[i].Key, result.Fault)
							return
						}
					}
					left = again
				}
			})
		}
	}
	sending.Wait()
	const least = processes * (residents/25 + houses)
	if n, took := server.Requests(), time.Since(began); n < least || took < (least-1)*time.Second/vk.MostRequests {
		t.Errorf("%d requests took %v", n, took)
	}
}
