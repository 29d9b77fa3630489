package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"vestnik/engine"
)

// NewHouseChat is a house chat as it is to be.
type NewHouseChat struct {
	ID      string         `json:"id,omitempty"` // your name for it; empty: made of the network and the first house
	Network engine.Network `json:"network"`
	Title   string         `json:"title,omitempty"`
	Houses  []string       `json:"houses"`             // GUIDs in ФИАС
	NewCode bool           `json:"new_code,omitempty"` // also for a chat that is open
}

// HouseChat is a house chat as it is now.
type HouseChat struct {
	ID      string           `json:"id"`
	Network engine.Network   `json:"network"`
	Title   string           `json:"title"`
	Houses  []string         `json:"houses"`
	State   engine.ChatState `json:"state"`
	Code    string           `json:"code"` // to be posted in the chat by one of its administrators
	Joined  time.Time        `json:"joined_at"`
	Lost    time.Time        `json:"lost_at"`
	Why     string           `json:"why"` // it was lost, in the network's words
}

// PutHouseChats adds house chats, or changes those that have these names, and gives them with their link codes.
func (c *Client) PutHouseChats(ctx context.Context, list ...NewHouseChat) ([]HouseChat, error) {
	body, err := json.Marshal(map[string]any{"items": list})
	if err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	page, err := ask[Page[HouseChat]](ctx, c, request{
		method: http.MethodPut, path: "/v1/house-chats", body: body, header: http.Header{"Content-Type": {"application/json"}},
	})
	return page.Items, err
}

// HouseChats gives one page of the house chats; an empty cursor begins, limit 0 leaves the size to the server.
func (c *Client) HouseChats(ctx context.Context, cursor string, limit int) (Page[HouseChat], error) {
	return ask[Page[HouseChat]](ctx, c, get(paging(nil, cursor, limit), "v1", "house-chats"))
}
