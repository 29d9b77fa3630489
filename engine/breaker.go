package engine

import (
	"math"
	"time"
)

// Breaker is what is known of a channel that does not work for a provider. Closed it lets everything pass; open, nothing before Until; after
// Until a few messages probe whether the channel works again. The zero Breaker is closed.
type Breaker struct {
	Provider ProviderID  `json:"provider"`
	Channel  ChannelName `json:"channel"`
	Failures int         `json:"failures"`         // batches in a row of which the channel took nothing
	Reason   Reason      `json:"reason,omitempty"` // Unavailable, Misconfigured or, when the sender's reputation is at stake, Refused
	Code     string      `json:"code,omitempty"`   // the channel's own, of the last failure
	Since    time.Time   `json:"since,omitzero"`   // of the first failure
	Until    time.Time   `json:"until,omitzero"`   // zero: closed
}

// Open reports whether the channel is not to be used freely: nothing passes before Until, and probes only from then on.
func (b Breaker) Open() bool { return !b.Until.IsZero() }

// hold is why batches wait for the breaker.
func (b Breaker) hold() Hold {
	if b.Reason == Refused {
		return HeldReputation
	}
	return HeldBreaker
}

// When a breaker opens, and for how long: doubled with every probe that fails.
const (
	breakAfter   = 3 // batches in a row
	breakFirst   = 5 * time.Second
	breakLongest = 5 * time.Minute
	probeSize    = 10 // messages
)

// breaks reports whether a fault says that the channel does not work at all, whoever is written to.
func (f *Fault) breaks() bool { return f.Reason == Misconfigured || f.Reason == Unavailable && f.Whole }

// symptoms is what the results of a batch tell about the channel.
type symptoms struct {
	works bool   // it took a message, or answered about one
	fault *Fault // the last that says it does not work; nil: none
}

func examine(results []Result) (s symptoms) {
	for _, r := range results {
		switch {
		case r.Fault != nil && r.Fault.Reason == Throttled && r.Fault.Code == "": // the channel's own pace: nobody was asked
		case r.Fault == nil, !r.Fault.Reason.Temporary(), r.Fault.Reason == Throttled:
			s.works = true
		case r.Fault.breaks():
			s.fault = r.Fault
		}
	}
	return s
}

// after is the breaker after a batch: one that works closes it; wrong settings open it at once, as does a failed probe; a channel out of
// reach after three batches in a row.
func (b Breaker) after(s symptoms, now time.Time) Breaker {
	switch {
	case s.works:
		return Breaker{Provider: b.Provider, Channel: b.Channel}
	case s.fault == nil, now.Before(b.Until): // what the channel had before the breaker opened is no probe
		return b
	}
	if b.Failures == 0 {
		b.Since = now
	}
	b.Failures++
	b.Reason, b.Code = s.fault.Reason, s.fault.Code
	if b.Failures >= breakAfter || b.Open() || b.Reason == Misconfigured {
		probes := max(0, b.Failures-breakAfter)
		b.Until = now.Add(time.Duration(min(float64(breakFirst)*math.Pow(2, float64(probes)), float64(breakLongest))))
	}
	return b
}
