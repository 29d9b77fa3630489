package client

import (
	"context"
	"time"

	"vestnik/engine"
)

// MessageOrder is one message to one recipient: the body of POST /v1/messages.
type MessageOrder struct {
	Kind      engine.Kind      `json:"kind"`
	Template  string           `json:"template"`
	Recipient engine.Recipient `json:"recipient"`
	Route     *engine.Route    `json:"route,omitempty"`
	Vars      map[string]any   `json:"vars,omitempty"`

	// Once is the Idempotency-Key: the same Once sends the same message. Empty: a new one.
	Once string `json:"-"`
}

// Message is a message that was ordered.
type Message struct {
	ID       engine.CampaignID               `json:"id"`
	Rendered map[engine.ChannelName]Rendered `json:"rendered"` // what the resident would read over each channel
}

// Rendered is a message as one channel shows it.
type Rendered struct {
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html,omitempty"`
}

// SendMessage sends one message now.
func (c *Client) SendMessage(ctx context.Context, o MessageOrder) (Message, error) {
	r, err := post("/v1/messages", o.Once, o)
	if err != nil {
		return Message{}, err
	}
	return ask[Message](ctx, c, r)
}

// Delivery is what became of one recipient.
type Delivery struct {
	Account string             `json:"account"`
	Outcome engine.Outcome     `json:"outcome"`
	Channel engine.ChannelName `json:"channel,omitempty"`
	Reason  engine.Reason      `json:"reason,omitempty"`
	Facts   []Happening        `json:"facts"`
}

// Happening is one fact about a recipient.
type Happening struct {
	Fact    engine.Fact        `json:"fact"`
	Channel engine.ChannelName `json:"channel,omitempty"`
	At      time.Time          `json:"at"`
	Reason  engine.Reason      `json:"reason,omitempty"`
	Code    string             `json:"code,omitempty"`
}

// Message tells what became of a message that was sent with SendMessage.
func (c *Client) Message(ctx context.Context, id engine.CampaignID) (Delivery, error) {
	return ask[Delivery](ctx, c, get(nil, "v1", "messages", string(id)))
}

// Payments reports what residents paid. A reference counts once, however often it is reported.
func (c *Client) Payments(ctx context.Context, list []engine.Payment) (engine.PaymentReport, error) {
	r, err := post("/v1/payments", "", list)
	if err != nil {
		return engine.PaymentReport{}, err
	}
	return ask[engine.PaymentReport](ctx, c, r)
}

// Event is a fact reported from outside, such as an e-bill opened in the citizen's cabinet. It names its recipient by DocumentID, by
// Message or by Account and Campaign.
type Event struct {
	ID         string             `json:"event_id,omitempty"`
	Type       engine.Fact        `json:"type"`
	At         time.Time          `json:"at"`
	DocumentID string             `json:"document_id,omitempty"`
	Message    engine.CampaignID  `json:"message,omitempty"`
	Account    string             `json:"account,omitempty"`
	Campaign   engine.CampaignID  `json:"campaign,omitempty"`
	Channel    engine.ChannelName `json:"channel,omitempty"`
	Reason     engine.Reason      `json:"reason,omitempty"` // of a bounce
	Code       string             `json:"code,omitempty"`   // the reporter's own
}

// EventsReport is what became of events.
type EventsReport struct {
	Accepted   int       `json:"accepted"`
	Duplicates int       `json:"duplicates"`
	Unknown    int       `json:"unknown"` // their recipient, or its channel, was not found
	Errors     []Mistake `json:"errors"`
	Truncated  bool      `json:"errors_truncated"`
}

// Events reports facts from outside.
func (c *Client) Events(ctx context.Context, list []Event) (EventsReport, error) {
	r, err := post("/v1/events", "", list)
	if err != nil {
		return EventsReport{}, err
	}
	return ask[EventsReport](ctx, c, r)
}
