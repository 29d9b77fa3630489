package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// decide gives a verdict on every member of the batch. Members without one are put back as they are.
func (e *Engine) decide(ctx context.Context, r *run) error {
	now := time.Now()
	handed := r.batch.Phase == Confirming // the channel has the messages: what became of them must be heard
	switch c := r.campaign; {
	case c.Status == StatusPaused, r.batch.Due.After(now.Add(early)):
		return nil
	case c.Status == StatusCancelled && !handed:
		r.all(verdict{what: ended, outcome: Cancelled})
		return nil
	case !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt) && !handed:
		r.all(verdict{what: ended, outcome: Expired})
		return nil
	}
	if handed {
		return e.confirm(ctx, r)
	}
	met, err := e.met(ctx, r)
	if err != nil {
		return fmt.Errorf("read the marks: %w", err)
	}
	if err := e.fulfil(ctx, r, met); err != nil {
		return err
	}
	who := r.undecided()
	if err := e.forgo(ctx, r, r.without(who)); err != nil || len(who) == 0 {
		return err
	}
	// Both phases need the people: to write to them, or to know which step can reach them next.
	if err := e.readPeople(ctx, r); err != nil {
		return err
	}
	if r.batch.Phase == Waiting {
		r.each(who, verdict{what: skipped})
		return nil
	}
	return e.send(ctx, r, who)
}

// fulfil ends the lanes of those who have met the goal. A fact over the step's own channel, unless that has returned a message, says that it took
// this one, though a crash kept that from being written down: it is written down now.
func (e *Engine) fulfil(ctx context.Context, r *run, met Members) error {
	var who []int
	var ordinals Ordinals
	for i := range met.All() {
		if r.batch.Members.Has(i) {
			r.verdicts[i] = verdict{what: ended, outcome: Suppressed, reason: GoalMet}
			if !r.states[i].Taken() {
				who, ordinals = append(who, i), append(ordinals, OrdinalOf(r.batch.Chunk, i))
			}
		}
	}
	for _, f := range []Fact{Received, Opened, Clicked, Bounced} {
		if len(who) == 0 {
			return nil
		}
		marked, err := e.Stores.Marks.Has(ctx, r.campaign.ID, r.step().Channel, f, ordinals)
		if err != nil {
			return fmt.Errorf("read the marks: %w", err)
		}
		for k, i := range who {
			switch {
			case marked[k] && f == Bounced:
				r.verdicts[i] = verdict{what: ended, outcome: Suppressed, reason: GoalMet}
			case marked[k]:
				r.verdicts[i] = verdict{what: taken, fulfilled: true}
			}
		}
	}
	return nil
}

// undecided are the members that still travel with the batch and have no verdict yet.
func (r *run) undecided() []int {
	who := make([]int, 0, ChunkSize)
	for i := range r.batch.Members.All() {
		if r.verdicts[i].what == again && r.batch.valid(r.states[i]) {
			who = append(who, i)
		}
	}
	return who
}

// without gives the members who are not among who.
func (r *run) without(who []int) (others []int) {
	for i := range r.batch.Members.All() {
		if len(who) > 0 && who[0] == i {
			who = who[1:]
			continue
		}
		others = append(others, i)
	}
	return others
}

// all gives every member the same verdict.
func (r *run) all(v verdict) { r.each(r.undecided(), v) }

func (r *run) each(who []int, v verdict) {
	for _, i := range who {
		r.verdicts[i] = v
	}
}

// met gives the members who have already done what the step is for.
func (e *Engine) met(ctx context.Context, r *run) (Members, error) {
	facts := goals(r.campaign.Kind, r.lane, r.batch.Step, r.batch.Phase)
	if len(facts) == 0 {
		return Members{}, nil
	}
	return e.Stores.Marks.Of(ctx, r.campaign.ID, r.batch.Chunk, facts...)
}

func (e *Engine) readPeople(ctx context.Context, r *run) (err error) {
	if r.people, err = e.Stores.Audience.Chunk(ctx, r.campaign.ID, r.batch.Chunk); err != nil {
		return fmt.Errorf("read chunk %d: %w", r.batch.Chunk, err)
	}
	return nil
}

// barrier tells why a member can never be reached over a step's channel: it is not configured or the kind may not go there (NoAddress too,
// since nothing can be done about it here), there is no address, or the resident does not take messages of this kind there.
func (e *Engine) barrier(r *run) func(int, Step) Reason {
	on := map[ChannelName]bool{}
	for _, step := range r.lane {
		on[step.Channel] = e.configured(r.campaign, r.provider, step.Channel)
	}
	return func(i int, step Step) Reason {
		if !on[step.Channel] || i >= len(r.people) {
			return NoAddress
		}
		if e.scope(r.provider, r.campaign.Kind, step.Channel) == ToHouse && r.people[i].House == "" {
			return NoAddress
		}
		return r.people[i].barrier(r.campaign.Kind, step.Channel)
	}
}

// configured reports whether the provider's campaign can go over the channel at all.
func (e *Engine) configured(c Campaign, p Provider, ch ChannelName) bool {
	channel := e.Channels[ch]
	if channel == nil || !Allowed(c.Kind, ch) || e.scope(p, c.Kind, ch) == ToNobody {
		return false
	}
	picky, is := channel.(Selective)
	return !is || picky.Serves(p)
}

// send writes to those members that may be written to now.
func (e *Engine) send(ctx context.Context, r *run, who []int) error {
	defer e.leave(context.WithoutCancel(ctx), r)
	if err := e.deliver(ctx, r, who); err != nil {
		return err
	}
	return e.cover(context.WithoutCancel(ctx), r)
}

// deliver asks every rule, which gives its verdicts and hands on the others, and hands the messages of those who are left to the channel.
func (e *Engine) deliver(ctx context.Context, r *run, who []int) (err error) {
	for _, rule := range []func(context.Context, *run, []int) ([]int, error){e.ask, e.hush, e.atDay, e.alone, e.paced, e.capped} {
		if who, err = rule(ctx, r, who); err != nil || len(who) == 0 {
			return err
		}
	}
	messages, who, err := e.write(ctx, r, who)
	if err != nil || len(who) == 0 {
		return err
	}
	results := e.hand(ctx, r, messages)
	for k, i := range who {
		r.verdicts[i] = judge(ctx, results[k])
	}
	return e.diagnose(context.WithoutCancel(ctx), r, who, results)
}

// write renders the messages. Who cannot be rendered has failed; the others are handed on.
func (e *Engine) write(ctx context.Context, r *run, who []int) (messages []Message, ready []int, err error) {
	ref := r.template()
	text, err := e.Texts.Open(ctx, ref)
	if err != nil {
		return nil, nil, fmt.Errorf("open template %s: %w", ref, err)
	}
	messages, ready = make([]Message, 0, len(who)), who[:0]
	ch := r.step().Channel
	voice := e.voice(r.provider, r.campaign.Kind, ch)
	letter := Letter{Provider: r.provider, Campaign: r.campaign}
	pass := Pass{Act: ActReturn, Campaign: r.campaign.ID, Channel: ch, Lane: r.batch.Lane, Step: r.batch.Step}
	followed := pass
	followed.Written = time.Now()
	returner, returns := e.Channels[ch].(Returner)
	returns = returns && returner.Returns(r.provider)
	for _, i := range who {
		pass.Ordinal, letter.Recipient = OrdinalOf(r.batch.Chunk, i), &r.people[i]
		followed.Ordinal = pass.Ordinal
		letter.Links = e.linksFor(r.provider, followed)
		content, err := text.Render(voice, &letter)
		if err != nil {
			r.verdicts[i] = verdict{what: failed, fault: &Fault{Reason: BadMessage, Code: "template", Err: err}}
			continue
		}
		if e.keeps(r) {
			once(content.Files)
		}
		message := Message{Key: r.messageKey(pass.Ordinal), Recipient: &r.people[i], Content: content}
		if returns {
			if message.Return, err = e.Tokens.Name(pass); err != nil {
				return nil, nil, err
			}
		}
		messages = append(messages, message)
		ready = append(ready, i)
	}
	return messages, ready, nil
}

// hand gives the messages to the channel; of a test campaign they are only kept for looking at.
func (e *Engine) hand(ctx context.Context, r *run, messages []Message) []Result {
	if r.campaign.Mode == Test {
		results := make([]Result, len(messages))
		e.keep(ctx, r, messages, results)
		return results
	}
	ch, begin := r.step().Channel, time.Now()
	results := e.Channels[ch].Send(ctx, Sender{Provider: r.provider, Campaign: r.campaign}, messages)
	e.Meter.Sending(ch, time.Since(begin), len(messages))
	results = e.results(ch, results, len(messages))
	e.keep(ctx, r, messages, results)
	return results
}

// results counts what a channel answered, after seeing that it answered for every message.
func (e *Engine) results(ch ChannelName, results []Result, messages int) []Result {
	if len(results) != messages {
		err := fmt.Errorf("channel %s answered %d results for %d messages", ch, len(results), messages)
		e.Log.Error("a channel broke its contract", "error", err)
		results = slices.Repeat([]Result{{Fault: FaultOf(err)}}, messages)
	}
	tried := map[Reason]int{}
	for _, result := range results {
		switch {
		case result.Fault != nil:
			tried[result.Fault.Reason]++
		case result.Later == nil:
			tried[NoReason]++
		}
	}
	for reason, n := range tried {
		e.Meter.Tried(ch, reason, n)
	}
	return results
}

// judge turns a channel's result into a verdict. What was not tried because the worker is being stopped, its lease was lost or its campaign
// is held, has not failed.
func judge(ctx context.Context, result Result) verdict {
	switch f := result.Fault; {
	case f == nil && result.Later != nil && result.Later.Receipt == "":
		return verdict{what: held, hold: HeldRetry, due: time.Now().Add(cmp.Or(result.Later.After, askAfter)).Round(100 * time.Millisecond)}
	case f == nil && result.Later != nil:
		return verdict{what: handed, receipt: result.Later.Receipt, pause: result.Later.After}
	case f == nil:
		return verdict{what: taken, id: result.ID, document: result.Document, received: result.Received}
	case ctx.Err() != nil && f.Reason.Temporary() && errors.Is(f, ctx.Err()):
		return verdict{what: again}
	case f.Reason == NoAddress: // only the channel could know: a house without a chat
		return verdict{what: skipped, fault: f}
	default:
		return verdict{what: failed, fault: f}
	}
}

// confirm asks the channel what became of the messages it has.
func (e *Engine) confirm(ctx context.Context, r *run) error {
	ch := r.step().Channel
	confirmer, able := e.Channels[ch].(Confirmer)
	who := r.undecided()
	if !able || len(who) == 0 {
		return nil
	}
	if err := e.readPeople(ctx, r); err != nil {
		return err
	}
	pending := make([]Receipt, len(who))
	for k, i := range who {
		pending[k] = Receipt{Key: r.messageKey(OrdinalOf(r.batch.Chunk, i)), Text: r.batch.Receipt, Polls: r.batch.Polls, Since: r.batch.Since}
	}
	results := e.results(ch, confirmer.Confirm(ctx, Sender{Provider: r.provider, Campaign: r.campaign}, pending), len(pending))
	for k, i := range who {
		r.verdicts[i] = judge(ctx, results[k])
	}
	return e.heard(context.WithoutCancel(ctx), r, who)
}
