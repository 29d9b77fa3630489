package engine

import "slices"

// State is where one recipient stands in one lane. The zero State is in flight with nothing taken yet.
//
// A State in flight whose Channel is set was taken by that channel and travels on to wait for its goal: whatever happens later, it ends
// delivered unless that channel returns it.
type State struct {
	Outcome Outcome
	Channel ChannelName // which took it, or failed last
	Reason  Reason      // why it failed last, or was suppressed
	Step    uint8       // the step of the lane it is at or ended at
}

// StateSize is the length of a packed State in bytes.
const StateSize = 4

// Pack appends the state's four bytes: the codes of outcome, channel and reason, and the step. The first byte is all a store needs to
// count outcomes: 0 is in flight, and of several lanes the smallest counts.
func (s State) Pack(b []byte) []byte {
	return append(b, code(outcomes, s.Outcome), code(channelNames, s.Channel), code(reasons, s.Reason), s.Step)
}

// UnpackState reads four bytes written by Pack. Missing bytes read as zero, as a store returns them for what was never written.
func UnpackState(b []byte) State {
	var packed [StateSize]byte
	copy(packed[:], b)
	return State{
		Outcome: outcomes[min(int(packed[0]), len(outcomes)-1)],
		Channel: channelNames[min(int(packed[1]), len(channelNames)-1)],
		Reason:  reasons[min(int(packed[2]), len(reasons)-1)],
		Step:    packed[3],
	}
}

// Taken reports whether a channel has taken the message and not returned it.
func (s State) Taken() bool {
	return s.Channel != NoChannel && s.Reason == NoReason && (s.Outcome == InFlight || s.Outcome == Delivered)
}

func code[T comparable](list []T, v T) byte { return byte(max(slices.Index(list, v), 0)) }

// OutcomeCode is the first byte of a packed State with this outcome.
func OutcomeCode(o Outcome) byte { return code(outcomes, o) }
