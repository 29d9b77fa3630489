package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Route says how a campaign reaches its recipients: lanes side by side, the steps of a lane one after another.
type Route struct {
	Lanes []Lane `json:"lanes"`
}

// Lane is a list of steps tried one after another.
type Lane []Step

// Step is one channel of a lane. With a Wait and a goal, the lane goes on when the wait ends and the goal was not met; without, the
// lane ends as soon as the channel has taken the message.
type Step struct {
	Channel ChannelName `json:"channel"`
	Wait    Wait        `json:"wait,omitempty"`
	Until   Goals       `json:"until,omitempty"`
	// Template is the text of this step alone, for instance of a reminder; the zero value means the campaign's. Pinned like the campaign's.
	Template TemplateRef `json:"template,omitzero"`
}

// Wait is how long a step waits for its goal. In JSON it is written like "72h", "90m" or "3d".
type Wait time.Duration

// Goals are the facts any of which ends the lane. In JSON one goal is a string, several are a list.
type Goals []Fact

// Bounds of a route, so that a state fits its four bytes and a route fits a screen.
const (
	maxLanes = 4
	maxSteps = 8
	maxWait  = Wait(90 * 24 * time.Hour)
	mostDays = 100_000 // a Wait can count no more
)

// MarshalText writes the wait in hours and minutes: "72h0m0s".
func (w Wait) MarshalText() ([]byte, error) { return []byte(time.Duration(w).String()), nil }

// UnmarshalText reads what time.ParseDuration reads, and whole days as "3d".
func (w *Wait) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n > mostDays || n < -mostDays {
			return fmt.Errorf(`a wait is written like "72h", "90m" or "3d", not %q`, text)
		}
		*w = Wait(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf(`a wait is written like "72h", "90m" or "3d", not %q`, text)
	}
	*w = Wait(d)
	return nil
}

// MarshalJSON writes one goal as a string and several as a list.
func (g Goals) MarshalJSON() ([]byte, error) {
	if len(g) == 1 {
		return json.Marshal(g[0])
	}
	return json.Marshal([]Fact(g))
}

// UnmarshalJSON reads a string or a list of strings; null is no goal.
func (g *Goals) UnmarshalJSON(text []byte) error {
	var one Fact
	if string(text) != "null" && json.Unmarshal(text, &one) == nil {
		*g = Goals{one}
		return nil
	}
	return json.Unmarshal(text, (*[]Fact)(g))
}

// Problem is one thing wrong with what somebody asked for.
type Problem struct {
	Field   string `json:"field"`   // a path such as "route.lanes[0][1].wait"
	Code    string `json:"code"`    // for programs
	Message string `json:"message"` // for people
}

// goalFacts are the facts a step can wait for.
var goalFacts = []Fact{Sent, Received, Opened, Clicked, Paid}

// Check lists everything wrong with the route as a route for kind; an empty list means it can be travelled. Each Field begins with "route".
func (r Route) Check(kind Kind) (problems []Problem) {
	report := func(field, code, format string, args ...any) {
		problems = append(problems, Problem{Field: field, Code: code, Message: fmt.Sprintf(format, args...)})
	}
	if n := len(r.Lanes); n == 0 || n > maxLanes {
		report("route.lanes", "out_of_range", "a route has 1 to %d lanes, not %d", maxLanes, n)
	}
	lanes := map[ChannelName]int{}
	for l, lane := range r.Lanes {
		if n := len(lane); n == 0 || n > maxSteps {
			report(fmt.Sprintf("route.lanes[%d]", l), "out_of_range", "a lane has 1 to %d steps, not %d", maxSteps, n)
		}
		for s, step := range lane {
			at := fmt.Sprintf("route.lanes[%d][%d]", l, s)
			if !step.Channel.Known() {
				report(at+".channel", "unknown", "there is no channel %q; there are %v", step.Channel, ChannelNames())
			} else if !Allowed(kind, step.Channel) {
				report(at+".channel", "forbidden", "a campaign of kind %q never goes over %q", kind, step.Channel)
			}
			if other, there := lanes[step.Channel]; there && other != l {
				report(at+".channel", "repeated", "%q stands in another lane already: residents would get the same twice", step.Channel)
			} else {
				lanes[step.Channel] = l
			}
			if step.Wait < 0 || step.Wait > maxWait {
				report(at+".wait", "out_of_range", "a wait lasts up to 90 days")
			}
			if (step.Wait > 0) != (len(step.Until) > 0) {
				report(at, "incomplete", "wait and until stand together or not at all")
			}
			for _, goal := range step.Until {
				if !slices.Contains(goalFacts, goal) {
					report(at+".until", "unknown", "a step cannot wait for %q; it can for %v", goal, goalFacts)
				}
			}
		}
	}
	return problems
}

// Channels lists the channels the route uses, each once.
func (r Route) Channels() (channels []ChannelName) {
	for _, lane := range r.Lanes {
		for _, step := range lane {
			if !slices.Contains(channels, step.Channel) {
				channels = append(channels, step.Channel)
			}
		}
	}
	return channels
}

// DefaultRoute is the route of a kind when an order names none.
func DefaultRoute(kind Kind) Route {
	only := func(ch ChannelName) Step { return Step{Channel: ch} }
	until := func(ch ChannelName, hours int, goals ...Fact) Step {
		return Step{Channel: ch, Wait: Wait(time.Duration(hours) * time.Hour), Until: goals}
	}
	switch kind {
	case KindBill:
		return Route{Lanes: []Lane{{until(Gosuslugi, 48, Opened, Paid), until(Email, 72, Opened, Paid), only(VK)}}}
	case KindDebt:
		return Route{Lanes: []Lane{{until(Gosuslugi, 72, Paid), until(Email, 72, Paid), until(VK, 72, Paid)}}}
	case KindOutage:
		return Route{Lanes: []Lane{{only(Gosuslugi)}, {only(HouseChat)}, {only(Email), only(VK)}}}
	case KindAction:
		return Route{Lanes: []Lane{{only(Gosuslugi), only(Email), only(VK)}}}
	case KindMeeting:
		return Route{Lanes: []Lane{{only(Gosuslugi)}, {only(Email), only(VK)}, {only(HouseChat)}}}
	case KindReport:
		return Route{Lanes: []Lane{{only(Email)}}}
	}
	return Route{Lanes: []Lane{{only(Email), only(VK)}}}
}
