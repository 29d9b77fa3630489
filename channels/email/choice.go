package email

import (
	"time"

	"vestnik/engine"
)

// pause is how long a relay that could not be reached, or did not answer a sender in time, is left alone at least: long enough for a batch to fail
// over, or to fail at once instead of waiting for every message; short enough that nobody notices its return.
const pause = time.Second

// longestRest is how long a relay rests at most that fails again and again while another one works.
const longestRest = time.Minute

// health is what is known of a relay that connections were asked of. The zero health is good. It is plain data: the caller says what time it is.
type health struct {
	failures int // connections in a row that could not be opened
	last     time.Time
	until    time.Time // it rests until then
	probing  bool      // one connection finds out whether the relay works again
	fault    *engine.Fault
}

// fails notes that a connection could not be opened. The rest is doubled with every failure after the first rest; what was tried beside the
// first failure is no further one.
func (h *health) fails(fault *engine.Fault, now time.Time) {
	if !h.probing && now.Before(h.until) {
		return
	}
	h.failures++
	h.last, h.fault, h.probing = now, fault, false
	h.until = now.Add(min(longestRest, pause<<min(h.failures-1, 10)))
}

// works notes that a connection was opened.
func (h *health) works() { *h = health{} }

// resting reports whether no connection is to be asked for now. A relay that is alone, because all others rest too, rests no longer than a pause: who
// waits for a rest to end while nothing else works would lose more than a connection.
func (h *health) resting(now time.Time, alone bool) bool {
	switch {
	case h.failures == 0:
		return false
	case h.probing:
		return true
	case alone:
		return now.Before(h.last.Add(pause))
	}
	return now.Before(h.until)
}

// choose gives the place of the relay whose turn it is among those that are usable, each as often as its weight says and as evenly spread as
// can be (the smooth weighted round robin of nginx); -1 if none is usable. turns are kept from call to call.
func choose(weights, turns []int, usable func(i int) bool) int {
	chosen, sum := -1, 0
	for i, weight := range weights {
		if !usable(i) {
			continue
		}
		turns[i] += weight
		sum += weight
		if chosen < 0 || turns[i] > turns[chosen] {
			chosen = i
		}
	}
	if chosen >= 0 {
		turns[chosen] -= sum
	}
	return chosen
}

// portions divides the connections: the heaviest relay may have most of them, the others their part, none less than one.
func portions(weights []int, most int) []int {
	heaviest := 1
	for _, w := range weights {
		heaviest = max(heaviest, w)
	}
	list := make([]int, len(weights))
	for i, w := range weights {
		list[i] = max(1, (most*w+heaviest-1)/heaviest)
	}
	return list
}
