package email

import (
	"slices"
	"testing"
	"time"

	"vestnik/engine"
)

func TestChoose(t *testing.T) {
	for _, test := range []struct {
		name    string
		weights []int
		broken  []int // places that are not usable
		want    []int // the order of choices
	}{
		{"in turns", []int{1, 1}, nil, []int{0, 1, 0, 1}},
		{"by weight, evenly spread", []int{3, 1}, nil, []int{0, 0, 1, 0, 0, 0, 1, 0}},
		{"three", []int{5, 1, 1}, nil, []int{0, 0, 1, 0, 2, 0, 0}},
		{"without the broken one", []int{5, 1, 1}, []int{0}, []int{1, 2, 1, 2}},
		{"nobody", []int{1, 1}, []int{0, 1}, []int{-1, -1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			turns, got := make([]int, len(test.weights)), []int(nil)
			for range test.want {
				got = append(got, choose(test.weights, turns, func(i int) bool { return !slices.Contains(test.broken, i) }))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("chosen %v, want %v", got, test.want)
			}
		})
	}
}

func TestPortions(t *testing.T) {
	for _, test := range []struct {
		weights []int
		most    int
		want    []int
	}{
		{[]int{1}, 8, []int{8}},
		{[]int{1, 1}, 8, []int{8, 8}},
		{[]int{3, 1}, 8, []int{8, 3}},
		{[]int{100, 1}, 8, []int{8, 1}},
		{[]int{2, 1}, 1, []int{1, 1}},
	} {
		if got := portions(test.weights, test.most); !slices.Equal(got, test.want) {
			t.Errorf("%v share %d connections as %v, want %v", test.weights, test.most, got, test.want)
		}
	}
}

// TestHealth walks a relay through failures, rests and probes. Times are in seconds.
func TestHealth(t *testing.T) {
	var h health
	begin := time.Unix(1_000_000, 0)
	for i, step := range []struct {
		at    float64
		do    string // fails, probes, works or nothing
		rests bool   // afterwards
		alone bool   // it rests even though all others do
	}{
		{0, "", false, false},
		{0, "fails", true, true},
		{0.1, "fails", true, true}, // tried beside the first one: no further failure
		{0.9, "", true, true},
		{1, "", false, false},
		{1, "probes", true, true}, // one finds out, the others wait
		{1.5, "fails", true, true},
		{2.6, "", true, false}, // the rest is two seconds now, but a pause is enough when there is nobody else
		{3.5, "", false, false},
		{3.5, "probes", true, true},
		{4, "works", false, false},
		{4, "fails", true, true},
		{5, "", false, false}, // it begins anew
	} {
		now := begin.Add(time.Duration(step.at * float64(time.Second)))
		switch step.do {
		case "fails":
			h.fails(&engine.Fault{Reason: engine.Unavailable}, now)
		case "probes":
			h.probing = true
		case "works":
			h.works()
		}
		if rests, alone := h.resting(now, false), h.resting(now, true); rests != step.rests || alone != step.alone {
			t.Errorf("step %d, %v s, %s: rests %v, alone %v", i, step.at, step.do, rests, alone)
		}
	}
}

// TestRestsGrow bounds the rest of a relay that never comes back.
func TestRestsGrow(t *testing.T) {
	var h health
	now := time.Unix(1_000_000, 0)
	var rests []time.Duration
	for range 10 {
		h.fails(&engine.Fault{}, now)
		rests = append(rests, h.until.Sub(now)/time.Second)
		now = h.until
	}
	if want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60, 60}; !slices.Equal(rests, want) {
		t.Errorf("it rests %v seconds, want %v", rests, want)
	}
}
