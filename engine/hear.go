package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// SignalKind is what a resident did in the dialog with a provider.
type SignalKind string

// The kinds of signals.
const (
	SignalRead  SignalKind = "read"  // read everything up to a message
	SignalAllow SignalKind = "allow" // lets the provider write
	SignalDeny  SignalKind = "deny"  // does not let it write any more
	SignalClick SignalKind = "click" // pressed a button below the newest message
	SignalStop  SignalKind = "stop"  // answered that they want no more
)

// Signal is something a resident did in the dialog with a provider, as the provider of transport tells it.
type Signal struct {
	Kind    SignalKind
	Address string    // see Recipient.Address: personal data
	UpTo    int64     // of SignalRead: the number of the last message that is read
	At      time.Time // when it happened, or when we heard of it
	ID      string    // the same when it is told again; empty: it is never taken for one that was heard
}

// Hear takes signals over a channel that keeps dialogs. When it returns nil they are durable; after an error they may all be told again.
//
// Everything up to where a resident has read is opened. Who does not let the provider write is not written to (Denied) until they do, or say
// so when asked; it also ends their consent to advertising over the channel, as a word that means "no more" does, which counts as Unsubscribed
// from the newest message. To let the provider write is no consent to advertising (38-FZ, article 18). Signals come twice and in any order: of
// those that come together the last counts, and one whose ID was heard before changes nothing.
func (e *Engine) Hear(ctx context.Context, provider ProviderID, ch ChannelName, signals ...Signal) error {
	if err := e.hearReads(ctx, provider, ch, signals); err != nil {
		return fmt.Errorf("hear what was read: %w", err)
	}
	fresh, err := e.unheard(ctx, provider, ch, signals)
	if err != nil || len(fresh) == 0 {
		return err
	}
	if err := e.obey(ctx, provider, ch, fresh); err != nil {
		return fmt.Errorf("hear residents: %w", err)
	}
	ids := make([]string, 0, len(fresh))
	for _, s := range fresh {
		if s.ID != "" {
			ids = append(ids, s.ID)
		}
	}
	if err := e.Stores.Dialogs.Hear(ctx, provider, ch, ids); err != nil {
		return fmt.Errorf("remember what was heard: %w", err)
	}
	return nil
}

// hearReads observes what was read.
func (e *Engine) hearReads(ctx context.Context, provider ProviderID, ch ChannelName, signals []Signal) error {
	upTo, at := map[string]int64{}, time.Time{}
	for _, s := range signals {
		if s.Kind == SignalRead {
			upTo[s.Address], at = max(upTo[s.Address], s.UpTo), later(at, s.At)
		}
	}
	list := make([]ReadUpTo, 0, len(upTo))
	for address, number := range upTo {
		list = append(list, ReadUpTo{address, number})
	}
	if len(list) == 0 {
		return nil
	}
	found, err := e.Stores.Dialogs.Read(ctx, provider, ch, list)
	if err != nil {
		return err
	}
	if err := e.Observe(ctx, e.known(ctx, happened(slices.Concat(found...), ch, Opened, at))...); err != nil {
		return err
	}
	var newest []Written
	for _, messages := range found {
		if len(messages) > 1 {
			newest = append(newest, messages[len(messages)-1])
		}
	}
	return e.Stores.Dialogs.Drop(ctx, provider, ch, newest)
}

// known leaves out what is about campaigns that are not there any more: nobody can tell it again.
func (e *Engine) known(ctx context.Context, list []Observation) []Observation {
	gone := map[CampaignID]bool{}
	for _, o := range list {
		if _, asked := gone[o.Campaign]; !asked {
			_, err := e.Stores.Registry.Campaign(ctx, o.Campaign)
			gone[o.Campaign] = errors.Is(err, ErrNotFound)
		}
	}
	return slices.DeleteFunc(list, func(o Observation) bool { return gone[o.Campaign] })
}

// unheard gives the signals that are not reads and were not heard before.
func (e *Engine) unheard(ctx context.Context, provider ProviderID, ch ChannelName, signals []Signal) (fresh []Signal, err error) {
	var ids []string
	for _, s := range signals {
		if s.Kind != SignalRead {
			fresh, ids = append(fresh, s), append(ids, s.ID)
		}
	}
	heard, err := e.Stores.Dialogs.Heard(ctx, provider, ch, ids)
	if err != nil {
		return nil, fmt.Errorf("look up what was heard: %w", err)
	}
	seen, kept := map[string]bool{}, fresh[:0]
	for k, s := range fresh {
		if s.ID == "" || !heard[k] && !seen[s.ID] {
			kept = append(kept, s)
		}
		seen[s.ID] = true
	}
	return kept, nil
}

// obey does what signals ask for.
func (e *Engine) obey(ctx context.Context, provider ProviderID, ch ChannelName, signals []Signal) error {
	addresses := make([]string, len(signals))
	for i, s := range signals {
		addresses[i] = s.Address
	}
	last, err := e.Stores.Dialogs.Last(ctx, provider, ch, addresses)
	if err != nil {
		return err
	}
	var allowed, denied, opted []string
	var facts []Observation
	lets := map[string]SignalKind{} // the last word of each
	for i, s := range signals {
		switch s.Kind {
		case SignalAllow, SignalDeny:
			lets[s.Address] = s.Kind
		case SignalStop:
			opted = append(opted, s.Address)
			facts = append(facts, happened(last[i:i+1], ch, Unsubscribed, s.At)...)
		case SignalClick:
			facts = append(facts, happened(last[i:i+1], ch, Clicked, s.At)...)
		}
	}
	for address, word := range lets {
		if word == SignalAllow {
			allowed = append(allowed, address)
		} else {
			denied = append(denied, address)
		}
	}
	if err := e.Observe(ctx, e.known(ctx, facts)...); err != nil {
		return err
	}
	if err := e.stopAddresses(ctx, provider, ch, Denied, denied); err != nil {
		return err
	}
	if err := e.stopAddresses(ctx, provider, ch, Opted, opted); err != nil {
		return err
	}
	if err := e.welcome(ctx, provider, ch, allowed); err != nil {
		return err
	}
	return e.withdraw(ctx, provider, ch, signals, last)
}

// How a withdrawal of consent in a dialog stands in the ledger of consents.
var withdrawals = map[SignalKind]string{SignalDeny: "messages denied", SignalStop: "answered stop"}

// withdraw ends the consent to advertising of those who want no more, as far as one holds and the account is known.
func (e *Engine) withdraw(ctx context.Context, provider ProviderID, ch ChannelName, signals []Signal, last []Written) error {
	var accounts []string
	var entries []Consent
	for i, s := range signals {
		how, is := withdrawals[s.Kind]
		if !is || last[i].Campaign == "" {
			continue
		}
		person, err := e.Stores.Audience.Person(ctx, last[i].Campaign, last[i].Ordinal)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read recipient %d: %w", last[i].Ordinal, err)
		}
		accounts = append(accounts, person.Account)
		entries = append(entries, Consent{Account: person.Account, Channel: ch, At: s.At.Truncate(time.Millisecond), How: how})
	}
	if len(entries) == 0 {
		return nil
	}
	given, err := e.Stores.Consents.Given(ctx, provider, ch, accounts)
	if err != nil {
		return fmt.Errorf("read the consents: %w", err)
	}
	held := entries[:0]
	for k, entry := range entries {
		if given[k] {
			held = append(held, entry)
		}
	}
	if len(held) == 0 {
		return nil
	}
	if err := e.Stores.Consents.Record(ctx, provider, held); err != nil {
		return fmt.Errorf("record withdrawn consents: %w", err)
	}
	return nil
}
