package engine

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// ask asks the channel about members who may not want to be written to, as far as the rates allow it now; the others wait. Who does not is stopped,
// and hush passes over them; who does is remembered too, so that a resident is asked about once in a dialog's life, or before each campaign while
// they do not. What the channel cannot tell changes nothing: then its answer to the message tells.
func (e *Engine) ask(ctx context.Context, r *run, who []int) ([]int, error) {
	ch := r.step().Channel
	asker, able := e.Channels[ch].(Asker)
	if !able || r.campaign.Mode == Test {
		return who, nil
	}
	unsure, err := e.unsure(ctx, r, who)
	if err != nil || len(unsure) == 0 {
		return who, err
	}
	b, err := e.Stores.Breakers.Breaker(ctx, r.provider.ID, ch)
	if err != nil {
		return nil, fmt.Errorf("read the breaker: %w", err)
	}
	if b.Open() {
		return who, nil // whoever waits is asked about later
	}
	rates := slices.DeleteFunc(e.limits(r), func(l limit) bool { return l.hold != HeldPace })
	if unsure, err = e.share(ctx, r, rates, unsure); err != nil {
		return nil, err
	}
	who = slices.DeleteFunc(who, func(i int) bool { return r.verdicts[i].what == held })
	return who, e.inquire(ctx, r, asker, unsure)
}

// unsure gives the members who could be written to but for what they say to it, of whom that is not known.
func (e *Engine) unsure(ctx context.Context, r *run, who []int) ([]int, error) {
	step, barrier := r.step(), e.barrier(r)
	who = slices.DeleteFunc(slices.Clone(who), func(i int) bool { return barrier(i, step) != NoReason })
	if needsConsent(r.campaign.Kind, step.Channel) && len(who) > 0 {
		given, err := e.Stores.Consents.Given(ctx, r.provider.ID, step.Channel, r.accounts(who))
		if err != nil {
			return nil, fmt.Errorf("read the consents: %w", err)
		}
		who = chosen(who, func(k int) bool { return given[k] })
	}
	if len(who) == 0 {
		return nil, nil
	}
	addresses := r.addresses(who)
	reasons, err := e.Stores.Stops.Stopped(ctx, r.provider.ID, step.Channel, addresses)
	if err != nil {
		return nil, fmt.Errorf("read the stops: %w", err)
	}
	begun, err := e.Stores.Dialogs.Begun(ctx, r.provider.ID, step.Channel, addresses)
	if err != nil {
		return nil, fmt.Errorf("look for dialogs: %w", err)
	}
	return chosen(who, func(k int) bool { return reasons[k] == Denied || !begun[k] && !stops(r.campaign.Kind, reasons[k]) }), nil
}

// chosen gives those whose place is chosen.
func chosen(who []int, is func(k int) bool) (list []int) {
	for k, i := range who {
		if is(k) {
			list = append(list, i)
		}
	}
	return list
}

// inquire asks about members and remembers the answers.
func (e *Engine) inquire(ctx context.Context, r *run, asker Asker, who []int) error {
	if len(who) == 0 {
		return nil
	}
	ch, people := r.step().Channel, make([]Recipient, len(who))
	for k, i := range who {
		people[k] = r.people[i]
	}
	answers, err := asker.Ask(ctx, r.provider, people)
	if err != nil || len(answers) != len(people) {
		e.Log.Warn("a channel does not tell who may be written to", "channel", ch, "provider", r.provider.ID, "error", err)
		return nil
	}
	said := func(word SignalKind) []string {
		return r.addresses(chosen(who, func(k int) bool { return answers[k] == word }))
	}
	if err := e.stopAddresses(ctx, r.provider.ID, ch, Denied, said(SignalDeny)); err != nil {
		return err
	}
	return e.welcome(ctx, r.provider.ID, ch, said(SignalAllow))
}

// welcome remembers residents who let the provider write.
func (e *Engine) welcome(ctx context.Context, provider ProviderID, ch ChannelName, addresses []string) error {
	if len(addresses) == 0 {
		return nil
	}
	lifted, err := e.stoppedFor(ctx, provider, ch, addresses, Denied)
	if err != nil {
		return err
	}
	if err := e.putStops(ctx, provider, ch, NoReason, lifted); err != nil {
		return err
	}
	if err := e.Stores.Dialogs.Begin(ctx, provider, ch, addresses); err != nil {
		return fmt.Errorf("remember who may be written to: %w", err)
	}
	return nil
}

// addresses are where the step writes to members.
func (r *run) addresses(who []int) []string {
	list := make([]string, len(who))
	for k, i := range who {
		list[k] = r.people[i].Address(r.step().Channel)
	}
	return list
}

// limits are those that the step's messages are under now.
func (e *Engine) limits(r *run) []limit {
	ch := r.step().Channel
	return limitsOf(r.campaign, r.provider, ch, e.Limits[ch], e.limitsOfSender(ch), time.Now())
}
