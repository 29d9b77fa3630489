package housechat

import (
	"strings"
	"sync"
	"testing"
	"time"

	"vestnik/channels/housechat/maxtest"
	"vestnik/engine"
)

// TestHouses: a house with two chats gets a post in each, one without gets none, and two houses of one chat get one.
func TestHouses(t *testing.T) {
	t.Run("two chats", func(t *testing.T) {
		w := newWorld(t)
		vk, max := w.vkAt(1, houseA), w.maxAt(1, houseA)
		took(t, w.send(w.outage("c1", "outage-planned", ""), to("c1", 1, houseA, "Нет воды"))[0])
		if len(w.vk.posts(vk.ID)) != 1 || len(w.max.Posts(max.ID)) != 1 {
			t.Errorf("VK has %v, MAX has %v", w.vk.posts(vk.ID), w.max.Posts(max.ID))
		}
	})
	t.Run("two chats, one of them lost", func(t *testing.T) {
		w := newWorld(t)
		w.vkAt(1, houseA)
		max := w.maxAt(1, houseA)
		w.max.PutOut(max.ID, false)
		took(t, w.send(w.outage("c1", "outage-planned", ""), to("c1", 1, houseA, "Нет воды"))[0])
		if c := w.chat(max); isOpen(c) || c.Why != "MAX 403 chat.denied" {
			t.Errorf("the lost chat is %+v", c)
		}
	})
	t.Run("none", func(t *testing.T) {
		w := newWorld(t)
		w.chats.put(engine.Chat{Code: engine.NewChatCode(), Houses: []string{houseA}}) // nobody has joined it yet
		failed(t, w.send(w.outage("c1", "outage-planned", ""), to("c1", 1, houseA, "Нет воды"))[0], engine.NoAddress, "no chat")
	})
	t.Run("one for two houses", func(t *testing.T) {
		w := newWorld(t)
		vk, max := w.vkAt(1, houseA, houseB), w.maxAt(1, houseA, houseB)
		from := w.outage("c1", "outage-planned", "")
		var workers sync.WaitGroup
		for n, channel := range []*Channel{w.channel, w.another(Config{})} { // two workers at once
			house := []string{houseA, houseB}[n]
			workers.Go(func() {
				for begin := time.Now(); time.Since(begin) < 20*time.Second; time.Sleep(10 * time.Millisecond) {
					result := channel.Send(t.Context(), from, []engine.Message{to("c1", n, house, "Нет воды в доме "+house)})[0]
					if result.Fault == nil {
						return
					}
					if result.Fault.Reason != engine.Throttled || result.Fault.RetryAfter == 0 {
						t.Errorf("the second house: %v", result.Fault)
						return
					}
				}
				t.Error("a house was never told")
			})
		}
		workers.Wait()
		both := []engine.Message{to("c1", 3, houseA, "Нет воды"), to("c1", 4, houseB, "Нет воды")}
		for _, result := range w.send(from, both...) { // and in one batch
			took(t, result)
		}
		if len(w.vk.posts(vk.ID)) != 1 || len(w.max.Posts(max.ID)) != 1 {
			t.Errorf("VK has %d posts, MAX has %d", len(w.vk.posts(vk.ID)), len(w.max.Posts(max.ID)))
		}
		posts, _ := w.chats.book().posts(t.Context(), vk)
		if len(posts) != 1 || len(posts[0].Houses) != 2 {
			t.Errorf("remembered: %+v", posts)
		}
	})
}

// TestOutage follows outages of one house through their posts: what is pinned, and what answers what.
func TestOutage(t *testing.T) {
	w := newWorld(t)
	vk, max := w.vkAt(1, houseA), w.maxAt(1, houseA)
	campaign := 0
	post := func(template, reference, service string) {
		t.Helper()
		campaign++
		id := engine.CampaignID(strings.Repeat("c", campaign))
		from := w.sender(id, engine.KindOutage, template, map[string]any{"service": service})
		from.Campaign.Reference = reference
		took(t, w.send(from, to(id, 1, houseA, template+" "+service))[0])
	}
	check := func(what string, pinned, answers int64) {
		t.Helper()
		posts, mirror := w.vk.posts(vk.ID), w.max.Posts(max.ID)
		last := posts[len(posts)-1]
		if got := w.vk.pin(vk.ID); got != pinned || last.answers != answers {
			t.Errorf("%s: VK has %d pinned, want %d; the last post answers %d, want %d", what, got, pinned, last.answers, answers)
		}
		at := func(n int64) string {
			if n == 0 {
				return ""
			}
			return mirror[n-1].MID
		}
		if got, _ := w.max.Pins(max.ID); got != at(pinned) || mirror[len(mirror)-1].Answers != at(answers) {
			t.Errorf("%s: MAX has %q pinned, want %q; the last post answers %q, want %q", what, got, at(pinned), mirror[len(mirror)-1].Answers, at(answers))
		}
	}
	post("outage-planned", "r1", "Вода")
	check("a planned outage is pinned", 1, 0)
	post("outage-urgent", "r2", "Свет")
	check("a second outage is pinned over it", 2, 0)
	post("outage-planned", "r1", "Вода")
	check("an outage told anew answers its first post", 3, 1)
	post("outage-restored", "r1", "Вода")
	check("restored, and the other outage has the pin again", 2, 3)
	post("outage-restored", "", "свет")
	check("restored without a reference, by its service", 0, 2)
	post("outage-restored", "", "Тепло")
	check("restored what nobody told of", 0, 0)
	post("outage-urgent", "", "Лифт")
	check("an outage without a reference", 7, 0)
	if w.vk.set(func() { w.vk.chats[vk.ID].pinned = 99 }); true {
		w.max.Say(max.ID, "Субботник!", true)
	}
	theirs, _ := w.max.Pins(max.ID)
	post("outage-restored", "", "")
	if mine, _ := w.max.Pins(max.ID); w.vk.pin(vk.ID) != 99 || mine != theirs {
		t.Error("the pin of somebody else was taken off")
	}
	from := w.sender("meeting", engine.KindMeeting, "meeting-planned", nil)
	took(t, w.send(from, to("meeting", 1, houseA, "Собрание"))[0])
	if w.vk.pin(vk.ID) != 99 {
		t.Error("a meeting was pinned")
	}
}

// TestPinFails: a post whose pin fails is a post all the same; what fails for a moment is tried again.
func TestPinFails(t *testing.T) {
	w := newWorld(t)
	vk, max := w.vkAt(1, houseA), w.maxAt(1, houseA)
	w.vk.set(func() { w.vk.pinErr = 925 })
	w.max.Admin(max.ID, false)
	took(t, w.send(w.outage("c1", "outage-planned", "r"), to("c1", 1, houseA, "Нет воды"))[0])
	if !isOpen(w.chat(vk)) || !isOpen(w.chat(max)) {
		t.Error("a chat was lost for a pin")
	}
	if len(w.vk.posts(vk.ID)) != 1 || w.vk.pin(vk.ID) != 0 {
		t.Error("VK has something else than a post without a pin")
	}
}

// TestPinAfterCrash: who is asked again for a post that was made sees to its pin, unless the outage is over.
func TestPinAfterCrash(t *testing.T) {
	w := newWorld(t)
	vk := w.vkAt(1, houseA)
	w.vk.set(func() { w.vk.pinErr = 15 })
	from, msg := w.outage("c1", "outage-planned", "r"), to("c1", 1, houseA, "Нет воды")
	took(t, w.send(from, msg)[0])
	w.vk.set(func() { w.vk.pinErr = 0 })
	took(t, w.send(from, msg)[0])
	if w.vk.pin(vk.ID) != 1 {
		t.Error("the pin was not made up for")
	}
	took(t, w.send(w.outage("c2", "outage-restored", "r"), to("c2", 1, houseA, "Вода есть"))[0])
	took(t, w.send(from, msg)[0])
	if pinned := w.vk.pin(vk.ID); pinned != 0 || len(w.vk.posts(vk.ID)) != 2 {
		t.Errorf("%d is pinned after the outage, and there are %d posts", pinned, len(w.vk.posts(vk.ID)))
	}
}

// TestForbidden: what never gets into a house chat.
func TestForbidden(t *testing.T) {
	w := newWorld(t)
	vk := w.vkAt(1, houseA)
	for _, kind := range []engine.Kind{engine.KindBill, engine.KindDebt, engine.KindStatus, engine.KindReport} {
		failed(t, w.send(w.sender("c1", kind, "x", nil), to("c1", 1, houseA, "Счёт"))[0], engine.BadMessage, "kind")
	}
	failed(t, w.send(w.outage("c2", "outage-planned", ""), to("c2", 1, houseA, ""))[0], engine.BadMessage, "empty")
	failed(t, w.send(w.outage("c2", "outage-planned", ""), to("c2", 1, houseA, strings.Repeat("ы", 4097)))[0], engine.BadMessage, "too long")
	result := w.send(w.outage("c3", "outage-planned", ""), to("c3", 1, houseA, "Воды нет, Аркадий!"))[0]
	failed(t, result, engine.BadMessage, "personal data")
	if strings.Contains(result.Fault.Error(), "Аркадий") {
		t.Errorf("the fault tells the name: %v", result.Fault)
	}
	if n := len(w.vk.posts(vk.ID)); n > 0 {
		t.Errorf("%d posts were made", n)
	}
}

// TestAds: an ad says that it is one, whose, and under which number, and no chat has more of them than the provider allows.
func TestAds(t *testing.T) {
	w := newWorld(t)
	vk := w.vkAt(1, houseA, houseB)
	vars := map[string]any{"erid": "2VtzqwX", "advertiser": "ООО «Окна»"}
	fine := "Новые окна. Реклама. Рекламодатель: ООО «Окна». erid: 2VtzqwX"
	for name, text := range map[string]string{
		"no erid": "Реклама. ООО «Окна».", "no word": "ООО «Окна». erid: 2VtzqwX", "no advertiser": "Реклама. erid: 2VtzqwX", "another word": "Рекламация ООО «Окна» 2VtzqwX",
	} {
		t.Run(name, func(t *testing.T) {
			failed(t, w.send(w.sender("bad", engine.KindAd, "ad-offer", vars), to("bad", 1, houseA, text))[0], engine.BadMessage, "ad")
		})
	}
	failed(t, w.send(w.sender("bad", engine.KindAd, "ad-offer", nil), to("bad", 1, houseA, fine))[0], engine.BadMessage, "ad")
	send := func(id engine.CampaignID, house string) engine.Result {
		return w.send(w.sender(id, engine.KindAd, "ad-offer", vars), to(id, 1, house, fine))[0]
	}
	w.vk.set(func() { w.vk.errors = []int{6} })
	failed(t, send("ad0", houseA), engine.Throttled, "VK 6") // does not count
	took(t, send("ad1", houseA))
	took(t, send("ad1", houseB)) // the same post
	took(t, send("ad2", houseB))
	failed(t, send("ad3", houseA), engine.Refused, engine.SettingFrequency)
	if n := len(w.vk.posts(vk.ID)); n != 2 {
		t.Errorf("%d ads in the chat, 2 are allowed", n)
	}
}

// TestButtons are shown below the post, as far as the networks take them.
func TestButtons(t *testing.T) {
	w := newWorld(t)
	vk, max := w.vkAt(1, houseA), w.maxAt(1, houseA)
	msg := to("c1", 1, houseA, "Собрание: https://v.ru/1")
	msg.Content.Buttons = []engine.Button{{Label: "Подробнее", URL: "https://v.ru/1"}, {Label: strings.Repeat("ы", 200), URL: "https://v.ru/2"}}
	took(t, w.send(w.sender("c1", engine.KindMeeting, "meeting-planned", nil), msg)[0])
	if got := w.max.Posts(max.ID)[0].Buttons; len(got) != 1 || got[0] != (maxtest.Button{Type: "link", Text: "Подробнее", URL: "https://v.ru/1"}) {
		t.Errorf("MAX shows %v", got)
	}
	if got, want := w.vk.posts(vk.ID)[0].keyboard, `{"buttons":[[{"action":{"label":"Подробнее","link":"https://v.ru/1","type":"open_link"}}]],"inline":true}`; got != want {
		t.Errorf("VK shows %s", got)
	}
}
