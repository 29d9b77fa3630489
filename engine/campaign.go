package engine

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// CampaignID names a campaign: an opaque string made by NewID.
type CampaignID string

// TemplateRef names a template and, once pinned, its version. Version 0 means the newest.
type TemplateRef struct {
	Name    string
	Version int
}

// String writes the reference as the API does: "bill-monthly@3", or "bill-monthly" without a version.
func (t TemplateRef) String() string {
	if t.Version == 0 {
		return t.Name
	}
	return t.Name + "@" + strconv.Itoa(t.Version)
}

// MarshalText writes the reference as String does.
func (t TemplateRef) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (t *TemplateRef) UnmarshalText(text []byte) error {
	name, version, pinned := strings.Cut(string(text), "@")
	*t = TemplateRef{Name: name}
	if !pinned {
		return nil
	}
	var err error
	if t.Version, err = strconv.Atoi(version); err != nil || t.Version < 1 || name == "" {
		return fmt.Errorf(`a template is written like "bill-monthly" or "bill-monthly@3", not %q`, text)
	}
	return nil
}

// Campaign is one order of a provider: what to tell, to whom, over which route. A single message is a campaign of one recipient.
type Campaign struct {
	ID        CampaignID      `json:"id"`
	Provider  ProviderID      `json:"provider"`
	Mode      Mode            `json:"mode"`
	Single    bool            `json:"single,omitempty"` // a message of POST /v1/messages: not listed among campaigns
	Name      string          `json:"name"`
	Kind      Kind            `json:"kind"`
	Template  TemplateRef     `json:"template"` // as ordered; pinned to a version when the campaign is created
	Route     Route           `json:"route"`
	Urgent    bool            `json:"urgent,omitempty"`
	Reference string          `json:"reference,omitempty"` // the provider's own name for it
	Vars      json.RawMessage `json:"vars,omitempty"`      // a JSON object; a recipient's own variables win
	SendAt    time.Time       `json:"send_at,omitzero"`
	ExpiresAt time.Time       `json:"expires_at,omitzero"`
	Status    Status          `json:"status"`
	CreatedAt time.Time       `json:"created_at"`
	StartedAt time.Time       `json:"started_at,omitzero"`
	EndedAt   time.Time       `json:"ended_at,omitzero"`
	RetryOf   CampaignID      `json:"retry_of,omitempty"`   // the campaign whose undelivered this one is for
	RetriedBy CampaignID      `json:"retried_by,omitempty"` // the other way round
}

// textOf is the template of a step of the campaign's route.
func (c Campaign) textOf(s Step) TemplateRef {
	if s.Template.Name != "" {
		return s.Template
	}
	return c.Template
}

// textAt is the template of the step at a place of the route; false if there is no such place.
func (c Campaign) textAt(lane, step int) (TemplateRef, bool) {
	if lane >= len(c.Route.Lanes) || step >= len(c.Route.Lanes[lane]) {
		return TemplateRef{}, false
	}
	return c.textOf(c.Route.Lanes[lane][step]), true
}

// Active reports whether something is still to be done for the campaign: it is scheduled, running or paused, or it was cancelled while
// running and its last batches are still being called back (EndedAt is set when they are).
func (c Campaign) Active() bool {
	switch c.Status {
	case StatusScheduled, StatusRunning, StatusPaused:
		return true
	case StatusCancelled:
		return !c.StartedAt.IsZero() && c.EndedAt.IsZero()
	}
	return false
}

// Balance is the ledger of a campaign. Always: Ordered = the sum of all the others.
type Balance struct {
	Ordered     int64 `json:"ordered"`
	Delivered   int64 `json:"delivered"`
	Undelivered int64 `json:"undelivered"`
	Suppressed  int64 `json:"suppressed"`
	Expired     int64 `json:"expired"`
	Cancelled   int64 `json:"cancelled"`
	InFlight    int64 `json:"in_flight"`
}

// Of gives the count of one outcome.
func (b Balance) Of(o Outcome) int64 {
	switch o {
	case Delivered:
		return b.Delivered
	case Undelivered:
		return b.Undelivered
	case Suppressed:
		return b.Suppressed
	case Expired:
		return b.Expired
	case Cancelled:
		return b.Cancelled
	}
	return b.InFlight
}

// Balanced reports whether every ordered recipient is accounted for.
func (b Balance) Balanced() bool {
	return b.Ordered == b.Delivered+b.Undelivered+b.Suppressed+b.Expired+b.Cancelled+b.InFlight && b.InFlight >= 0
}
