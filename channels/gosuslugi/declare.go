package gosuslugi

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"vestnik/engine"
)

// Declaring is how ГИС ЖКХ hears of payments that came in elsewhere (importSupplierNotificationsOfOrderExecution). What is sent is written down first, as
// something of which nobody knows whether it arrived, so that nothing is sent twice: then it is looked for before it is sent again.

// Where a declaration is, as its Work says: a word, and the acknowledgment of the question or request.
const (
	doubted = "?" // sent, and nobody knows whether it arrived
	looked  = "s" // looked for
)

// What one round takes on: of declarations by the schema, of documents looked through as the format takes one a request.
const (
	mostDeclared = 250
	mostLooked   = 20
)

// How long it is tried to tell of a payment: bills are placed and stands come back within that time.
const mostDeclaring = 72 * time.Hour

// Desk is where declarations come from.
type Desk struct {
	Store engine.Declarations
	// Placed gives the identifier that the document a payment is for has in ГИС ЖКХ, empty if it has none, and what was booked for it.
	Placed func(ctx context.Context, p engine.ProviderID, payment engine.Payment) (document string, booked []engine.Payment, err error)
}

// Told is what came of a round of declarations.
type Told struct{ Declared, Failed int }

// declaring is one round.
type declaring struct {
	*Channel
	ctx    context.Context
	office *office
	desk   Desk
	now    time.Time
	told   Told
}

// Declare tells ГИС ЖКХ of payments that are due to be told, and hears what became of those it was told of. One process at a time may do so for a provider. An
// error is that of a store, or a *engine.Fault of ГИС ЖКХ, which is waited out.
func (c *Channel) Declare(ctx context.Context, p engine.Provider, desk Desk) (Told, error) {
	d := declaring{Channel: c, ctx: ctx, desk: desk, now: c.cfg.now().Truncate(time.Millisecond)}
	list, err := desk.Store.Due(ctx, p.ID, d.now, mostDeclared)
	if err != nil || len(list) == 0 {
		return d.told, err
	}
	if d.office, err = officeOf(p); err != nil {
		return d.told, &engine.Fault{Reason: engine.Misconfigured, Whole: true, Err: err}
	}
	groups := map[string][]engine.Declaration{} // by what is asked; those about to be sent and looked for under one key each
	for _, one := range list {
		groups[one.Work] = append(groups[one.Work], one)
	}
	var errs []error
	for work, group := range groups {
		var failed *failure
		switch word, ack, _ := strings.Cut(work, " "); word {
		case "":
			failed, err = d.send(group)
		case doubted:
			failed, err = d.look(group)
		default:
			failed, err = d.hear(word, ack, group)
		}
		if err != nil {
			errs = append(errs, err)
		} else if failed != nil {
			errs = append(errs, failed.Fault)
		}
	}
	return d.told, errors.Join(errs...)
}

// settle writes what became of declarations.
func (d *declaring) settle(list []engine.Declaration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(d.ctx), 10*time.Second)
	defer cancel()
	for i := range list {
		list[i].Due = list[i].Due.UTC().Truncate(time.Millisecond)
	}
	if err := d.desk.Store.Settle(ctx, d.office.provider, list); err != nil {
		return err
	}
	for _, one := range list {
		switch one.State {
		case engine.Declared:
			d.told.Declared++
		case engine.Refuted:
			d.told.Failed++
		}
	}
	return nil
}

// nameOf is by what ГИС ЖКХ tells of a payment of a document.
func nameOf(document string, p engine.Payment) string {
	return strings.Join([]string{document, p.PaidAt.In(moscow).Format(time.DateOnly), p.Amount.String()}, "|")
}

// transportOf is the TransportGUID of a declaration: the same whenever it is sent.
func (d *declaring) transportOf(one engine.Declaration) string {
	return guidOf("payment/" + string(d.office.provider) + "/" + one.Payment.Reference)
}

// again lets a declaration be tried later, or ends it when it has been tried for long or what is wrong with it will not change.
func (d *declaring) again(one engine.Declaration, work string, f *engine.Fault) engine.Declaration {
	one.Work, one.Reason, one.Code = work, f.Reason, f.Code
	one.Due = d.now.Add(max(min(time.Minute<<min(one.Tries, 6), time.Hour), f.RetryAfter))
	one.Tries, one.Polls = one.Tries+1, 0
	if !f.Reason.Temporary() || d.now.Sub(one.Since) > mostDeclaring {
		one.State = engine.Refuted
	}
	return one
}

// ready finds out for which document a payment is. One that ГИС ЖКХ has told of itself is not told back.
func (d *declaring) ready(one *engine.Declaration) (document string, done bool, err error) {
	document, booked, err := d.desk.Placed(d.ctx, d.office.provider, one.Payment)
	if err != nil {
		return "", false, err
	}
	for _, p := range booked {
		if FromGIS(p) && nameOf("", p) == nameOf("", one.Payment) {
			one.State, one.Code = engine.Declared, "known"
			return "", true, nil
		}
	}
	if utf8.RuneCountInString(document) != 18 {
		missing := &engine.Fault{Reason: engine.Unknown, Code: "document", Err: errors.New("the document has not been placed")}
		*one = d.again(*one, "", missing)
		one.Due = d.now.Add(time.Hour) // it may yet be placed
		return "", true, nil
	}
	return document, false, nil
}

// notification is SupplierNotificationOfOrderExecution.
type notification struct {
	XMLName   xml.Name `xml:"pay:SupplierNotificationOfOrderExecution"`
	Date      string   `xml:"pay:OrderDate"`
	Document  string   `xml:"bb:PaymentDocumentID"`
	Amount    string   `xml:"pay:Amount"`
	Transport string   `xml:"base:TransportGUID"`
}

// send tells of payments.
func (d *declaring) send(group []engine.Declaration) (*failure, error) {
	var idle, going []engine.Declaration
	var pack []notification
	for _, one := range group {
		document, done, err := d.ready(&one)
		if err != nil {
			return nil, fmt.Errorf("find the document of a payment: %w", err)
		}
		if done {
			idle = append(idle, one)
			continue
		}
		one.Work, one.Name = doubted, nameOf(document, one.Payment)
		one.Due = d.now.Add(d.cfg.Timeout + time.Minute) // whoever else might go on waits until no answer can come any more
		going = append(going, one)
		pack = append(pack, notification{
			Date: one.Payment.PaidAt.In(moscow).Format(time.DateOnly), Document: document, Amount: one.Payment.Amount.String(), Transport: d.transportOf(one),
		})
	}
	if err := d.settle(append(idle, going...)); err != nil || len(going) == 0 {
		return nil, err
	}
	answer, failed := d.post(d.ctx, d.office, payments, "importSupplierNotificationsOfOrderExecution", func(to *xml.Encoder) error {
		start := head("pay:importSupplierNotificationsOfOrderExecutionRequest", "10.0.1.1", "pay", "bb")
		err := to.EncodeToken(start)
		for _, n := range pack {
			err = errors.Join(err, to.Encode(n))
		}
		return errors.Join(err, to.EncodeToken(start.End()))
	})
	if failed == nil && answer.Body.Ack == nil {
		failed = strange(200)
	}
	for i := range going {
		switch {
		case failed == nil:
			going[i].Work, going[i].Due, going[i].Polls = receipt(payments.code, answer.Body.Ack.MessageGUID), d.now.Add(d.cfg.Schedule[0]), 0
		case failed.doubt:
			going[i] = d.again(going[i], doubted, failed.Fault)
		default:
			going[i] = d.again(going[i], "", failed.Fault)
		}
	}
	return failed, d.settle(going)
}

// look asks for the payments of documents, of each once; those beyond a round's wait for the next.
func (d *declaring) look(group []engine.Declaration) (last *failure, err error) {
	byDocument := map[string][]engine.Declaration{}
	for _, one := range group {
		document, _, _ := strings.Cut(one.Name, "|")
		if len(byDocument) < mostLooked || byDocument[document] != nil {
			byDocument[document] = append(byDocument[document], one)
		}
	}
	for document, list := range byDocument {
		answer, failed := d.post(d.ctx, d.office, billing, "exportNotificationsOfOrderExecution", func(to *xml.Encoder) error {
			return to.EncodeElement(struct {
				ID string `xml:"bills:SupplierIDs>bb:PaymentDocumentID"`
			}{document}, head("bills:exportNotificationsOfOrderExecutionRequest", "13.1.8.1", "bills", "bb"))
		})
		if failed == nil && answer.Body.Ack == nil {
			failed = strange(200)
		}
		for i := range list {
			if failed != nil {
				list[i] = d.again(list[i], doubted, failed.Fault)
				continue
			}
			list[i].Work, list[i].Due, list[i].Polls = receipt(looked, answer.Body.Ack.MessageGUID), d.now.Add(d.cfg.Schedule[0]), 0
		}
		if err := d.settle(list); err != nil {
			return failed, err
		}
		if last = failed; failed != nil {
			break
		}
	}
	return last, nil
}

// hear asks what became of a request, or what was found.
func (d *declaring) hear(word, ack string, group []engine.Declaration) (*failure, error) {
	at := payments
	if word == looked {
		at = billing
	}
	state, failed := d.state(d.ctx, d.office, at, ack)
	forgotten := failed != nil && ruleOf(failed.code).code == "INT002013"
	if failed != nil && !forgotten || failed == nil && state.State != ready {
		for i := range group {
			group[i].Polls++
			group[i].Due = d.now.Add(d.cfg.Schedule[min(group[i].Polls, len(d.cfg.Schedule)-1)])
			if group[i].Polls > mostPolls {
				group[i].Work = doubted
			}
		}
		return failed, d.settle(group)
	}
	for i, one := range group {
		switch {
		case forgotten:
			group[i] = d.again(one, doubted, failed.Fault)
		case word == looked:
			group[i] = d.found(one, state)
		default:
			group[i] = d.outcome(one, state)
		}
	}
	return nil, d.settle(group)
}

// outcome reads what became of one.
func (d *declaring) outcome(one engine.Declaration, state *stateResult) engine.Declaration {
	fault := state.Error
	if fault == nil {
		fault = &wireError{} // the result says nothing of it
		for _, part := range state.Imports {
			if !strings.EqualFold(part.Transport, d.transportOf(one)) {
				continue
			}
			if len(part.Errors) == 0 {
				one.State, one.Reason, one.Code = engine.Declared, engine.NoReason, ""
				return one
			}
			fault = &part.Errors[0]
		}
	}
	failed := refused(fault.Code)
	if failed.doubt || fault.Code == "" {
		return d.again(one, doubted, failed.Fault)
	}
	return d.again(one, "", failed.Fault)
}

// found reads whether one was told already. That it was is believed of any payment of the same document, day and sum: better none than two.
func (d *declaring) found(one engine.Declaration, state *stateResult) engine.Declaration {
	if state.Error != nil && ruleOf(state.Error.Code).code != "INT002012" {
		return d.again(one, doubted, refused(state.Error.Code).Fault)
	}
	for _, o := range state.Orders {
		if p, err := o.payment(); err == nil && o.Status != takenBack && nameOf(o.Document, p) == one.Name {
			one.State, one.Reason, one.Code = engine.Declared, engine.NoReason, ""
			return one
		}
	}
	one.Work, one.Due = "", d.now.Add(time.Millisecond)
	return one
}

// ours leaves out payments that ГИС ЖКХ has from us.
func (b Books) ours(ctx context.Context, provider engine.ProviderID, list []engine.Payment) (others []engine.Payment, n int, err error) {
	if b.Sent == nil || len(list) == 0 {
		return list, 0, nil
	}
	names := make([]string, len(list))
	for i, p := range list {
		names[i] = nameOf(p.DocumentID, p)
	}
	sent, err := b.Sent(ctx, provider, names)
	if err != nil {
		return nil, 0, fmt.Errorf("look up what was declared: %w", err)
	}
	for i, p := range list {
		if !sent[i] {
			others = append(others, p)
		}
	}
	return others, len(list) - len(others), nil
}
