package gosuslugi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"vestnik/engine"
)

// Collecting is how payments come back: day by day they are asked for, page by page, and entered into the books. Where it stands is a note, written after
// each step: whoever goes on asks at worst for a page again, and each OrderID counts once.

// The settings of a provider about payments.
const (
	SettingPayments      = "gis.payments"       // "on": payments are asked for
	SettingPaymentsEvery = "gis.payments_every" // how long after one round the next begins: "1h", which is also without it
)

// How far back is looked: at first; each round again, for what came late; and once a day for what was annulled since.
const (
	firstDays = 30
	lateDays  = 3
	sweepDays = 35
)

const (
	collectionNote  = "payments/collection"
	collectionAge   = 400 * 24 * time.Hour
	usualRound      = time.Hour
	mostCollectWait = time.Hour
)

// Books are where payments of ГИС ЖКХ are entered. Both may be told the same again.
type Books struct {
	Pay   func(context.Context, engine.ProviderID, []engine.Payment) (engine.PaymentReport, error)
	Annul func(context.Context, engine.ProviderID, []engine.Payment) (int, error)
	Sent  func(context.Context, engine.ProviderID, []string) ([]bool, error) // which payments, by their names, ГИС ЖКХ has from us; nil: none
}

// Takings is what came of payments that ГИС ЖКХ has told of.
type Takings struct {
	Matched   int `json:"matched"`   // new, and somebody's of our campaigns
	Unmatched int `json:"unmatched"` // new, and nobody's yet: booked, so that a later campaign finds them
	Known     int `json:"known"`     // told before
	Annulled  int `json:"annulled"`  // had counted, and were taken back
	Own       int `json:"own"`       // were declared by us
	Unread    int `json:"unread"`    // name nobody, or no sum
}

func (t *Takings) add(o Takings) {
	t.Matched, t.Unmatched, t.Known = t.Matched+o.Matched, t.Unmatched+o.Unmatched, t.Known+o.Known
	t.Annulled, t.Own, t.Unread = t.Annulled+o.Annulled, t.Own+o.Own, t.Unread+o.Unread
}

// Collection is how far the payments of a provider were collected.
type Collection struct {
	Until   string    `json:"until"`   // the day, in Moscow, up to which all that ГИС ЖКХ knew has been taken; empty: never yet
	Takings Takings   `json:"takings"` // since the beginning
	Fault   string    `json:"fault"`   // code or reason of what keeps it from going on; empty: nothing
	Next    time.Time `json:"next"`    // when it goes on

	Swept string    `json:"swept,omitempty"` // the day annulments were last asked for
	Begun string    `json:"begun,omitempty"` // the day the round under way began
	Todo  []stretch `json:"todo,omitempty"`  // what the round has still to ask for
	Page  string    `json:"page,omitempty"`  // what the next page comes after
	Ack   string    `json:"ack,omitempty"`   // of the question that is not answered yet
	Polls int       `json:"polls,omitempty"`
	Tries int       `json:"tries,omitempty"`
}

// Collects reports whether payments are to be collected for a provider.
func (c *Channel) Collects(p engine.Provider) bool {
	return c.Serves(p) && p.Setting(SettingPayments) == "on"
}

// Collected tells how far it is.
func (c *Channel) Collected(ctx context.Context, provider engine.ProviderID) (Collection, error) {
	var at Collection
	texts, err := c.cfg.Notes.Read(ctx, provider, []string{collectionNote})
	if err != nil {
		return at, fmt.Errorf("read how far payments were collected: %w", err)
	}
	if texts[0] != nil {
		if err := json.Unmarshal(texts[0], &at); err != nil {
			return at, fmt.Errorf("read how far payments were collected: %w", err)
		}
	}
	return at, nil
}

// Collect takes the next step for a provider, if it is time: it asks for a page, or hears what a page has and enters it. It tells what it took, and when
// the next step is. One process at a time should do so; two do no harm. An error is that of a store or of the books, and the step is to be taken again, or a
// *engine.Fault of ГИС ЖКХ, which is waited out.
func (c *Channel) Collect(ctx context.Context, p engine.Provider, books Books) (took Takings, next time.Time, err error) {
	at, err := c.Collected(ctx, p.ID)
	now := c.cfg.now()
	if err != nil || now.Before(at.Next) {
		return took, at.Next, err
	}
	o, wrong := officeOf(p)
	var failed *failure
	switch {
	case wrong != nil:
		failed = &failure{Fault: &engine.Fault{Reason: engine.Misconfigured, Whole: true, Err: wrong}}
	case at.Ack == "":
		failed = c.question(ctx, o, &at, now)
	default:
		took, failed, err = c.hearOrders(ctx, o, &at, now, books)
	}
	if err != nil || ctx.Err() != nil {
		return Takings{}, at.Next, err
	}
	if failed != nil {
		at.putOff(failed, now)
	}
	at.Takings.add(took)
	if at.Ack == "" && len(at.Todo) == 0 && failed == nil {
		if at.Until, at.Next = at.Begun, now; at.Begun == now.In(moscow).Format(time.DateOnly) { // or it took days, and the next begins at once
			at.Next = now.Add(roundOf(p))
		}
	}
	text, err := json.Marshal(at)
	if err == nil {
		err = c.cfg.Notes.Write(ctx, p.ID, map[string][]byte{collectionNote: text}, collectionAge)
	}
	if err != nil {
		return took, at.Next, fmt.Errorf("note how far payments were collected: %w", err)
	}
	if failed != nil {
		return took, at.Next, failed.Fault
	}
	return took, at.Next, nil
}

func roundOf(p engine.Provider) time.Duration {
	d, err := time.ParseDuration(p.Setting(SettingPaymentsEvery))
	if err != nil || d <= 0 {
		return usualRound
	}
	return d
}

// question asks for the next page; before the first it begins a round.
func (c *Channel) question(ctx context.Context, o *office, at *Collection, now time.Time) *failure {
	if len(at.Todo) == 0 {
		at.begin(now)
	}
	answer, failed := c.post(ctx, o, billing, "exportNotificationsOfOrderExecutionPaginal", at.Todo[0].request(at.Page))
	if failed == nil && answer.Body.Ack == nil {
		failed = strange(200)
	}
	if failed != nil {
		return failed
	}
	at.Ack, at.Polls, at.Next = answer.Body.Ack.MessageGUID, 0, now.Add(c.cfg.Schedule[0])
	return nil
}

// begin plans a round: from where the last ended, some days earlier, to today; and the annulments of the weeks before that once a day.
func (at *Collection) begin(now time.Time) {
	local := now.In(moscow)
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	from := today.AddDate(0, 0, 1-firstDays)
	if last, err := time.Parse(time.DateOnly, at.Until); err == nil {
		from = last.AddDate(0, 0, 1-lateDays)
		if day := today.Format(time.DateOnly); at.Swept != day {
			at.Todo, at.Swept = stretches(from.AddDate(0, 0, -sweepDays), from.AddDate(0, 0, -1), true), day
		}
	}
	at.Begun, at.Page = today.Format(time.DateOnly), ""
	at.Todo = append(at.Todo, stretches(from, today, false)...)
}

// hearOrders asks for the answer to the question, and enters what it says.
func (c *Channel) hearOrders(ctx context.Context, o *office, at *Collection, now time.Time, books Books) (took Takings, failed *failure, err error) {
	state, failed := c.state(ctx, o, billing, at.Ack)
	switch {
	case failed != nil:
		if ruleOf(failed.code).code == "INT002013" {
			at.Ack = "" // forgotten: the page is asked for again
		}
		return took, failed, nil
	case state.State != ready:
		if at.Polls++; at.Polls > mostPolls {
			at.Ack = ""
		}
		at.Next = now.Add(c.cfg.Schedule[min(at.Polls, len(c.cfg.Schedule)-1)])
		return took, nil, nil
	case state.Error != nil && ruleOf(state.Error.Code).code != "INT002012":
		at.Ack = ""
		return took, refused(state.Error.Code), nil
	}
	if took, err = enter(ctx, o.provider, state.Orders, books); err != nil {
		return took, nil, err
	}
	at.Ack, at.Tries, at.Fault, at.Next = "", 0, "", now
	if at.Page = state.After; at.Page == "" && len(at.Todo) > 0 {
		at.Todo = at.Todo[1:]
	}
	return took, nil, nil
}

// enter enters the payments of a page into the books.
func enter(ctx context.Context, provider engine.ProviderID, orders []remittance, books Books) (took Takings, err error) {
	var paid, undone []engine.Payment
	for _, o := range orders {
		p, err := o.payment()
		switch {
		case err != nil:
			took.Unread++
		case o.Status == takenBack:
			undone = append(undone, p)
		default:
			paid = append(paid, p)
		}
	}
	if paid, took.Own, err = books.ours(ctx, provider, paid); err != nil {
		return Takings{}, err
	}
	if len(undone) > 0 {
		if took.Annulled, err = books.Annul(ctx, provider, undone); err != nil {
			return Takings{}, fmt.Errorf("annul payments: %w", err)
		}
	}
	if len(paid) > 0 {
		report, err := books.Pay(ctx, provider, paid)
		if err != nil {
			return Takings{}, fmt.Errorf("book payments: %w", err)
		}
		took.Matched, took.Unmatched, took.Known = report.Matched, report.Unmatched, report.Duplicates
	}
	return took, nil
}

// putOff waits before the next try, longer each time.
func (at *Collection) putOff(failed *failure, now time.Time) {
	pause := min(time.Minute<<min(at.Tries, 10), mostCollectWait)
	if failed.Whole && failed.Reason == engine.Misconfigured {
		pause = mostCollectWait
	}
	at.Tries, at.Next = at.Tries+1, now.Add(max(pause, failed.RetryAfter))
	at.Fault = cmp.Or(failed.Code, string(failed.Reason))
}
