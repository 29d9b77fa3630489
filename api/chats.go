package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"vestnik/engine"
)

// mostHouses is how many houses one chat may serve.
const mostHouses = 500

// chatName is what a provider may call a chat.
var chatName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,79}$`)

// chatView is a house chat as it is told.
type chatView struct {
	ID      string           `json:"id"`
	Network engine.Network   `json:"network"`
	Title   string           `json:"title,omitempty"`
	Houses  []string         `json:"houses"`
	State   engine.ChatState `json:"state"`
	Code    string           `json:"code,omitempty"`      // to be posted in the chat
	Joined  time.Time        `json:"joined_at,omitzero"`  //
	Lost    time.Time        `json:"lost_at,omitzero"`    //
	Why     string           `json:"why,omitempty"`       // it was lost
	Made    time.Time        `json:"created_at,omitzero"` //
}

func viewOfChat(c *engine.Chat) chatView {
	return chatView{ID: c.ID, Network: c.Place.Network, Title: c.Title, Houses: c.Houses, State: c.State(), Code: c.Code,
		Joined: c.Joined, Lost: c.Lost, Why: c.Why, Made: c.Made}
}

// wantedChat is a house chat as a provider wants it to be.
type wantedChat struct {
	id, title string
	network   engine.Network
	houses    []string
	anew      bool // a new link code, whatever state it is in
}

// chat reads one. Without a name it is called by its network and its first house, so that the same request twice is about the same chat.
func (o *object) chat() (w wantedChat) {
	w.id, w.title, w.anew = o.chatID(optional), strings.TrimSpace(o.text("title", optional, 200)), o.flag("new_code")
	if w.network = engine.Network(o.text("network", required, 20)); w.network != "" && !w.network.Known() {
		o.wrong("network", "unknown", strings.Join(names(engine.Networks()), ", "))
	}
	var list []string
	raw, there := o.take("houses", required)
	switch {
	case !there:
	case json.Unmarshal(raw, &list) != nil:
		o.wrong("houses", "type", say(o.language, "want_array"))
	case len(list) == 0:
		o.wrong("houses", "missing")
	case len(list) > mostHouses:
		o.wrong("houses", "too_many_houses", mostHouses)
	default:
		for i, text := range list {
			house := o.spelled(fmt.Sprintf("houses[%d]", i), map[string]string{"account": "0", "house": text}).House
			if !slices.Contains(w.houses, house) {
				w.houses = append(w.houses, house)
			}
		}
	}
	if len(w.houses) > 0 && w.id == "" {
		w.id = string(w.network) + "-" + w.houses[0]
	}
	return w
}

// chatID reads the name of a chat.
func (o *object) chatID(required bool) string {
	id := o.text("id", required, 80)
	if id != "" && !chatName.MatchString(id) {
		o.wrong("id", "chat_name")
	}
	return id
}

// listChats lists a page of the provider's house chats, all of them or those of a house or in a state.
func (s *Server) listChats(c echo.Context) error {
	q := readQuery(c)
	key := engine.ChatKey{State: engine.ChatState(q.word("state", names(engine.ChatStates())...))}
	if q.values.Has("house") {
		key.House = q.object().spelled("house", map[string]string{"account": "0", "house": q.take("house")}).House
	}
	limit, cursor := q.limit(), q.take("cursor")
	if cursor != "" && !chatName.MatchString(cursor) {
		q.wrong("cursor", "cursor")
	}
	if err := q.close(); err != nil {
		return err
	}
	found, next, err := s.config.Engine.Stores.Chats.FindChats(c.Request().Context(), caller(c).Provider, key, cursor, limit)
	if err != nil {
		return fmt.Errorf("list the house chats: %w", err)
	}
	answer := page[chatView]{Items: []chatView{}, Next: next}
	for i := range found {
		answer.Items = append(answer.Items, viewOfChat(&found[i]))
	}
	return c.JSON(http.StatusOK, answer)
}

// putChats adds house chats, or changes their titles and houses.
func (s *Server) putChats(c echo.Context) error {
	_, o, err := readForm(c)
	if err != nil {
		return err
	}
	var list []wantedChat
	err = o.each(maxEntries, func(item *object) { list = append(list, item.chat()) })
	if err = cmp.Or(err, o.err()); err != nil {
		return err
	}
	answer := page[chatView]{Items: []chatView{}}
	for _, wanted := range list {
		chat, err := s.putChat(c.Request().Context(), caller(c).Provider, wanted)
		if err != nil {
			return err
		}
		answer.Items = append(answer.Items, viewOfChat(&chat))
	}
	return c.JSON(http.StatusOK, answer)
}

// putChat writes one. A chat that nobody has joined, or that was lost, has a link code.
func (s *Server) putChat(ctx context.Context, owner engine.ProviderID, w wantedChat) (engine.Chat, error) {
	chats := s.config.Engine.Stores.Chats
	for {
		chat, err := chats.ChangeChat(ctx, owner, w.id, func(c *engine.Chat) error {
			if c.Place.Network != w.network {
				return fail(http.StatusConflict, "other_network", c.ID, string(c.Place.Network))
			}
			c.Title, c.Houses = w.title, w.houses
			if w.anew || c.Code == "" && c.State() != engine.ChatOpen {
				c.Code = engine.NewChatCode()
			}
			return nil
		})
		if !errors.Is(err, engine.ErrNotFound) {
			return chat, err
		}
		chat = engine.Chat{
			ID: w.id, Place: engine.ChatPlace{Network: w.network}, Title: w.title, Houses: w.houses, Code: engine.NewChatCode(),
			Made: time.Now().UTC().Truncate(time.Millisecond),
		}
		if err = chats.AddChat(ctx, owner, chat); !errors.Is(err, engine.ErrConflict) {
			return chat, err
		}
	}
}

// dropChats forgets house chats: nothing is posted there any more.
func (s *Server) dropChats(c echo.Context) error {
	o, err := readEither(c, "id")
	if err != nil {
		return err
	}
	var list []string
	err = o.each(maxEntries, func(item *object) { list = append(list, item.chatID(required)) })
	if err = cmp.Or(err, o.err()); err != nil {
		return err
	}
	for _, id := range list {
		err := s.config.Engine.Stores.Chats.RemoveChat(c.Request().Context(), caller(c).Provider, id)
		if err != nil && !errors.Is(err, engine.ErrNotFound) {
			return fmt.Errorf("forget a house chat: %w", err)
		}
	}
	return c.NoContent(http.StatusNoContent)
}

// gaugeChats has the house chats of all providers counted whenever metrics are read: those that were lost are somebody's work.
func (s *Server) gaugeChats() error {
	stores := s.config.Engine.Stores
	err := s.config.Metrics.Add(Gauge{
		Name: "vestnik_house_chats", Help: "House chats of all providers by state: a lost one takes no posts until somebody does something about it.", Label: "state",
		Read: func(ctx context.Context) (map[string]float64, error) {
			counts := map[string]float64{}
			for _, state := range engine.ChatStates() {
				counts[string(state)] = 0
			}
			providers, err := stores.Registry.Providers(ctx)
			if err != nil {
				return nil, err
			}
			for _, p := range providers {
				found, err := stores.Chats.CountChats(ctx, p.ID)
				if err != nil {
					return nil, err
				}
				for state, n := range found {
					counts[string(state)] += float64(n)
				}
			}
			return counts, nil
		},
	})
	if _, there := errors.AsType[prometheus.AlreadyRegisteredError](err); there {
		return nil
	}
	return err
}
