package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/api/intake"
	"vestnik/engine"
)

// reported are the facts that may be reported from outside. What was sent and what failed the channels know; what was paid comes as payments.
var reported = []engine.Fact{engine.Received, engine.Opened, engine.Clicked, engine.Bounced, engine.Complained, engine.Unsubscribed}

// codeText is what a reporter's own code may look like: never an address.
var codeText = regexp.MustCompile(`^[A-Za-z0-9 ._-]{0,40}$`)

// event is a fact as it was reported.
type event struct {
	field                                string // its name for mistakes
	line                                 int
	document, message, account, campaign string
	observation                          engine.Observation
}

// eventsReport is what became of reported events.
type eventsReport struct {
	Accepted   int              `json:"accepted"`
	Duplicates int              `json:"duplicates"`
	Unknown    int              `json:"unknown"`
	Errors     []intake.Problem `json:"errors"`
	Truncated  bool             `json:"errors_truncated"`
}

// takeEvents takes facts from outside. Malformed ones refuse the request; those about nobody we know are told and the others are taken.
func (s *Server) takeEvents(c echo.Context) error {
	f := &form{language: languageOf(c.Request())}
	var events []event
	if err := f.list(c, maxItems, func(o *object) { events = append(events, o.event()) }); err != nil {
		return err
	}
	if err := f.err(); err != nil {
		return err
	}
	finder := finder{server: s, c: c, known: map[string]engine.Campaign{}}
	report := eventsReport{Errors: []intake.Problem{}}
	var found []engine.Observation
	for _, e := range events {
		code, err := finder.find(c.Request().Context(), &e)
		switch {
		case err != nil:
			return err
		case code == "":
			found = append(found, e.observation)
			continue
		}
		report.Unknown++
		if report.Truncated = len(report.Errors) == maxErrors; !report.Truncated {
			report.Errors = append(report.Errors, intake.Problem{Line: e.line, Field: e.field, Code: code, Message: say(f.language, code)})
		}
	}
	fresh, err := s.fresh(c.Request().Context(), found)
	if err != nil {
		return err
	}
	if err := s.config.Engine.Observe(c.Request().Context(), fresh...); err != nil {
		return err
	}
	report.Accepted, report.Duplicates = len(fresh), len(found)-len(fresh)
	return c.JSON(http.StatusOK, report)
}

func (o *object) event() event {
	e := event{field: strings.TrimSuffix(o.path, "."), line: o.line}
	o.text("event_id", optional, 255) // facts are told apart by what they say
	e.observation.Fact = engine.Fact(o.text("type", required, 40))
	switch fact := e.observation.Fact; {
	case fact == engine.Paid:
		o.wrong("type", "use_payments")
	case fact != "" && !slices.Contains(reported, fact):
		o.wrong("type", "unknown", strings.Join(names(reported), ", "))
	}
	e.document, e.message = o.text("document_id", optional, 100), o.text("message", optional, 40)
	e.account, e.campaign = o.text("account", optional, 100), o.text("campaign", optional, 40)
	if !o.broken && !e.named() {
		o.wrong("document_id", "one_of", "document_id | message | account + campaign")
	}
	if ch := engine.ChannelName(o.text("channel", optional, 40)); ch != engine.NoChannel {
		if e.observation.Channel = ch; !ch.Known() {
			o.wrong("channel", "unknown", strings.Join(names(engine.ChannelNames()), ", "))
		}
	}
	if reason := engine.Reason(o.text("reason", optional, 40)); reason != engine.NoReason {
		if e.observation.Reason = reason; !slices.Contains(engine.Reasons(), reason) {
			o.wrong("reason", "unknown", strings.Join(names(engine.Reasons()), ", "))
		}
	}
	if e.observation.Code = o.text("code", optional, 40); !codeText.MatchString(e.observation.Code) {
		o.wrong("code", "code")
	}
	if e.observation.At = o.time("at", required); e.observation.At.After(time.Now().Add(clockSkew)) {
		o.wrong("at", "future")
	}
	o.close()
	return e
}

// named reports whether exactly one way to find the recipient was given.
func (e *event) named() bool {
	pair := e.account != "" && e.campaign != ""
	half := (e.account != "") != (e.campaign != "")
	ways := 0
	for _, given := range []bool{e.document != "", e.message != "", pair} {
		if given {
			ways++
		}
	}
	return ways == 1 && !half
}

// fresh leaves out facts that are known already, and those that come twice.
func (s *Server) fresh(ctx context.Context, list []engine.Observation) ([]engine.Observation, error) {
	type mark struct {
		campaign engine.CampaignID
		ordinal  engine.Ordinal
		channel  engine.ChannelName
		fact     engine.Fact
	}
	seen := map[mark]bool{}
	var fresh []engine.Observation
	for _, o := range list {
		m := mark{o.Campaign, o.Ordinal, o.Channel, o.Fact}
		if seen[m] {
			continue
		}
		seen[m] = true
		known, err := s.config.Engine.Stores.Marks.Has(ctx, o.Campaign, o.Channel, o.Fact, engine.Ordinals{o.Ordinal})
		if err != nil {
			return nil, fmt.Errorf("read the marks: %w", err)
		}
		if !known[0] {
			fresh = append(fresh, o)
		}
	}
	return fresh, nil
}

// finder finds whom reported events are about. It remembers campaigns for the length of a request.
type finder struct {
	server  *Server
	c       echo.Context
	known   map[string]engine.Campaign
	payable []engine.CampaignID
	listed  bool
}

// find fills in the event's recipient and channel, or gives the code of why it cannot.
func (f *finder) find(ctx context.Context, e *event) (code string, err error) {
	var campaign engine.Campaign
	var ordinal engine.Ordinal
	if e.document != "" {
		campaign, ordinal, err = f.document(ctx, e.document)
	} else {
		campaign, ordinal, err = f.recipient(ctx, e)
	}
	if errors.Is(err, engine.ErrNotFound) || errors.Is(err, errNotFound) {
		return "unknown_recipient", nil
	}
	if err != nil {
		return "", err
	}
	e.observation.Campaign, e.observation.Ordinal = campaign.ID, ordinal
	return f.channel(ctx, campaign, e)
}

// campaign gives a campaign of the caller that has begun, of the mode of its key.
func (f *finder) campaign(id string) (engine.Campaign, error) {
	if found, ok := f.known[id]; ok {
		return found, nil
	}
	found, err := f.server.owned(f.c, id)
	if err != nil {
		return found, err
	}
	if found.StartedAt.IsZero() || found.Mode != caller(f.c).Mode {
		return found, errNotFound
	}
	f.known[id] = found
	return found, nil
}

// recipient finds by message, or by account and campaign.
func (f *finder) recipient(ctx context.Context, e *event) (engine.Campaign, engine.Ordinal, error) {
	if e.message != "" {
		found, err := f.campaign(e.message)
		if err == nil && !found.Single {
			err = errNotFound
		}
		return found, 0, err
	}
	found, err := f.campaign(e.campaign)
	if err != nil {
		return found, 0, err
	}
	ordinal, err := f.server.config.Engine.Stores.Audience.FindAccount(ctx, found.ID, e.account)
	return found, ordinal, err
}

// document finds by document: in the newest bill that has it, else in the newest notice that does.
func (f *finder) document(ctx context.Context, id string) (found engine.Campaign, ordinal engine.Ordinal, err error) {
	stores := f.server.config.Engine.Stores
	if !f.listed {
		if f.payable, err = stores.Registry.Payable(ctx, caller(f.c).Provider); err != nil {
			return found, 0, fmt.Errorf("list the campaigns with documents: %w", err)
		}
		f.listed = true
	}
	for _, candidate := range f.payable {
		c, err := f.campaign(string(candidate))
		if errors.Is(err, errNotFound) || err == nil && (found.ID != "" && c.Kind != engine.KindBill) {
			continue
		}
		if err != nil {
			return found, 0, err
		}
		o, err := f.server.config.Engine.FindDocument(ctx, c.ID, id)
		if errors.Is(err, engine.ErrNotFound) {
			continue
		}
		if err != nil {
			return found, 0, err
		}
		if found, ordinal = c, o; c.Kind == engine.KindBill {
			return found, ordinal, nil
		}
	}
	if found.ID == "" {
		return found, 0, errNotFound
	}
	return found, ordinal, nil
}

// channel finds out over which channel the fact happened: the one that was named; of a document that went to Gosuslugi, that one; else the one
// that took the message.
func (f *finder) channel(ctx context.Context, campaign engine.Campaign, e *event) (code string, err error) {
	channels := campaign.Route.Channels()
	o := &e.observation
	if o.Channel != engine.NoChannel {
		if !slices.Contains(channels, o.Channel) {
			return "no_channel", nil
		}
		return "", nil
	}
	if e.document != "" && slices.Contains(channels, engine.Gosuslugi) {
		o.Channel = engine.Gosuslugi
		return "", nil
	}
	lanes := make([]engine.State, len(campaign.Route.Lanes))
	for l := range lanes {
		states, err := f.server.config.Engine.Stores.Ledger.States(ctx, campaign.ID, l, o.Ordinal, 1)
		if err != nil {
			return "", fmt.Errorf("read the states: %w", err)
		}
		lanes[l] = states[0]
	}
	taken := slices.IndexFunc(lanes, engine.State.Taken)
	switch {
	case taken >= 0:
		o.Channel = lanes[taken].Channel
	case len(channels) == 1:
		o.Channel = channels[0]
	default:
		return "no_channel", nil
	}
	return "", nil
}
