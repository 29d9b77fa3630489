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
	Template  string         `json:"template"`        // "bill-monthly", or pinned: "bill-monthly@3"
	Route     *engine.Route  `json:"route,omitempty"` // nil: the kind's own, or the one that Named names
	SendAt    time.Time      `json:"send_at,omitzero"`
	ExpiresAt time.Time      `json:"expires_at,omitzero"`
	Urgent    bool           `json:"urgent,omitempty"`
	Reference string         `json:"reference,omitempty"`
	Vars      map[string]any `json:"vars,omitempty"`

	// Named is the name of a route that the provider has made, or "default"; it counts when Route is nil.
	Named string `json:"-"`
	// Once is the Idempotency-Key: the same Once orders the same campaign. Empty: a new one.
	Once string `json:"-"`
}

// MarshalJSON writes the order as the API takes it: a route is lanes or a name.
func (o Order) MarshalJSON() ([]byte, error) {
	type plain Order
	if o.Route != nil || o.Named == "" {
		return json.Marshal(plain(o))
	}
	return json.Marshal(struct {
		plain
		Route string `json:"route"`
	}{plain(o), o.Named})
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
	RetryOf   engine.CampaignID `json:"retry_of,omitempty"`   // the campaign whose undelivered this one is for
	RetriedBy engine.CampaignID `json:"retried_by,omitempty"` // the other way round
	Ledger    engine.Balance    `json:"ledger"`
	Funnel    []Stage           `json:"funnel"` // nil: the history cannot be reached
	// Channels breaks the funnel down once more.
	Channels   map[engine.ChannelName]Reach `json:"channels"`
	WaitingFor []Wait                       `json:"waiting_for,omitempty"`
	Warnings   []Mistake                    `json:"warnings,omitempty"` // of an order that was taken, and of the sender's reputation
}

// Wait is something a campaign waits for.
type Wait struct {
	Phase      string             `json:"phase"` // "begin", "resume", "send", "wait", "confirm", or why it is held (see engine.Hold)
	Channel    engine.ChannelName `json:"channel,omitempty"`
	Recipients int64              `json:"recipients"`
	Next       time.Time          `json:"next,omitzero"`
	Reason     engine.Reason      `json:"reason,omitempty"` // of a channel that does not work
	Code       string             `json:"code,omitempty"`   // likewise, the channel's own
	Text       string             `json:"text"`             // for people, in the client's language
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

// Retry orders the undelivered of an ended campaign once more: a new campaign, started. A campaign that was retried before is a *Problem with
// the code "retried".
func (c *Client) Retry(ctx context.Context, id engine.CampaignID) (Campaign, error) {
	return c.do(ctx, id, "retry")
}

// Forecast is what would become of a campaign if it began now, or at its SendAt.
type Forecast struct {
	Recipients  int64                    `json:"recipients"`
	Channels    []engine.ChannelForecast `json:"channels"`    // in the order of the route
	Unreachable []Unreachable            `json:"unreachable"` // whom no lane would reach
	Examples    []Unreached              `json:"examples"`    // up to a hundred of them
	Begins      time.Time                `json:"begins"`
	Ends        time.Time                `json:"ends"` // at the latest, if no goal is met early and no channel fails
}

// Unreachable is how many would not be reached, and why.
type Unreachable struct {
	Reason     engine.Reason `json:"reason"`
	Text       string        `json:"text"` // the reason in the client's language
	Recipients int64         `json:"recipients"`
}

// Unreached is one of them.
type Unreached struct {
	Account string        `json:"account"`
	Reason  engine.Reason `json:"reason"`
	Text    string        `json:"text"`
}

// DryRun tells what would become of a campaign; nothing changes.
func (c *Client) DryRun(ctx context.Context, id engine.CampaignID) (Forecast, error) {
	return act[Forecast](ctx, c, id, "dry-run")
}

func (c *Client) do(ctx context.Context, id engine.CampaignID, what string) (Campaign, error) {
	return act[Campaign](ctx, c, id, what)
}

// act asks for something to be done with a campaign.
func act[T any](ctx context.Context, c *Client, id engine.CampaignID, what string) (answer T, err error) {
	r, err := post(join("v1", "campaigns", string(id), what), "", struct{}{})
	if err != nil {
		return answer, err
	}
	return ask[T](ctx, c, r)
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
