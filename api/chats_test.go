package api

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"vestnik/engine"
)

const bHouse = "5c8b06f1-518e-496e-b683-7bf917e0d70b"

func TestHouseChats(t *testing.T) {
	w := newWorld(t)
	list := func(query string, changes ...with) []chatView {
		t.Helper()
		return read[page[chatView]](w.ask("GET", "/v1/house-chats"+query, "", changes...).want(200)).Items
	}
	put := func(body string, changes ...with) []chatView {
		t.Helper()
		return read[page[chatView]](w.ask("PUT", "/v1/house-chats", body, changes...).want(200)).Items
	}
	if got := list(""); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	added := put(fmt.Sprintf(`{"network":"max","title":"Ленина, 5","houses":[%q,%q]}`, strings.ToUpper(aHouse), aHouse))[0]
	if added.ID != "max-"+aHouse || added.State != engine.ChatWaiting || !regexp.MustCompile(`^dom-[a-z2-7]{12}$`).MatchString(added.Code) || len(added.Houses) != 1 || added.Made.IsZero() {
		t.Errorf("%+v", added)
	}
	again := put(fmt.Sprintf(`{"network":"max","houses":[%q,%q]}`, aHouse, bHouse))[0]
	if again.ID != added.ID || again.Code != added.Code || len(again.Houses) != 2 || again.Title != "" {
		t.Errorf("put again it is %+v", again)
	}
	many := put(fmt.Sprintf(`{"items":[{"id":"b","network":"vk","houses":[%q]},{"id":"c","network":"vk","houses":[%q]}]}`, bHouse, aHouse))
	if len(many) != 2 || many[0].ID != "b" || many[1].ID != "c" || many[0].Code == many[1].Code {
		t.Errorf("%+v", many)
	}
	if got := list("?house=" + strings.ToUpper(bHouse)); len(got) != 2 {
		t.Errorf("of a house: %+v", got)
	}
	first := read[page[chatView]](w.ask("GET", "/v1/house-chats?limit=2", "").want(200))
	if rest := list("?cursor=" + first.Next); len(first.Items) != 2 || first.Next != "c" || len(rest) != 1 || rest[0].ID != added.ID {
		t.Errorf("pages: %+v, then %+v", first, rest)
	}
	w.ask("PUT", "/v1/house-chats", fmt.Sprintf(`{"id":"b","network":"max","houses":[%q]}`, bHouse)).want(409)

	now := time.Now()
	join := func(c *engine.Chat) error { c.Joined, c.Code, c.Place.ID = now, "", 2_000_000_001; return nil }
	_, err := w.memory.Stores().Chats.ChangeChat(t.Context(), w.owner, "b", join)
	w.must(err)
	if got := put(fmt.Sprintf(`{"id":"b","network":"vk","houses":[%q]}`, aHouse))[0]; got.State != engine.ChatOpen || got.Code != "" || got.Joined.IsZero() {
		t.Errorf("an open one: %+v", got)
	}
	if got := put(fmt.Sprintf(`{"id":"b","network":"vk","houses":[%q],"new_code":true}`, aHouse))[0]; got.State != engine.ChatOpen || got.Code == "" {
		t.Errorf("an open one with a new code: %+v", got)
	}
	_, err = w.memory.Stores().Chats.ChangeChat(t.Context(), w.owner, "b", func(c *engine.Chat) error { c.Lost, c.Why, c.Code = now, "VK 917", ""; return nil })
	w.must(err)
	if got := list("?state=lost"); len(got) != 1 || got[0].Why != "VK 917" || got[0].Lost.IsZero() {
		t.Errorf("lost: %+v", got)
	}
	if text := w.ask("GET", "/metrics", "").want(200).Body.String(); !strings.Contains(text, `vestnik_house_chats{state="lost"} 1`) || !strings.Contains(text, `vestnik_house_chats{state="open"} 0`) {
		t.Error("the metrics do not tell of the lost chat")
	}
	if got := put(fmt.Sprintf(`{"id":"b","network":"vk","houses":[%q]}`, aHouse))[0]; got.State != engine.ChatLost || got.Code == "" {
		t.Errorf("a lost one has no code to join it by: %+v", got)
	}
	w.ask("DELETE", "/v1/house-chats?id=b", "").want(204)
	w.ask("DELETE", "/v1/house-chats", `{"items":[{"id":"b"},{"id":"c"}]}`).want(204)
	if got := list(""); len(got) != 1 || got[0].ID != added.ID {
		t.Errorf("%+v", got)
	}
}

func TestHouseChatsOfAnotherProvider(t *testing.T) {
	w := newWorld(t)
	body := fmt.Sprintf(`{"id":"a","network":"max","houses":[%q]}`, aHouse)
	mine := read[page[chatView]](w.ask("PUT", "/v1/house-chats", body).want(200)).Items[0]
	other := as(w.keys["other"])
	for _, query := range []string{"", "?house=" + aHouse, "?state=waiting"} {
		if got := read[page[chatView]](w.ask("GET", "/v1/house-chats"+query, "", other).want(200)).Items; len(got) != 0 {
			t.Errorf("another provider sees %+v", got)
		}
	}
	if theirs := read[page[chatView]](w.ask("PUT", "/v1/house-chats", body, other).want(200)).Items[0]; theirs.Code == mine.Code {
		t.Error("another provider has the same code")
	}
	w.ask("DELETE", "/v1/house-chats?id=a", "", other).want(204)
	if got := read[page[chatView]](w.ask("GET", "/v1/house-chats", "").want(200)).Items; len(got) != 1 || got[0].Code != mine.Code {
		t.Errorf("another provider changed %+v", got)
	}
	w.ask("PUT", "/v1/house-chats", body, as(w.keys["test"])).want(403)
	w.ask("DELETE", "/v1/house-chats?id=a", "", as(w.keys["viewer"])).want(403)
}

func TestHouseChatsAreRefusedWithEverythingWrong(t *testing.T) {
	w := newWorld(t)
	for body, want := range map[string][]string{
		`{}`: {"network missing", "houses missing"},
		`{"id":"Дом 5","network":"telegram","houses":"x","x":1}`:                                  {"id chat_name", "network unknown", "houses type", "x unknown_field"},
		`{"network":"vk","houses":[]}`:                                                            {"houses missing"},
		`{"items":[{"network":"vk","houses":["x"]},{"id":"a","title":1}]}`:                        {"items[0].houses[0] bad_guid", "items[1].title type", "items[1].network missing", "items[1].houses missing"},
		`{"network":"vk","houses":["` + aHouse + strings.Repeat(`","`+aHouse, mostHouses) + `"]}`: {"houses too_many_houses"},
	} {
		if p := read[problem](w.ask("PUT", "/v1/house-chats", body).want(422)); !reflect.DeepEqual(p.codes(), want) {
			t.Errorf("%s: %q, want %q", body, p.codes(), want)
		}
	}
	for _, query := range []string{"?house=x", "?state=mood", "?cursor=!", "?limit=0", "?x=1"} {
		w.ask("GET", "/v1/house-chats"+query, "").want(422)
	}
	w.ask("DELETE", "/v1/house-chats", "{}").want(422)
	w.ask("DELETE", "/v1/house-chats?id=!", "").want(422)
}
