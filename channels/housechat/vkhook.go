package housechat

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"vestnik/engine"
)

// NewVKHook makes the door for the events of a provider's VK community that tell about chats; a community may have up to ten Callback API
// servers, and this one needs only "message_new" in version 5.199; with Next it shares one with somebody else. It does for VK what NewMAXHook
// does for MAX.
func NewVKHook(cfg HookConfig) (http.Handler, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := read(w, r)
		if !ok {
			return
		}
		var event vkEvent
		switch err := json.Unmarshal(body, &event); {
		case cfg.Next != nil && (err != nil || !event.inChat()):
			r = r.Clone(r.Context())
			r.Body = io.NopCloser(bytes.NewReader(body))
			cfg.Next.ServeHTTP(w, r)
		case err != nil || event.Type == "":
			answer(w, &cfg, errEvent, "")
		case event.GroupID != cfg.GroupID || !same(event.Secret, cfg.Secret):
			http.Error(w, "wrong secret", http.StatusForbidden)
		case event.Type == "confirmation":
			answer(w, &cfg, nil, cfg.Confirmation)
		default:
			answer(w, &cfg, event.work(r.Context(), &cfg), "ok")
		}
	}), nil
}

// vkEvent is an event of the Callback API, as far as chats are concerned (schema 5.199, callback_message_new).
type vkEvent struct {
	Type    string `json:"type"`
	GroupID int64  `json:"group_id"`
	Secret  string `json:"secret"`
	Object  struct {
		Message struct {
			PeerID int64  `json:"peer_id"`
			FromID int64  `json:"from_id"`
			Text   string `json:"text"`
			Date   int64  `json:"date"` // seconds since 1970
			Action *struct {
				Type     string `json:"type"`
				MemberID int64  `json:"member_id"`
			} `json:"action"`
		} `json:"message"`
	} `json:"object"`
}

// inChat reports whether the event is a message in a chat.
func (e *vkEvent) inChat() bool { return e.Type == "message_new" && e.Object.Message.PeerID > vkChats }

func (e *vkEvent) work(ctx context.Context, cfg *HookConfig) error {
	m := &e.Object.Message
	at := happened(time.Unix(m.Date, 0))
	place := engine.ChatPlace{Network: engine.NetworkVK, ID: m.PeerID}
	switch {
	case !e.inChat():
		return nil
	case m.Action == nil && m.FromID > 0: // communities have numbers below zero
		return join(ctx, cfg, m.Text, place, at)
	case m.Action == nil || m.Action.MemberID != -cfg.GroupID:
		return nil
	case m.Action.Type == "chat_kick_user":
		return cfg.lose(ctx, place, "chat_kick_user", at)
	case m.Action.Type == "chat_invite_user":
		return cfg.lose(ctx, place, "", at)
	}
	return nil
}
