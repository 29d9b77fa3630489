package console

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"vestnik/engine"
)

// inboxPath is where the messages are.
const inboxPath = home + "/inbox"

// errClosed says that the key's role may not see this.
var errClosed = errors.New("the role may not see this")

// mayRead reports whether the key may see messages: they tell names and addresses, which a viewer's key was not given out for.
func (v *visit) mayRead() bool {
	return v.key.Role == engine.RoleProvider || v.key.Role == engine.RoleOperator
}

// mail is the page of messages.
type mail struct {
	Ask      engine.InboxQuery
	Campaign string // the name of the one that is asked for
	Filtered bool
	Channels []choice
	Kinds    []choice
	Items    []kept
	Newest   string // address of the first page; empty: this is it
	Older    string // address of the next page; empty: this is the last
	Home     string // address without any question
	Base     string // where the API answers
	Live     bool   // real messages are kept, too
}

// choice is one of a list to choose from.
type choice struct {
	Value, Text string
	Chosen      bool
}

// kept is a message in the list.
type kept struct {
	Address                string
	Subject, Kind, Channel string
	To, Person             string
	Class                  string // of the channel
	Files                  string // "1 файл"; empty: none
	Test                   bool
	At                     moment
}

// showInbox shows a page of the messages that were kept, newest first.
func showInbox(v *visit) error {
	if !v.mayRead() {
		return errClosed
	}
	asked := v.r.URL.Query()
	ask := engine.InboxQuery{
		Channel: engine.ChannelName(asked.Get("channel")), Kind: engine.Kind(asked.Get("kind")), Campaign: engine.CampaignID(asked.Get("campaign")),
		Find: asked.Get("q"),
	}
	if v.key.Mode == engine.Test { // it was not given out for real people's mail
		ask.Mode = engine.Test
	}
	heads, next, err := v.stores.Inbox.List(v.r.Context(), v.key.Provider, ask, asked.Get("cursor"), pageLength)
	if err != nil {
		return fmt.Errorf("list the messages: %w", err)
	}
	shown := mail{
		Ask: ask, Filtered: ask.Channel != "" || ask.Kind != "" || ask.Campaign != "" || ask.Find != "", Home: inboxPath, Base: v.PublicURL,
		Live: v.Engine.KeepLive && v.key.Mode != engine.Test, Channels: choices(v, "channel.", engine.ChannelNames(), ask.Channel),
		Kinds: choices(v, "kind.", engine.Kinds(), ask.Kind),
	}
	for _, h := range heads {
		shown.Items = append(shown.Items, v.keptOf(h))
		if ask.Campaign != "" {
			shown.Campaign = h.Name
		}
	}
	cursor := asked.Get("cursor")
	if asked.Del("cursor"); cursor != "" {
		shown.Newest = addressOf(inboxPath, asked)
	}
	if next != "" {
		asked.Set("cursor", next)
		shown.Older = addressOf(inboxPath, asked)
	}
	p := v.page(v.Say("messages"), shown)
	if cursor == "" {
		p.Every = slow.Milliseconds()
	}
	return v.show(http.StatusOK, "inbox", p)
}

// mailOf is where the messages of a campaign are; empty when they are not kept, or the key may not see them.
func (v *visit) mailOf(c engine.Campaign) string {
	if !v.mayRead() || c.Mode != engine.Test && (v.key.Mode == engine.Test || !v.Engine.KeepLive) {
		return ""
	}
	return addressOf(inboxPath, url.Values{"campaign": {string(c.ID)}})
}

// addressOf is a path with a question, or without one if nothing is asked.
func addressOf(path string, ask url.Values) string {
	ask.Del("lang")
	for name, values := range ask {
		if len(values) == 0 || values[0] == "" {
			ask.Del(name)
		}
	}
	if len(ask) == 0 {
		return path
	}
	return path + "?" + ask.Encode()
}

// choices lists what can be asked for.
func choices[T ~string](v *visit, prefix string, names []T, chosen T) (list []choice) {
	for _, name := range names {
		list = append(list, choice{string(name), v.Say(prefix + string(name)), name == chosen})
	}
	return list
}

// files counts files.
var files = noun{"файл", "файла", "файлов", "file", "files"}

func (v voice) keptOf(h engine.KeptHead) kept {
	k := kept{
		Address: inboxPath + "/" + h.ID, Subject: h.Subject, Kind: v.Say("kind." + string(h.Kind)), Channel: v.Say("channel." + string(h.Channel)),
		Class: string(h.Channel), To: h.To, Person: h.Person, Test: h.Mode == engine.Test, At: v.recent(h.At),
	}
	if h.Files > 0 {
		k.Files = v.count(int64(h.Files), files)
	}
	if k.Subject == "" {
		k.Subject = v.Say("no_subject")
	}
	return k
}
