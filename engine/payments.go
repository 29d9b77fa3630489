package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// PaymentReport is what became of payments a provider reported.
type PaymentReport struct {
	Accepted   int `json:"accepted"`   // booked now
	Matched    int `json:"matched"`    // of them, those that found a recipient in some campaign
	Unmatched  int `json:"unmatched"`  // of them, those that have found none yet; a later campaign finds them
	Duplicates int `json:"duplicates"` // references that counted before
	Declared   int `json:"declared"`   // taken to be told to ГИС ЖКХ, those of a test not
}

// Pay books payments and matches them against the provider's campaigns, by document or by account and period. A recipient is paid when
// its payments reach its amount (or with the first, if it has none). A document may be named as it was ordered or as it was placed. The same reference counts once. When it returns nil, steps that
// wait for a payment see it. Payments of a test never meet a live campaign, and the other way round.
func (e *Engine) Pay(ctx context.Context, provider ProviderID, mode Mode, payments []Payment) (PaymentReport, error) {
	var report PaymentReport
	book := bookOf(provider, mode)
	campaigns, err := e.Stores.Registry.Payable(ctx, provider)
	if err != nil {
		return report, fmt.Errorf("list the campaigns to be paid: %w", err)
	}
	if report.Declared, err = e.declare(ctx, provider, mode, payments); err != nil {
		return report, err
	}
	payments = slices.Clone(payments)
	for i, p := range payments {
		if payments[i], err = e.named(ctx, campaigns, mode, p); err != nil {
			return report, fmt.Errorf("name a payment: %w", err)
		}
	}
	credits, err := e.Stores.Cashbook.Credit(ctx, book, payments)
	if err != nil {
		return report, fmt.Errorf("book payments: %w", err)
	}
	var done []string
	for i, payment := range payments {
		if credits[i] == Closed {
			report.Duplicates++
			continue
		}
		report.Accepted++
		matched, err := e.match(ctx, campaigns, mode, payment, func(c Campaign, o Ordinal, person Recipient) error {
			return e.paid(ctx, c, []Ordinal{o}, []Recipient{person})
		})
		if err != nil {
			return report, fmt.Errorf("match a payment: %w", err)
		}
		if matched {
			report.Matched++
		} else {
			report.Unmatched++
		}
		done = append(done, payment.Reference)
	}
	if err := e.Stores.Cashbook.Close(ctx, book, done); err != nil {
		return report, fmt.Errorf("close payments: %w", err)
	}
	return report, nil
}

// bookOf names the cashbook of a provider's live or test payments.
func bookOf(provider ProviderID, mode Mode) ProviderID {
	if mode == Test {
		return provider + "-test"
	}
	return provider
}

// match finds whom the payment is for in each campaign of the mode.
func (e *Engine) match(ctx context.Context, campaigns []CampaignID, mode Mode, p Payment, tell func(Campaign, Ordinal, Recipient) error) (matched bool, err error) {
	for _, id := range campaigns {
		ordinal, err := e.payer(ctx, id, p)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return false, err
		}
		c, err := e.Stores.Registry.Campaign(ctx, id)
		if err != nil {
			return false, fmt.Errorf("read campaign %s: %w", id, err)
		}
		if (c.Mode == Test) != (mode == Test) {
			continue
		}
		person, err := e.Stores.Audience.Person(ctx, id, ordinal)
		if errors.Is(err, ErrNotFound) || p.DocumentID == "" && err == nil && person.Period != p.Period {
			continue
		}
		if err != nil {
			return false, err
		}
		if err := tell(c, ordinal, person); err != nil {
			return false, err
		}
		matched = true
	}
	return matched, nil
}

func (e *Engine) payer(ctx context.Context, id CampaignID, p Payment) (Ordinal, error) {
	if p.DocumentID != "" {
		return e.FindDocument(ctx, id, p.DocumentID)
	}
	return e.Stores.Audience.FindAccount(ctx, id, p.Account)
}

// purposes are what a payment for this recipient may name: the document, also by the name it was given elsewhere, and the account with the period.
func (r *Recipient) purposes(given string) []Purpose {
	var list []Purpose
	if r.DocumentID != "" {
		list = append(list, Purpose{DocumentID: r.DocumentID})
	}
	if given != "" && given != r.DocumentID {
		list = append(list, Purpose{DocumentID: given})
	}
	if r.Period != "" {
		list = append(list, Purpose{Account: r.Account, Period: r.Period})
	}
	return list
}

// paid looks up what the recipients have paid so far, records each payment and, where the amount is reached, the fact.
func (e *Engine) paid(ctx context.Context, c Campaign, ordinals []Ordinal, people []Recipient) error {
	given, err := e.Stores.Documents.Given(ctx, c.ID, ordinals)
	if err != nil {
		return fmt.Errorf("read the documents: %w", err)
	}
	var purposes []Purpose
	var owner []int
	for i := range people {
		for _, purpose := range people[i].purposes(given[i]) {
			purposes, owner = append(purposes, purpose), append(owner, i)
		}
	}
	payments, err := e.Stores.Cashbook.Payments(ctx, bookOf(c.Provider, c.Mode), purposes)
	if err != nil {
		return fmt.Errorf("read the payments: %w", err)
	}
	var entries []Entry
	sums, last := map[int]Money{}, map[int]time.Time{}
	for k, list := range payments {
		i := owner[k]
		for _, p := range list {
			sums[i] += p.Amount
			last[i] = later(last[i], p.PaidAt)
			entries = append(entries, c.credit(p, ordinals[i]))
		}
	}
	if len(entries) == 0 {
		return nil
	}
	if err := e.Stores.Journal.Record(ctx, entries...); err != nil {
		return fmt.Errorf("record the payments: %w", err)
	}
	var facts []Observation
	for i, sum := range sums {
		if amount := people[i].Amount; amount == nil || sum >= *amount {
			facts = append(facts, Observation{Campaign: c.ID, Ordinal: ordinals[i], Fact: Paid, At: last[i]})
		}
	}
	return e.Observe(ctx, facts...)
}

// credit is the journal's entry about a payment of a recipient.
func (c Campaign) credit(p Payment, o Ordinal) Entry {
	entry := c.Entry("", NoChannel, p.PaidAt)
	entry.Payment, entry.Ordinals = &Payment{Reference: p.Reference, Amount: p.Amount, PaidAt: p.PaidAt}, Ordinals{o}
	return entry
}

// paidBefore finds the payments that came before a chunk's campaign began.
func (e *Engine) paidBefore(ctx context.Context, c Campaign, chunk int) error {
	if !c.Kind.Payable() {
		return nil
	}
	people, err := e.Stores.Audience.Chunk(ctx, c.ID, chunk)
	if err != nil {
		return fmt.Errorf("read chunk %d: %w", chunk, err)
	}
	return e.paid(ctx, c, OrdinalsOf(chunk, FirstMembers(len(people))), people)
}
