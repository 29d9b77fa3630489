package engine

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// verdict is what handling a batch decided about one member.
type verdict struct {
	what      what
	id        string        // of taken: the channel's own identity of the message
	document  string        // of taken: the identifier the bill was given where it was placed
	received  bool          // of taken: it lies in the mailbox or cabinet already
	covered   bool          // of taken: by a message to a shared address
	fulfilled bool          // of taken: the goal is met, there is nothing to wait for
	outcome   Outcome       // of ended
	reason    Reason        // of ended and skipped
	fault     *Fault        // of failed, and of skipped if the channel said that there is no address
	hold      Hold          // of held: why
	due       time.Time     // of held: until when
	receipt   string        // of handed
	pause     time.Duration // of handed: when to ask; 0 means askAfter
}

type what uint8

const (
	again   what = iota // no verdict: put back as if nothing had happened
	ended               // the lane ends here with outcome, or delivered if a channel has it already
	taken               // the channel took the message
	handed              // the channel has the message and says later whether it took it
	failed              // the channel failed with fault
	held                // it has to wait until due
	skipped             // the step is over or not for this member (reason may say why): go on to the next
)

// askAfter is when a channel that answers later is asked, if it does not say.
const askAfter = 10 * time.Second

// coveredCode is the code of Sent for a message to a shared address that somebody else got.
const coveredCode = "covered"

// plan turns verdicts into the batch's settlement and its facts. It is pure: the same arguments give the same plan, so that it can be
// made anew when the states turn out to have changed.
type plan struct {
	batch   Batch
	lane    Lane
	expires time.Time // of the campaign: nothing waits longer. Zero: never
	now     time.Time
	retry   Retry
	jitter  float64
	barrier func(i int, step Step) Reason // why the member can never be reached over the step's channel; NoReason if it can

	settlement Settlement
	next       map[place]*Members
	facts      map[happening]*Members
	owned      map[Reason]*Members // whose own address or mailbox has failed for good
}

// place is where a successor batch is put.
type place struct {
	step    int
	phase   Phase
	try     int
	polls   int
	hold    Hold
	receipt string
	since   time.Time
	due     time.Time
}

// happening is what one journal entry tells of many members.
type happening struct {
	fact   Fact
	reason Reason
	code   string
}

// valid reports whether a member still travels with its batch; a message that was returned meanwhile has moved it on or ended its lane.
func (b *Batch) valid(s State) bool { return s.Outcome == InFlight && int(s.Step) <= b.Step }

// make fills settlement, next and facts from the verdicts by member index and the members' states now.
func (p *plan) make(states []State, verdicts []verdict) {
	p.settlement = Settlement{Chunk: p.batch.Chunk, Lane: p.batch.Lane, States: make([]Change, 0, p.batch.Members.Count())}
	p.next, p.facts, p.owned = map[place]*Members{}, map[happening]*Members{}, nil
	for i := range p.batch.Members.All() {
		if state := states[i]; p.batch.valid(state) {
			p.decide(i, state, verdicts[i])
		}
	}
	p.collect()
}

// collect makes batches of the members by their next place.
func (p *plan) collect() {
	for at, members := range p.next {
		p.settlement.Next = append(p.settlement.Next, Batch{
			Campaign: p.batch.Campaign, Chunk: p.batch.Chunk, Lane: p.batch.Lane,
			Step: at.step, Phase: at.phase, Try: at.try, Polls: at.polls, Hold: at.hold, Receipt: at.receipt, Since: at.since, Due: at.due,
			Members: *members,
		})
	}
	slices.SortFunc(p.settlement.Next, func(a, b Batch) int { return strings.Compare(a.ID(), b.ID()) })
}

func (p *plan) decide(i int, s State, v verdict) {
	switch v.what {
	case ended:
		p.end(i, s, v.outcome, v.reason)
	case taken:
		p.took(i, s, v)
	case handed:
		polls := 0
		if p.batch.Phase == Confirming {
			polls = p.batch.Polls + 1
		}
		due := p.now.Add(cmp.Or(v.pause, askAfter)).Round(100 * time.Millisecond)
		p.put(i, place{step: p.batch.Step, phase: Confirming, try: p.batch.Try, polls: polls, receipt: v.receipt, since: p.batch.Since, due: due})
	case held:
		since := p.batch.Since
		if v.hold != HeldBreaker && v.hold != HeldReputation && v.hold != HeldRetry {
			since = since.Add(v.due.Sub(p.now)) // what our own rules make it wait is no part of Retry.Limit
		}
		p.put(i, place{step: p.batch.Step, phase: Sending, try: p.batch.Try, hold: v.hold, since: since, due: v.due})
	case failed:
		p.failed(i, s, v.fault)
	case skipped:
		if v.reason != NoReason && s.Reason == NoReason && !s.Taken() {
			p.onward(i, s, State{Outcome: InFlight, Channel: s.Channel, Reason: v.reason})
			return
		}
		p.onward(i, s, s)
	case again:
		b := &p.batch
		p.put(i, place{b.Step, b.Phase, b.Try, b.Polls, b.Hold, b.Receipt, b.Since, b.Due})
	}
}

// took waits for the step's goal if it is not met already and there is a step left that could be taken without it; otherwise the lane ends
// delivered.
func (p *plan) took(i int, was State, v verdict) {
	code := ""
	if v.covered {
		code = coveredCode
	}
	p.tell(i, Sent, NoReason, code)
	if v.received {
		p.tell(i, Received, NoReason, "")
	}
	step := p.lane[p.batch.Step]
	met := v.fulfilled || slices.Contains(step.Until, Sent) || v.received && slices.Contains(step.Until, Received)
	now := State{Outcome: Delivered, Channel: step.Channel, Step: p.step()}
	if step.Wait > 0 && !met && p.following(i) >= 0 {
		now.Outcome = InFlight
		p.put(i, place{step: p.batch.Step, phase: Waiting, since: p.now, due: p.now.Add(time.Duration(step.Wait))})
	}
	p.change(i, was, now)
}

// end ends the lane with an outcome; what a channel took before, it has delivered.
func (p *plan) end(i int, was State, outcome Outcome, reason Reason) {
	now := State{Outcome: outcome, Reason: reason, Step: p.step()}
	if was.Taken() {
		now = State{Outcome: Delivered, Channel: was.Channel, Step: p.step()}
	}
	p.change(i, was, now)
}

func (p *plan) failed(i int, s State, f *Fault) {
	pause, tries, retry := p.retry.Next(f, p.batch.Try, p.now.Sub(p.batch.Since), p.jitter)
	if retry {
		p.tell(i, Deferred, f.Reason, f.Code)
		// Whole tenths of a second keep members that failed alike in one batch.
		due := p.now.Add(pause).Round(100 * time.Millisecond)
		p.put(i, place{step: p.batch.Step, phase: Sending, try: tries, hold: HeldRetry, since: p.batch.Since, due: due})
		return
	}
	p.tell(i, Failed, f.Reason, f.Code)
	if f.Own {
		p.blame(i, f.Reason)
	}
	now := s
	if !s.Taken() {
		now = State{Outcome: InFlight, Channel: p.lane[p.batch.Step].Channel, Reason: f.Reason}
	}
	p.onward(i, s, now)
}

// blame notes a failure that is the recipient's own.
func (p *plan) blame(i int, why Reason) {
	if p.owned == nil {
		p.owned = map[Reason]*Members{}
	}
	if p.owned[why] == nil {
		p.owned[why] = new(Members)
	}
	p.owned[why].Add(i)
}

// giveBack plans for one recipient whose message a channel has returned: on to the next step, or the lane's end. Who is on the way to a
// later step already only loses the claim that the message was taken.
func (p *plan) giveBack(i int, s State, reason Reason) {
	p.settlement = Settlement{Chunk: p.batch.Chunk, Lane: p.batch.Lane}
	p.next, p.facts = map[place]*Members{}, map[happening]*Members{}
	now := State{Outcome: InFlight, Channel: s.Channel, Reason: reason}
	if s.Outcome == InFlight && p.lane[s.Step].Channel != s.Channel {
		now.Step = s.Step
		p.change(i, s, now)
		return
	}
	p.onward(i, s, now)
	p.collect()
}

// onward moves a member to the lane's next step that can reach it, or ends the lane.
func (p *plan) onward(i int, was, now State) {
	if step := p.following(i); step >= 0 {
		now.Step = uint8(step)
		p.change(i, was, now)
		p.put(i, place{step: step, phase: Sending, since: p.now, due: p.now})
		return
	}
	now.Step = p.step()
	if now.Reason == NoReason && !now.Taken() {
		now.Reason = p.unreached(i)
	}
	switch {
	case now.Taken():
		now.Outcome = Delivered
	case now.Reason.Suppression():
		now.Outcome = Suppressed
	default:
		now.Outcome = Undelivered
	}
	p.change(i, was, now)
}

// unreached is why no step of the lane could reach a member: because the resident does not want it so, or for want of an address.
func (p *plan) unreached(i int) Reason {
	for _, step := range p.lane {
		if why := p.barrier(i, step); why.Suppression() {
			return why
		}
	}
	return NoAddress
}

func (p *plan) step() uint8 { return uint8(p.batch.Step) }

// following is the lane's next step that can reach the member; -1 if there is none.
func (p *plan) following(i int) int {
	for step := p.batch.Step + 1; step < len(p.lane); step++ {
		if p.barrier(i, p.lane[step]) == NoReason {
			return step
		}
	}
	return -1
}

func (p *plan) change(i int, was, now State) {
	p.settlement.States = append(p.settlement.States, Change{Index: i, Was: was, State: now})
}

func (p *plan) put(i int, at place) {
	if !p.expires.IsZero() && at.due.After(p.expires) && p.expires.After(p.now) {
		at.due = p.expires.Truncate(time.Millisecond)
	}
	if p.next[at] == nil {
		p.next[at] = new(Members)
	}
	p.next[at].Add(i)
}

func (p *plan) tell(i int, fact Fact, reason Reason, code string) {
	h := happening{fact, reason, code}
	if p.facts[h] == nil {
		p.facts[h] = new(Members)
	}
	p.facts[h].Add(i)
}

// members are those to whom the plan says a fact happened, whatever its reason and code; nil if there are none.
func (p *plan) members(fact Fact) (list *Members) {
	for h, members := range p.facts {
		if h.fact != fact {
			continue
		}
		if list == nil {
			list = new(Members)
		}
		for i := range members.All() {
			list.Add(i)
		}
	}
	return list
}

// reputation counts what matters for the sender's: messages that were taken, and those that were refused because nobody is at the address.
func (p *plan) reputation() (sent, bounced int) {
	for h, members := range p.facts {
		switch {
		case h.fact == Sent:
			sent += members.Count()
		case h.fact == Failed && h.reason == BadAddress:
			bounced += members.Count()
		}
	}
	return sent, bounced
}

// entries gives the plan's facts as journal entries of the campaign, in a fixed order.
func (p *plan) entries(c Campaign) []Entry {
	list := make([]Entry, 0, len(p.facts))
	for _, h := range slices.SortedFunc(maps.Keys(p.facts), compareHappenings) {
		e := c.Entry(h.fact, p.lane[p.batch.Step].Channel, p.now)
		e.Template = c.textOf(p.lane[p.batch.Step])
		e.Reason, e.Code, e.Ordinals = h.reason, h.code, OrdinalsOf(p.batch.Chunk, *p.facts[h])
		list = append(list, e)
	}
	return list
}

func compareHappenings(a, b happening) int {
	return cmp.Or(cmp.Compare(a.fact, b.fact), cmp.Compare(a.reason, b.reason), cmp.Compare(a.code, b.code))
}
