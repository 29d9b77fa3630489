package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// FindDocument tells who in the campaign has the document, by the name it was ordered with or by the one it was given where it was placed:
// ErrNotFound if nobody has.
func (e *Engine) FindDocument(ctx context.Context, id CampaignID, document string) (Ordinal, error) {
	o, err := e.Stores.Audience.FindDocument(ctx, id, document)
	if errors.Is(err, ErrNotFound) {
		return e.Stores.Documents.Find(ctx, id, document)
	}
	return o, err
}

// gave remembers which documents the messages of a batch have become. A payment for one of them may have come before the channel told its name.
func (e *Engine) gave(ctx context.Context, r *run) error {
	given := map[Ordinal]string{}
	var ordinals Ordinals
	var people []Recipient
	var purposes []Purpose
	for i := range r.batch.Members.All() {
		v := r.verdicts[i]
		if v.what != taken || v.document == "" || i >= len(r.people) || r.people[i].DocumentID == v.document {
			continue
		}
		o := OrdinalOf(r.batch.Chunk, i)
		given[o], ordinals, people = v.document, append(ordinals, o), append(people, r.people[i])
		purposes = append(purposes, Purpose{DocumentID: v.document})
	}
	if len(given) == 0 {
		return nil
	}
	if err := e.Stores.Documents.Give(ctx, r.campaign.ID, given); err != nil {
		return fmt.Errorf("remember the documents: %w", err)
	}
	payments, err := e.Stores.Cashbook.Payments(ctx, bookOf(r.campaign.Provider, r.campaign.Mode), purposes)
	if err != nil {
		return fmt.Errorf("read the payments: %w", err)
	}
	var paying Ordinals
	var payers []Recipient
	for k, list := range payments {
		if len(list) > 0 {
			paying, payers = append(paying, ordinals[k]), append(payers, people[k])
		}
	}
	if len(paying) == 0 {
		return nil
	}
	return e.paid(ctx, r.campaign, paying, payers)
}

// named gives a payment as its provider would name it. One for a document that was named elsewhere is for what that document was ordered as, so that
// every campaign about the same debt sees it. One that also names an account and a period is for these where nobody has the document.
func (e *Engine) named(ctx context.Context, campaigns []CampaignID, mode Mode, p Payment) (Payment, error) {
	if p.DocumentID == "" {
		return p, nil
	}
	for _, id := range campaigns {
		_, err := e.Stores.Audience.FindDocument(ctx, id, p.DocumentID)
		own := err == nil
		var o Ordinal
		if errors.Is(err, ErrNotFound) {
			o, err = e.Stores.Documents.Find(ctx, id, p.DocumentID)
		}
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return p, err
		}
		c, err := e.Stores.Registry.Campaign(ctx, id)
		if err != nil {
			return p, fmt.Errorf("read campaign %s: %w", id, err)
		}
		if (c.Mode == Test) != (mode == Test) {
			continue
		}
		if own {
			p.Account, p.Period = "", ""
			return p, nil
		}
		person, err := e.Stores.Audience.Person(ctx, id, o)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		return p.ordered(&person), err
	}
	if p.Account != "" && p.Period != "" {
		p.DocumentID = ""
	}
	return p, nil
}

// ordered is the payment for what was ordered for the recipient.
func (p Payment) ordered(r *Recipient) Payment {
	switch {
	case r.DocumentID != "":
		p.DocumentID, p.Account, p.Period = r.DocumentID, "", ""
	case r.Period != "":
		p.DocumentID, p.Account, p.Period = "", r.Account, r.Period
	default:
		p.Account, p.Period = "", ""
	}
	return p
}

// annulledSuffix ends the reference under which the history has that a payment was taken back: a sum below zero, so that the order in which the two
// are told does not matter.
const annulledSuffix = "/annulled"

// Annul takes payments back, as their places of payment do: they do not count any more, in no sum and for no campaign to come, whatever is
// reported under their references later. It tells how many had counted until now. What they have led to stays: a recipient who was paid stays paid in
// the campaigns that know of it, as a fact cannot be unsaid; what is still owed is up to the provider's next list. The payments name for whom they were
// and how much, as in Pay. Another try after an error does no harm.
func (e *Engine) Annul(ctx context.Context, provider ProviderID, mode Mode, payments []Payment) (counted int, err error) {
	book := bookOf(provider, mode)
	references := make([]string, len(payments))
	for i, p := range payments {
		references[i] = p.Reference
	}
	credits, err := e.Stores.Cashbook.Annul(ctx, book, references)
	if err != nil {
		return 0, fmt.Errorf("annul payments: %w", err)
	}
	campaigns, err := e.Stores.Registry.Payable(ctx, provider)
	if err != nil {
		return 0, fmt.Errorf("list the campaigns that were paid: %w", err)
	}
	var done []string
	for i, p := range payments {
		if credits[i] != Booked {
			continue
		}
		if p, err = e.named(ctx, campaigns, mode, p); err != nil {
			return 0, fmt.Errorf("name a payment: %w", err)
		}
		p.Reference, p.Amount = p.Reference+annulledSuffix, -p.Amount
		_, err := e.match(ctx, campaigns, mode, p, func(c Campaign, o Ordinal, _ Recipient) error {
			return e.Stores.Journal.Record(ctx, c.credit(p, o))
		})
		if err != nil {
			return 0, fmt.Errorf("match an annulled payment: %w", err)
		}
		done = append(done, references[i])
	}
	if err := e.Stores.Cashbook.Close(ctx, book, done); err != nil {
		return 0, fmt.Errorf("close annulled payments: %w", err)
	}
	return len(done), nil
}

// declare has ГИС ЖКХ told of the payments that are to be.
func (e *Engine) declare(ctx context.Context, provider ProviderID, mode Mode, payments []Payment) (fresh int, err error) {
	var list []Payment
	for _, p := range payments {
		if p.ReportToGIS && mode != Test {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		return 0, nil
	}
	if fresh, err = e.Stores.Declarations.Declare(ctx, provider, list, time.Now()); err != nil {
		return 0, fmt.Errorf("take payments to be declared: %w", err)
	}
	return fresh, nil
}

// Placed gives the identifier that the document a payment is for was given where it was placed (or was ordered with, when it was given none), and all that was
// booked for the same. Nothing and nothing: nobody's.
func (e *Engine) Placed(ctx context.Context, provider ProviderID, p Payment) (document string, booked []Payment, err error) {
	campaigns, err := e.Stores.Registry.Payable(ctx, provider)
	if err != nil {
		return "", nil, fmt.Errorf("list the campaigns to be paid: %w", err)
	}
	var purposes []Purpose
	_, err = e.match(ctx, campaigns, Live, p, func(c Campaign, o Ordinal, person Recipient) error {
		given, err := e.Stores.Documents.Given(ctx, c.ID, Ordinals{o})
		if err != nil {
			return fmt.Errorf("read the documents: %w", err)
		}
		if c.Kind == KindBill && document == "" { // the newest that has one
			document, purposes = cmp.Or(given[0], person.DocumentID), person.purposes(given[0])
		}
		return nil
	})
	if err != nil || purposes == nil {
		return document, nil, err
	}
	lists, err := e.Stores.Cashbook.Payments(ctx, bookOf(provider, Live), purposes)
	if err != nil {
		return "", nil, fmt.Errorf("read the payments: %w", err)
	}
	return document, slices.Concat(lists...), nil
}
