package api

import (
	"context"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"vestnik/analytics"
	"vestnik/engine"
)

// personView is one recipient of a campaign and what came of it.
type personView struct {
	Account string             `json:"account"`
	Placed  string             `json:"placed_document_id,omitempty"`
	Outcome engine.Outcome     `json:"outcome"`
	Channel engine.ChannelName `json:"channel,omitempty"`
	Reason  engine.Reason      `json:"reason,omitempty"`
	Facts   []factView         `json:"facts"`
}

// listing is a walk through a campaign's recipients, page by page.
type listing struct {
	server   *Server
	campaign engine.Campaign
	filter   engine.Filter
	nobody   bool           // the filter cannot take anybody
	outcome  engine.Outcome // of everybody, when it is not in the ledger
	from     engine.Ordinal
}

func (s *Server) listRecipients(c echo.Context) error {
	campaign, err := s.campaign(c)
	if err != nil {
		return err
	}
	l := listing{server: s, campaign: campaign}
	q := readQuery(c)
	l.filter.Outcome = engine.Outcome(q.word("outcome", names(engine.Outcomes())...))
	l.filter.Channel = engine.ChannelName(q.word("channel", names(engine.ChannelNames())...))
	if l.filter.Reason = engine.Reason(q.take("reason")); l.filter.Reason != engine.NoReason && !l.filter.Reason.Known() {
		q.wrong("reason", "unknown", strings.Join(names(engine.Reasons()), ", "))
	}
	limit := q.limit()
	if cursor := q.take("cursor"); cursor != "" {
		if l.from, err = readCursor(cursor); err != nil {
			q.wrong("cursor", "cursor")
		}
	}
	if err := q.close(); err != nil {
		return err
	}
	l.settle()
	if accepts(c.Request(), "text/csv") {
		return l.export(c)
	}
	views, more, err := l.next(c.Request().Context(), limit)
	if err != nil {
		return err
	}
	answer := page[personView]{Items: views}
	if more {
		answer.Next = writeCursor(l.from)
	}
	return c.JSON(http.StatusOK, answer)
}

// settle accounts for campaigns that were cancelled before they began: the ledger never heard of them.
func (l *listing) settle() {
	if !neverStarted(l.campaign) {
		return
	}
	l.outcome = engine.Cancelled
	l.nobody = l.filter.Outcome != "" && l.filter.Outcome != engine.Cancelled
	l.filter.Outcome = ""
}

// next gives the next page; the listing then stands behind it.
func (l *listing) next(ctx context.Context, limit int) (views []personView, more bool, err error) {
	if l.nobody {
		return []personView{}, false, nil
	}
	people, next, more, err := l.server.config.Engine.People(ctx, l.campaign, l.filter, l.from, limit)
	if errors.Is(err, engine.ErrNotFound) {
		return nil, false, fail(http.StatusNotFound, "audience_expired")
	}
	if err != nil {
		return nil, false, fmt.Errorf("list the recipients: %w", err)
	}
	ordinals := make([]engine.Ordinal, len(people))
	for i, person := range people {
		ordinals[i] = person.Ordinal
	}
	facts, err := l.server.config.History.Facts(ctx, l.campaign.Provider, l.campaign.ID, ordinals)
	if err != nil {
		return nil, false, err
	}
	views = make([]personView, len(people))
	for i, person := range people {
		views[i] = l.view(person, facts[person.Ordinal])
	}
	l.from = next
	return views, more, nil
}

func (l *listing) view(person engine.Person, facts []analytics.FactRow) personView {
	v := personView{
		Account: person.Account, Placed: person.Placed, Outcome: person.State.Outcome, Channel: person.State.Channel, Reason: person.State.Reason, Facts: factViews(facts),
	}
	if l.outcome != "" {
		v.Outcome = l.outcome
	}
	return v
}

// Cursors are opaque to clients: the ordinal to go on from.
func writeCursor(o engine.Ordinal) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatUint(uint64(o), 10)))
}

func readCursor(cursor string) (engine.Ordinal, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(string(text), 10, 32)
	return engine.Ordinal(n), err
}

// exportPage is how many recipients an export reads at once.
const exportPage = 4 * engine.ChunkSize

// exported are the facts of an export, a column each: the first time it happened.
var exported = []engine.Fact{engine.Sent, engine.Received, engine.Opened, engine.Clicked, engine.Paid, engine.Deferred, engine.Failed,
	engine.Bounced, engine.Complained, engine.Unsubscribed, engine.OpenedByProxy}

// export writes all recipients as CSV (RFC 4180), however many there are.
func (l *listing) export(c echo.Context) error {
	conn := http.NewResponseController(c.Response())
	_ = conn.SetReadDeadline(time.Time{}) // nothing more is read; a recorder of a test has no deadlines
	views, more, err := l.next(c.Request().Context(), exportPage)
	if err != nil {
		return err
	}
	header := c.Response().Header()
	header.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	header.Set("Content-Disposition", `attachment; filename="recipients-`+string(l.campaign.ID)+`.csv"`)
	w := csv.NewWriter(c.Response())
	title := []string{"account", "outcome", "channel", "reason"}
	for _, fact := range exported {
		title = append(title, string(fact)+"_at")
	}
	title = append(title, "placed_document_id")
	_ = w.Write(title) // csv.Writer remembers its error for Flush
	for {
		_ = conn.SetWriteDeadline(time.Now().Add(answerTimeout))
		for _, v := range views {
			_ = w.Write(v.record())
		}
		if w.Flush(); w.Error() != nil || !more {
			return w.Error()
		}
		if views, more, err = l.next(c.Request().Context(), exportPage); err != nil {
			return err
		}
	}
}

// record is the line of an export.
func (v personView) record() []string {
	first := map[engine.Fact]string{}
	for _, f := range v.Facts {
		if _, there := first[f.Fact]; !there {
			first[f.Fact] = f.At.Format("2006-01-02T15:04:05.000Z07:00")
		}
	}
	line := []string{cell(v.Account), string(v.Outcome), string(v.Channel), string(v.Reason)}
	for _, fact := range exported {
		line = append(line, first[fact])
	}
	return append(line, cell(v.Placed))
}

// cell keeps spreadsheets from running what begins like a formula (CWE-1236). Intake lets none in, but for a minus.
func cell(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
