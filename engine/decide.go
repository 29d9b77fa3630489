package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// decide gives a verdict on every member of the batch. Members without one are put back as they are.
func (e *Engine) decide(ctx context.Context, r *run) (map[int]verdict, error) {
	now := time.Now()
	switch c := r.campaign; {
	case c.Status == StatusCancelled:
		return r.all(verdict{what: ended, outcome: Cancelled}), nil
	case !c.ExpiresAt.IsZero() && !now.Before(c.ExpiresAt):
		return r.all(verdict{what: ended, outcome: Expired}), nil
	case c.Status == StatusPaused, r.batch.Due.After(now.Add(early)):
		return r.all(verdict{what: again}), nil
	}
	met, err := e.met(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("read the marks: %w", err)
	}
	verdicts := make(map[int]verdict, ChunkSize)
	for i := range r.batch.Members.All() {
		if met.Has(i) {
			verdicts[i] = verdict{what: ended, outcome: Suppressed, reason: GoalMet}
		}
	}
	// Both phases need the people: to write to them, or to know which step can reach them next.
	if len(verdicts) < r.batch.Members.Count() {
		if r.people, err = e.Stores.Audience.Chunk(ctx, r.campaign.ID, r.batch.Chunk); err != nil {
			return nil, fmt.Errorf("read chunk %d: %w", r.batch.Chunk, err)
		}
	}
	if r.batch.Phase == Waiting {
		for i := range r.batch.Members.All() {
			if !met.Has(i) {
				verdicts[i] = verdict{what: skipped}
			}
		}
		return verdicts, nil
	}
	return verdicts, e.send(ctx, r, verdicts)
}

// all gives every member the same verdict.
func (r *run) all(v verdict) map[int]verdict {
	verdicts := make(map[int]verdict, ChunkSize)
	for i := range r.batch.Members.All() {
		verdicts[i] = v
	}
	return verdicts
}

// met gives the members who have already done what the step is for.
func (e *Engine) met(ctx context.Context, r *run) (Members, error) {
	facts := goals(r.campaign.Kind, r.lane, r.batch.Step, r.batch.Phase)
	if len(facts) == 0 {
		return Members{}, nil
	}
	return e.Stores.Marks.Of(ctx, r.campaign.ID, r.batch.Chunk, facts...)
}

// reach tells whether a member can be reached over a step's channel: it is configured, the kind may go there, and there is an address.
func (e *Engine) reach(r *run) func(int, Step) bool {
	return func(i int, step Step) bool {
		return e.configured(r.campaign, step.Channel) && i < len(r.people) && r.people[i].Address(step.Channel) != ""
	}
}

func (e *Engine) configured(c Campaign, ch ChannelName) bool {
	return e.Channels[ch] != nil && Allowed(c.Kind, ch)
}

// send writes to every member that has no verdict yet and may be written to.
func (e *Engine) send(ctx context.Context, r *run, verdicts map[int]verdict) error {
	step := r.lane[r.batch.Step]
	if err := e.hush(ctx, r, step, verdicts); err != nil {
		return err
	}
	var messages []Message
	var who []int
	text, err := e.Texts.Open(ctx, r.campaign.Template)
	if err != nil {
		return fmt.Errorf("open template %s: %w", r.campaign.Template, err)
	}
	for i := range r.batch.Members.All() {
		if _, done := verdicts[i]; done || !r.batch.valid(r.states[i]) {
			continue
		}
		message, err := e.write(r, text, step.Channel, i)
		if err != nil {
			verdicts[i] = verdict{what: failed, fault: &Fault{Reason: BadMessage, Code: "template", Err: err}}
			continue
		}
		messages, who = append(messages, message), append(who, i)
	}
	for k, result := range e.hand(ctx, r, step.Channel, messages) {
		verdicts[who[k]] = judge(ctx, result)
	}
	return nil
}

// hush passes over whom the step cannot reach or must not reach.
func (e *Engine) hush(ctx context.Context, r *run, step Step, verdicts map[int]verdict) error {
	reach := e.reach(r)
	var who []int
	var addresses []string
	for i := range r.batch.Members.All() {
		if _, done := verdicts[i]; done {
			continue
		}
		if !reach(i, step) {
			verdicts[i] = verdict{what: skipped}
			continue
		}
		who, addresses = append(who, i), append(addresses, r.people[i].Address(step.Channel))
	}
	if len(who) == 0 {
		return nil
	}
	reasons, err := e.Stores.Stops.Stopped(ctx, r.provider.ID, step.Channel, addresses)
	if err != nil {
		return fmt.Errorf("read the stops: %w", err)
	}
	for k, reason := range reasons {
		if stops(r.campaign.Kind, reason) {
			verdicts[who[k]] = verdict{what: skipped, reason: reason}
		}
	}
	return nil
}

// write renders one member's message.
func (e *Engine) write(r *run, text Text, ch ChannelName, i int) (Message, error) {
	ordinal := OrdinalOf(r.batch.Chunk, i)
	content, err := text.Render(ch, Letter{
		Provider: r.provider, Campaign: r.campaign, Recipient: r.people[i],
		Links: e.Tokens.LinksFor(e.PublicURL, r.campaign.ID, ordinal, ch),
	})
	return Message{Key: MessageKey(r.campaign.ID, ordinal, ch), Recipient: r.people[i], Content: content}, err
}

// hand gives the messages to the channel; a test campaign does everything but this.
func (e *Engine) hand(ctx context.Context, r *run, ch ChannelName, messages []Message) []Result {
	if r.campaign.Mode == Test || len(messages) == 0 {
		return make([]Result, len(messages))
	}
	begin := time.Now()
	results := e.Channels[ch].Send(ctx, Sender{Provider: r.provider, Campaign: r.campaign}, messages)
	e.Meter.Sending(ch, time.Since(begin), len(messages))
	if len(results) != len(messages) {
		err := fmt.Errorf("channel %s answered %d results for %d messages", ch, len(results), len(messages))
		e.Log.Error("a channel broke its contract", "error", err)
		results = slices.Repeat([]Result{{Fault: FaultOf(err)}}, len(messages))
	}
	e.count(ch, results)
	return results
}

func (e *Engine) count(ch ChannelName, results []Result) {
	tried := map[Reason]int{}
	for _, result := range results {
		if result.Fault == nil {
			tried[NoReason]++
			continue
		}
		tried[result.Fault.Reason]++
	}
	for reason, n := range tried {
		e.Meter.Tried(ch, reason, n)
	}
}

// judge turns a channel's result into a verdict. What was not tried because the worker is being stopped, or lost its lease, has not failed.
func judge(ctx context.Context, result Result) verdict {
	switch f := result.Fault; {
	case f == nil:
		return verdict{what: taken}
	case ctx.Err() != nil && f.Reason.Temporary() && errors.Is(f, ctx.Err()):
		return verdict{what: again}
	default:
		return verdict{what: failed, fault: f}
	}
}
