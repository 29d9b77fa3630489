package client

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"time"

	"vestnik/engine"
)

// Stage is one stage of a funnel.
type Stage struct {
	Stage  engine.Fact  `json:"stage"`
	Count  int64        `json:"count"`  // recipients
	Amount engine.Money `json:"amount"` // what they were asked for; at paid, what came in
}

// Reach is what came of the messages over one channel, in recipients.
type Reach struct {
	Sent         int64 `json:"sent"`
	Received     int64 `json:"received"`
	Opened       int64 `json:"opened"`
	Clicked      int64 `json:"clicked"`
	Paid         int64 `json:"paid"`
	Failed       int64 `json:"failed"`
	Bounced      int64 `json:"bounced"`
	Complained   int64 `json:"complained"`
	Unsubscribed int64 `json:"unsubscribed"`

	OpenedByProxy int64 `json:"opened_by_proxy"` // messages that a machine looked at on its own
}

// Funnel is how far recipients came.
type Funnel struct {
	Stages   []Stage                      `json:"funnel"`
	Channels map[engine.ChannelName]Reach `json:"channels,omitempty"`
}

// Group is one line of a breakdown.
type Group struct {
	Key string `json:"key"`
	Funnel
}

// Report is a funnel and, when one was asked for, its breakdown.
type Report struct {
	Funnel
	By     string    `json:"by,omitempty"`
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero"`
	Groups []Group   `json:"items,omitempty"`
}

// Funnel counts a campaign's recipients; by is "channel", "house", "day", "template" or nothing.
func (c *Client) Funnel(ctx context.Context, id engine.CampaignID, by string) (Report, error) {
	return ask[Report](ctx, c, get(breakdown(by), "v1", "campaigns", string(id), "funnel"))
}

// Totals counts the recipients of all campaigns ordered in a period; by is "kind", "channel", "template", "house", "day" or nothing. A zero
// time is without bound.
func (c *Client) Totals(ctx context.Context, from, to time.Time, by string) (Report, error) {
	q := breakdown(by)
	for name, at := range map[string]time.Time{"from": from, "to": to} {
		if !at.IsZero() {
			q.Set(name, at.Format(time.RFC3339))
		}
	}
	return ask[Report](ctx, c, get(q, "v1", "analytics", "funnel"))
}

func breakdown(by string) url.Values {
	if by == "" {
		return url.Values{}
	}
	return url.Values{"by": {by}}
}

// Recipients yields the recipients of a campaign that the filter takes, until an error.
func (c *Client) Recipients(ctx context.Context, id engine.CampaignID, f engine.Filter) iter.Seq2[Delivery, error] {
	return pages(func(cursor string) (Page[Delivery], error) {
		return ask[Page[Delivery]](ctx, c, get(paging(filter(f), cursor, 0), "v1", "campaigns", string(id), "recipients"))
	})
}

// ExportRecipients writes the same list as CSV.
func (c *Client) ExportRecipients(ctx context.Context, id engine.CampaignID, f engine.Filter, w io.Writer) error {
	r := get(filter(f), "v1", "campaigns", string(id), "recipients")
	r.header = http.Header{"Accept": {CSV}}
	body, err := c.open(ctx, r)
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	_, err = io.Copy(w, body)
	return err
}

func filter(f engine.Filter) url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"outcome": string(f.Outcome), "channel": string(f.Channel), "reason": string(f.Reason)} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return q
}
