package vk

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"vestnik/engine"
)

// The provider's settings about what VK tells.
const (
	SettingSecret       = "vk.secret"       // of the Callback API server
	SettingConfirmation = "vk.confirmation" // the text that VK wants to hear from it
	SettingEvents       = "vk.events"       // EventsByHook, EventsByPoll; empty: EventsByHook
)

// The ways in which VK tells events.
const (
	EventsByHook = "hook" // the Callback API
	EventsByPoll = "poll" // Bots Long Poll, for those who have no public address
)

// Serves reports whether the provider has a token of a community; see engine.Selective. One whose settings are wrong otherwise is served:
// its messages fail until they are mended.
func (c *Channel) Serves(p engine.Provider) bool { return p.Setting(SettingToken) != "" }

// Polled reports whether the provider's events are to be asked for, by Poll.
func Polled(p engine.Provider) bool {
	return p.Setting(SettingToken) != "" && p.Setting(SettingEvents) == EventsByPoll
}

// HookOf makes the provider's hook; see NewHook. A provider without a secret has none.
func HookOf(p engine.Provider, take func(context.Context, []Event) error) (http.Handler, error) {
	group, err := strconv.ParseInt(p.Setting(SettingGroup), 10, 64)
	if err != nil {
		return nil, errors.New("the provider's " + SettingGroup + " is not the number of a community")
	}
	return NewHook(HookConfig{Group: group, Secret: p.Setting(SettingSecret), Confirmation: p.Setting(SettingConfirmation), Take: take})
}

// Ask tells for each of the people whether the provider's community may write to them; see engine.Asker and Allowed.
func (c *Channel) Ask(ctx context.Context, from engine.Provider, people []engine.Recipient) ([]engine.SignalKind, error) {
	users := make([]int64, len(people))
	for i := range people {
		users[i] = people[i].VKID
	}
	known, err := c.Allowed(ctx, from, users)
	if err != nil {
		return nil, err
	}
	words := map[bool]engine.SignalKind{true: engine.SignalAllow, false: engine.SignalDeny}
	answers := make([]engine.SignalKind, len(people))
	for i, user := range users {
		if may, told := known[user]; told {
			answers[i] = words[may]
		}
	}
	return answers, nil
}
