package console

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"vestnik/engine"
)

// doing is one thing a campaign is busy with.
type doing struct{ Class, Text string }

// broken is what is known of the channels that do not work for the provider.
type broken map[engine.ChannelName]engine.Breaker

// doingOf says in words what keeps a campaign from its end.
func (v voice) doingOf(c engine.Campaign, waiting []engine.WaitingFor, down broken, b engine.Balance) (list []doing) {
	say := func(code string, args ...any) {
		list = append(list, doing{code, fmt.Sprintf(v.Say("doing."+code), args...)})
	}
	switch {
	case c.Status == engine.StatusDraft:
		say("draft", c.ID)
	case c.Status == engine.StatusScheduled:
		say("scheduled", v.at(c.SendAt))
	case c.Status == engine.StatusCancelled && c.Active():
		say("recall", v.count(b.InFlight, recipients))
	case c.Status == engine.StatusPaused:
		say("paused")
	case c.Status == engine.StatusRunning && b.InFlight == 0:
		say("finish")
	case c.Status == engine.StatusRunning && len(waiting) == 0:
		say("begin", v.count(b.InFlight, recipients))
	}
	if c.Status != engine.StatusRunning && c.Status != engine.StatusPaused {
		return list
	}
	slices.SortStableFunc(waiting, func(a, b engine.WaitingFor) int { return cmp.Or(order(a)-order(b), a.Next.Compare(b.Next)) })
	some := 0
	for _, w := range waiting {
		some += w.Recipients
	}
	partly := int64(some) < b.InFlight // a large campaign was looked at in part
	for _, w := range waiting {
		list = append(list, v.group(c, w, down[w.Channel], partly))
	}
	return list
}

// order puts what is under way before what is held, and that before what is waited for.
func order(w engine.WaitingFor) int {
	switch {
	case w.Phase != engine.Sending:
		return 2
	case w.Hold != engine.NoHold:
		return 1
	}
	return 0
}

// group says what a group of recipients is in flight for.
func (v voice) group(c engine.Campaign, w engine.WaitingFor, b engine.Breaker, partly bool) doing {
	prefix := ""
	if partly {
		prefix = v.Say("at_least")
	}
	whom, who := prefix+v.count(int64(w.Recipients), toRecipients), prefix+v.count(int64(w.Recipients), recipients)
	over := v.channel(w.Channel)
	say := func(class, code string, args ...any) doing {
		return doing{class, fmt.Sprintf(v.Say("doing."+code), args...)}
	}
	future := w.Next.After(v.now)
	switch {
	case w.Phase == engine.Waiting && future:
		return say("wait", "wait", v.goals(c.Route, w.Channel), v.short(w.Next).Text, who)
	case w.Phase == engine.Waiting:
		return say("wait", "wait_now", v.goals(c.Route, w.Channel), who)
	case w.Phase == engine.Confirming:
		return say("wait", "confirm", over, who)
	case w.Hold == engine.HeldBreaker:
		return say("retry", "breaker", over, v.why(b), who)
	case w.Hold == engine.HeldPace, w.Hold == engine.HeldShared:
		return say("wait", string(w.Hold), over, who)
	case w.Hold == engine.HeldRetry && !future:
		return say("retry", "retry_now", whom, over)
	case w.Hold == engine.HeldRetry:
		return say("retry", "retry", whom, v.at(w.Next), over)
	case w.Hold == engine.HeldReputation && future:
		return say("retry", "reputation", v.at(w.Next), over, who)
	case w.Hold != engine.NoHold && future: // night, a quota
		return say("wait", string(w.Hold), v.at(w.Next), over, who)
	}
	return say("send", "send", whom, over)
}

// why tells what is wrong with a channel: ": канал недоступен (421 4.3.2)".
func (v voice) why(b engine.Breaker) string {
	if b.Reason == engine.NoReason {
		return ""
	}
	text := ": " + inside(v.Say("reason."+string(b.Reason)))
	if b.Code != "" {
		text += " (" + b.Code + ")"
	}
	return text
}

// channel names a channel within a sentence.
func (v voice) channel(name engine.ChannelName) string {
	text := v.Say("channel." + string(name))
	switch name {
	case engine.Gosuslugi, engine.VK:
		return text // names of their own
	}
	return inside(text)
}

// inside writes the words of a heading within a sentence.
func inside(text string) string {
	if first, rest, ok := cutRune(text); ok {
		return strings.ToLower(first) + rest
	}
	return text
}

func cutRune(text string) (first, rest string, ok bool) {
	for i := range text {
		if i > 0 {
			return text[:i], text[i:], true
		}
	}
	return "", text, false
}

// goals says what the steps of a channel wait for: "открытия письма или оплаты".
func (v voice) goals(r engine.Route, ch engine.ChannelName) string {
	var facts []engine.Fact
	for _, lane := range r.Lanes {
		for _, step := range lane {
			if step.Channel == ch {
				facts = append(facts, step.Until...)
			}
		}
	}
	var list []string
	for _, fact := range facts {
		text := v.Say("goal." + string(fact))
		if strings.Contains(text, "%s") {
			text = fmt.Sprintf(text, v.Say("message."+string(ch)))
		}
		if !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return strings.Join(list, v.Say("or"))
}

// lane is one lane of a route as people see it.
type lane []step

// step is a channel and, when it does not end the lane at once, how long it waits for what.
type step struct{ Channel, Wait string }

// routeOf shows a route.
func (v voice) routeOf(r engine.Route) (lanes []lane) {
	for _, l := range r.Lanes {
		var shown lane
		for _, s := range l {
			shown = append(shown, step{v.Say("channel." + string(s.Channel)), v.patience(s)})
		}
		lanes = append(lanes, shown)
	}
	return lanes
}

// patience says how long a step waits: "2 дня, пока не откроют или оплатят".
func (v voice) patience(s engine.Step) string {
	if s.Wait <= 0 {
		return ""
	}
	var goals []string
	for _, fact := range s.Until {
		goals = append(goals, v.Say("until."+string(fact)))
	}
	return v.span(time.Duration(s.Wait)) + v.choose(", пока не ", " until ") + strings.Join(goals, v.choose(" или ", " or "))
}
