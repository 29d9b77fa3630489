package e2e

import (
	"os"
	"path/filepath"
	"slices"

	"vestnik/api/client"
	"vestnik/channels/housechat/maxtest"
	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

// square is the messengers around a town's houses, with a provider that has a community in VK and a bot in MAX.
type square struct {
	*town
	client *client.Client
	vk     *vktest.Server
	max    *maxtest.Server
}

// newSquare opens both messengers and gives a provider its bots; a process of the binary runs already, and hears what they tell.
func (w *town) newSquare() *square {
	w.Helper()
	s := &square{town: w}
	var err error
	if s.vk, err = vktest.Start(vktest.Options{Rate: -1}); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(s.vk.Close)
	if s.max, err = maxtest.Start(maxtest.Options{PerSecond: -1, PerChat: -1}); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(s.max.Close)
	own := s.vk.Settings()
	id := w.must("provider", "add", "--name", "УК «Ромашка»", "--inn", "7701234567", "email.from=bills@utility.example", "quiet_hours=off",
		"vk.group_id="+own["vk.group_id"], "vk.api_url="+own["vk.api_url"], "vk.token_file="+w.secretFile(own["vk.token"]),
		"vk.secret_file="+w.secretFile("s3cret"), "vk.confirmation=c0nfirm", "max.token_file="+w.secretFile(s.max.Token()), "max.api_url="+s.max.URL())
	s.client = w.caller(w.must("key", "create", "--provider", id, "--role", "provider"))
	w.await("VK's door", func() bool { return s.vk.Door(w.url+"/hooks/vk/"+id, "s3cret", "c0nfirm") == nil })
	w.await("the subscription in MAX", func() bool { return s.max.Subscribed() == 1 })
	return s
}

// secretFile writes a secret into a file of its own.
func (w *town) secretFile(secret string) string {
	w.Helper()
	file, err := os.CreateTemp(w.dir, "secret")
	if err == nil {
		_, err = file.WriteString(secret)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		w.Fatal(err)
	}
	return filepath.Clean(file.Name())
}

// join has an administrator of a group in MAX bind it to houses by its link code.
func (s *square) join(group int64, homes ...string) {
	s.Helper()
	list, err := s.client.PutHouseChats(s.Context(), client.NewHouseChat{Network: engine.NetworkMAX, Houses: homes})
	if err != nil {
		s.Fatal(err)
	}
	s.max.TakeIn(group)
	s.max.Say(group, "Код чата "+list[0].Code, false)
	s.awaitState(list[0].ID, engine.ChatOpen)
}

// joinVK does the same with the n-th chat of the community, and gives its peer.
func (s *square) joinVK(n int64, homes ...string) int64 {
	s.Helper()
	list, err := s.client.PutHouseChats(s.Context(), client.NewHouseChat{Network: engine.NetworkVK, Houses: homes})
	if err != nil {
		s.Fatal(err)
	}
	peer := s.vk.OpenChat(n)
	s.vk.SayInChat(peer, list[0].Code)
	s.awaitState(list[0].ID, engine.ChatOpen)
	return peer
}

// chat gives a chat as the API tells of it.
func (s *square) chat(id string) (found client.HouseChat) {
	page, err := s.client.HouseChats(s.Context(), "", 0)
	if at := slices.IndexFunc(page.Items, func(c client.HouseChat) bool { return c.ID == id }); err == nil && at >= 0 {
		found = page.Items[at]
	}
	return found
}

func (s *square) awaitState(id string, state engine.ChatState) {
	s.Helper()
	s.await("the chat is "+string(state), func() bool { return s.chat(id).State == state })
}

// chatsFirst is a route over house chats, and by e-mail for those whom they do not reach.
var chatsFirst = &engine.Route{Lanes: []engine.Lane{{{Channel: engine.HouseChat}, {Channel: engine.Email}}}}

// tell orders the news of an outage for the people.
func (s *square) tell(list []person) engine.CampaignID {
	s.Helper()
	campaign, err := s.client.CreateCampaign(s.Context(), client.Order{
		Name: "Вода есть", Kind: engine.KindOutage, Template: "outage-restored", Route: chatsFirst, Vars: map[string]any{"service": "Холодная вода"},
	})
	if err != nil {
		s.Fatal(err)
	}
	s.add(s.client, campaign.ID, list)
	s.start(s.client, campaign.ID)
	return campaign.ID
}

// posted counts our posts in a group of MAX and in a chat of VK.
func (s *square) posted(group int64) (n int) {
	for _, p := range s.max.Posts(group) {
		if p.Bot {
			n++
		}
	}
	return n
}

func (s *square) postedVK(peer int64) (n int) {
	for _, p := range s.vk.ChatPosts(peer) {
		if p.Own {
			n++
		}
	}
	return n
}

// wantReach compares over which channels people were reached, whose ledger is settled.
func (s *square) wantReach(c client.Campaign, chats, letters int64) {
	s.Helper()
	if got := c.Channels; got[engine.HouseChat].Sent != chats || got[engine.Email].Sent != letters {
		s.Errorf("reached in house chats %d, by e-mail %d; want %d and %d", got[engine.HouseChat].Sent, got[engine.Email].Sent, chats, letters)
	}
}
