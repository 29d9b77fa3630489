package house_test

import (
	"fmt"
	"strings"
	"testing"

	"vestnik/api/client"
	"vestnik/channels/housechat"
	"vestnik/channels/housechat/maxtest"
	"vestnik/channels/vk"
	"vestnik/channels/vk/vktest"
	"vestnik/cmd/vestnik/house"
	"vestnik/engine"
)

const (
	houseA = "0c5b2444-70a0-4932-980c-b4dc0d3f02b5"
	houseB = "5c8b06f1-518e-496e-b683-7bf917e0d70b"
	houseC = "9b0f6a52-5d0e-4a77-8c4e-0d1c0a6a1b11"
)

// square is a house with its provider's two messengers around it: one chat of VK and one of MAX, both of houses A and B.
type square struct {
	*house.House
	t      *testing.T
	caller *client.Client
	vk     *vktest.Server
	max    *maxtest.Server
	inVK   int64
	inMAX  int64
}

// newSquare opens both chats by their link codes, over the doors that a real provider has, or by asking for events.
func newSquare(t *testing.T, way string) *square {
	c, _ := setting(t)
	s := &square{t: t, House: start(t, c), inMAX: -71}
	s.caller = enter(t, s.House, c.Secret)
	var err error
	if s.max, err = maxtest.Start(maxtest.Options{PerSecond: -1, PerChat: -1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.max.Close)
	s.vk = community(t, s.House, map[string]string{"max.token": s.max.Token(), "max.api_url": s.max.URL(), vk.SettingEvents: way, housechat.SettingMAXEvents: way})
	s.inVK = s.vk.OpenChat(1)
	if way == vk.EventsByPoll {
		await(t, "polls", func() bool { return s.vk.Polls() > 0 && s.max.Polls() > 0 })
	} else {
		if err := s.vk.Door("http://"+s.Addr+"/hooks/vk/p", hookSecret, hookConfirmation); err != nil {
			t.Fatal(err)
		}
		await(t, "the subscription in MAX", func() bool { return s.max.Subscribed() == 1 })
	}
	chats := must(s.caller.PutHouseChats(t.Context(), client.NewHouseChat{ID: "vk", Network: engine.NetworkVK, Houses: []string{houseA, houseB}},
		client.NewHouseChat{ID: "max", Network: engine.NetworkMAX, Houses: []string{houseA, houseB}}))
	s.vk.TakeIn(s.inVK)
	s.vk.SayInChat(s.inVK, "Код: "+chats[0].Code)
	s.max.TakeIn(s.inMAX)
	s.max.Say(s.inMAX, chats[1].Code, false)
	s.await("open", engine.ChatOpen)
	return s
}

// await waits until both chats are in a state.
func (s *square) await(what string, state engine.ChatState) {
	s.t.Helper()
	await(s.t, what, func() bool {
		page := must(s.caller.HouseChats(s.t.Context(), "", 0))
		return len(page.Items) == 2 && page.Items[0].State == state && page.Items[1].State == state
	})
}

// tell orders an outage's text for three residents of A, two of B and one of C, which has no chat.
func (s *square) tell(template, reference string, vars map[string]any) engine.Balance {
	s.t.Helper()
	vars["service"] = "Холодная вода"
	campaign := must(s.caller.CreateCampaign(s.t.Context(), client.Order{Name: template, Kind: engine.KindOutage, Template: template, Reference: reference,
		Route: &engine.Route{Lanes: []engine.Lane{{{Channel: engine.HouseChat}}}}, Vars: vars}))
	list := strings.Builder{}
	list.WriteString("account,name,house,premises\n")
	for i, house := range []string{houseA, houseA, houseA, houseB, houseB, houseC} {
		fmt.Fprintf(&list, "77000000%02d,Сидоров Аркадий,%s,%d\n", i, house, i+100)
	}
	must(s.caller.PutRecipients(s.t.Context(), campaign.ID, client.Audience{Type: client.CSV, Body: strings.NewReader(list.String())}))
	must(s.caller.Start(s.t.Context(), campaign.ID))
	await(s.t, template, func() bool {
		campaign = must(s.caller.Campaign(s.t.Context(), campaign.ID))
		return campaign.Status == engine.StatusCompleted
	})
	return campaign.Ledger
}

// posts gives what we have posted in the two chats, in the words of MAX's.
func (s *square) posts() (vk []vktest.ChatPost, max []maxtest.Post) {
	for _, p := range s.vk.ChatPosts(s.inVK) {
		if p.Own {
			vk = append(vk, p)
		}
	}
	for _, p := range s.max.Posts(s.inMAX) {
		if p.Bot {
			max = append(max, p)
		}
	}
	return vk, max
}

// TestAnOutageInHouseChats follows an outage through both chats: told and pinned, prolonged in an answer that is pinned in its place, over in an
// answer, with the pin taken off. Two houses share each chat and are told once; the third has none and is passed over.
func TestAnOutageInHouseChats(t *testing.T) {
	s := newSquare(t, vk.EventsByHook)
	reached := engine.Balance{Ordered: 6, Delivered: 5, Undelivered: 1}
	check := func(step string, n int) {
		t.Helper()
		vk, max := s.posts()
		if len(vk) != n || len(max) != n {
			t.Fatalf("%s: %d posts in VK and %d in MAX, want %d", step, len(vk), len(max), n)
		}
		lasts := step != "restored"
		if last := n - 1; vk[last].Pinned != lasts || max[last].Pinned != lasts {
			t.Errorf("%s: pinned in VK %t, in MAX %t", step, vk[last].Pinned, max[last].Pinned)
		} else if last > 0 && (vk[last].Answers != vk[last-1].ID || max[last].Answers != max[last-1].MID || vk[last-1].Pinned || max[last-1].Pinned) {
			t.Errorf("%s does not answer what came before, or leaves it pinned: %+v %+v", step, vk, max)
		}
	}
	from := map[string]any{"from": "2027-01-10T09:00:00+03:00", "to": "2027-01-10T18:00:00+03:00", "reason": "Замена задвижки"}
	if got := s.tell("outage-planned", "remont-17", from); got != reached {
		t.Errorf("told: %+v", got)
	}
	check("told", 1)
	from["to"] = "2027-01-11T18:00:00+03:00"
	if got := s.tell("outage-planned", "remont-17", from); got != reached {
		t.Errorf("prolonged: %+v", got)
	}
	check("prolonged", 2)
	if got := s.tell("outage-restored", "remont-17", map[string]any{}); got != reached {
		t.Errorf("restored: %+v", got)
	}
	check("restored", 3)
}

// TestChatsAreLostAndFound puts the bots out, which the networks tell, at our doors or when asked: nothing is posted any more, and residents are refused over this channel;
// taken in again, all is well.
func TestChatsAreLostAndFound(t *testing.T) {
	for _, way := range []string{vk.EventsByHook, vk.EventsByPoll} {
		t.Run(way, func(t *testing.T) { loseAndFind(t, way) })
	}
}

func loseAndFind(t *testing.T, way string) {
	s := newSquare(t, way)
	s.vk.PutOut(s.inVK, true)
	s.max.PutOut(s.inMAX, true)
	s.await("lost", engine.ChatLost)
	if got := s.tell("outage-restored", "", map[string]any{}); got.Undelivered != 6 {
		t.Errorf("while the chats are lost: %+v", got)
	}
	if _, text := fetch(t, "http://"+s.Addr+"/metrics"); !strings.Contains(text, `vestnik_house_chats{state="lost"} 2`) {
		t.Error("the metrics do not tell of lost chats")
	}
	s.vk.TakeIn(s.inVK)
	s.max.TakeIn(s.inMAX)
	s.await("found", engine.ChatOpen)
	if got := s.tell("outage-restored", "", map[string]any{}); got.Delivered != 5 {
		t.Errorf("after they were found: %+v", got)
	}
	if polls := s.max.Polls() > 0; polls != (way == vk.EventsByPoll) || s.max.Subscribed() > 0 == polls {
		t.Errorf("MAX was asked: %t, at %d addresses it tells", polls, s.max.Subscribed())
	}
	if vk, max := s.posts(); len(vk) != 1 || len(max) != 1 {
		t.Errorf("%d posts in VK, %d in MAX", len(vk), len(max))
	}
}

// TestHooksOfMAX: a stranger's events, and those for providers without a bot, are refused.
func TestHooksOfMAX(t *testing.T) {
	s := newSquare(t, vk.EventsByHook)
	for address, want := range map[string]int{"/hooks/max/p": 403, "/hooks/max/q": 404, "/hooks/telegram/p": 404} {
		answer := must(s.caller.HTTP.Post("http://"+s.Addr+address, "application/json", strings.NewReader(`{"update_type":"bot_removed","chat_id":-71}`)))
		if _ = answer.Body.Close(); answer.StatusCode != want {
			t.Errorf("%s answers %d, want %d", address, answer.StatusCode, want)
		}
	}
	s.await("still open", engine.ChatOpen)
}
