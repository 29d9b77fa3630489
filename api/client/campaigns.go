package client

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"vestnik/engine"
)

// Order is what is asked for: the body of POST /v1/campaigns.
type Order struct {
	Name      string         `json:"name"`
	Kind      engine.Kind    `json:"kind"`
	Template  string         `json:"template"` // "bill-monthly", or pinned: "bill-monthly@3"
	Route     *engine.Route  `json:"route,omitempty"`
	SendAt    time.Time      `json:"send_at,omitzero"`
	ExpiresAt time.Time      `json:"expires_at,omitzero"`
	Urgent    bool           `json:"urgent,omitempty"`
	Reference string         `json:"reference,omitempty"`
	Vars      map[string]any `json:"vars,omitempty"`

	// Once is the Idempotency-Key: the same Once orders the same campaign. Empty: a new one.
	Once string `json:"-"`
}

// Campaign is a campaign as the API tells it.
type Campaign struct {
	ID        engine.CampaignID `json:"id"`
	Name      string            `json:"name"`
	Kind      engine.Kind       `json:"kind"`
	Mode      engine.Mode       `json:"mode"`
	Template  string            `json:"template"`
	Route     engine.Route      `json:"route"`
	Urgent    bool              `json:"urgent,omitempty"`
	Reference string            `json:"reference,omitempty"`
	Vars      json.RawMessage   `json:"vars,omitempty"`
	Status    engine.Status     `json:"status"`
	SendAt    time.Time         `json:"send_at,omitzero"`
	ExpiresAt time.Time         `json:"expires_at,omitzero"`
	CreatedAt time.Time         `json:"created_at"`
	StartedAt time.Time         `json:"started_at,omitzero"`
	EndedAt   time.Time         `json:"ended_at,omitzero"`
	Ledger    engine.Balance    `json:"ledger"`
	Funnel    []Stage           `json:"funnel"` // nil: the history cannot be reached
	// Channels breaks the funnel down once more.
	Channels   map[engine.ChannelName]Reach `json:"channels"`
	WaitingFor []Wait                       `json:"waiting_for,omitempty"`
	Warnings   []Mistake                    `json:"warnings,omitempty"` // of an order that was taken
}

// Wait is something a campaign waits for.
type Wait struct {
	Phase      string             `json:"phase"` // "begin", "resume", "send", "retry" or "wait"
	Channel    engine.ChannelName `json:"channel,omitempty"`
	Recipients int64              `json:"recipients"`
	Next       time.Time          `json:"next,omitzero"`
	Text       string             `json:"text"` // for people, in the client's language
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next_cursor"` // empty at the end
}

// CreateCampaign orders a campaign: a draft that takes recipients.
func (c *Client) CreateCampaign(ctx context.Context, o Order) (Campaign, error) {
	r, err := post("/v1/campaigns", o.Once, o)
	if err != nil {
		return Campaign{}, err
	}
	return ask[Campaign](ctx, c, r)
}

// Campaign gives one campaign as it is now.
func (c *Client) Campaign(ctx context.Context, id engine.CampaignID) (Campaign, error) {
	return ask[Campaign](ctx, c, get(nil, "v1", "campaigns", string(id)))
}

// Campaigns gives one page of the campaigns, newest first; an empty cursor begins, limit 0 leaves the size to the server.
func (c *Client) Campaigns(ctx context.Context, cursor string, limit int) (Page[Campaign], error) {
	return ask[Page[Campaign]](ctx, c, get(paging(nil, cursor, limit), "v1", "campaigns"))
}

// AllCampaigns yields every campaign, newest first, until an error.
func (c *Client) AllCampaigns(ctx context.Context) iter.Seq2[Campaign, error] {
	return pages(func(cursor string) (Page[Campaign], error) { return c.Campaigns(ctx, cursor, 0) })
}

// Start begins a draft, or schedules it when it has a SendAt to come.
func (c *Client) Start(ctx context.Context, id engine.CampaignID) (Campaign, error) {
	return c.do(ctx, id, "start")
}

// Pause holds a running campaign.
func (c *Client) Pause(ctx context.Context, id engine.CampaignID) (Campaign, error) {
	return c.do(ctx, id, "pause")
}

// Resume lets a paused campaign go on.
func (c *Client) Resume(ctx context.Context, id engine.CampaignID) (Campaign, error) {
	return c.do(ctx, id, "resume")
}

// Cancel calls a campaign back, also those who wait between steps.
func (c *Client) Cancel(ctx context.Context, id engine.CampaignID) (Campaign, error) {
	return c.do(ctx, id, "cancel")
}

func (c *Client) do(ctx context.Context, id engine.CampaignID, act string) (Campaign, error) {
	r, err := post(join("v1", "campaigns", string(id), act), "", struct{}{})
	if err != nil {
		return Campaign{}, err
	}
	return ask[Campaign](ctx, c, r)
}

// Audience is a file of recipients on its way to a campaign.
type Audience struct {
	Body     io.Reader
	Type     string           // CSV or NDJSON
	Encoding string           // "gzip", "zstd" or nothing
	Reject   bool             // refuse the whole file when one row is bad; otherwise bad rows are skipped and told
	Progress func(read int64) // hears, now and then, how many bytes of Body have been read; nil: nobody
}

// The types of an Audience.
const (
	CSV    = "text/csv"
	NDJSON = "application/x-ndjson"
)

// Taken is what became of an Audience.
type Taken struct {
	Accepted   int       `json:"accepted"`
	Rejected   int       `json:"rejected"`
	Duplicates int       `json:"duplicates"`
	Errors     []Mistake `json:"errors"` // the first 100
	Truncated  bool      `json:"errors_truncated"`
	Warnings   []Mistake `json:"warnings,omitempty"` // for instance columns that the template does not use
}

// PutRecipients appends a file to the audience of a draft, streaming it. It is never repeated by itself: after an error some of the rows
// may be there already, and sending the file again counts those as duplicates.
func (c *Client) PutRecipients(ctx context.Context, id engine.CampaignID, a Audience) (Taken, error) {
	r := request{
		method: http.MethodPut, path: join("v1", "campaigns", string(id), "recipients"),
		header: http.Header{"Content-Type": {a.Type}}, stream: a.Body,
	}
	if a.Encoding != "" {
		r.header.Set("Content-Encoding", a.Encoding)
	}
	if a.Reject {
		r.query = url.Values{"on_error": {"reject"}}
	}
	if a.Progress != nil {
		r.stream = &counting{from: a.Body, tell: a.Progress}
	}
	return ask[Taken](ctx, c, r)
}

// counting tells how much has been read.
type counting struct {
	from io.Reader
	read int64
	tell func(int64)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.read += int64(n)
	c.tell(c.read)
	return n, err
}

// paging adds cursor and limit to a query.
func paging(q url.Values, cursor string, limit int) url.Values {
	if q == nil {
		q = url.Values{}
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	if limit > 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	return q
}

// pages yields the items of all pages.
func pages[T any](page func(cursor string) (Page[T], error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for cursor := ""; ; {
			p, err := page(cursor)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range p.Items {
				if !yield(item, nil) {
					return
				}
			}
			if cursor = p.Next; cursor == "" {
				return
			}
		}
	}
}
