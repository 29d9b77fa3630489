package demo

import (
	"slices"
	"sync"
	"sync/atomic"

	"vestnik/engine"
)

// Deeds counts what residents did to the messages of one campaign, as far as the server took it. Each counts once a resident and message.
type Deeds struct {
	Letters, Received, Opened, Clicked, Returned, Unsubscribed atomic.Int64
	Neighbours                                                 atomic.Int64 // whom a post in the chat of their house is for

	kind engine.Kind
	mu   sync.Mutex
	last [][mostLanes]engine.ChannelName // by number of the resident: over which channel the last message of each lane came that they keep
}

// mostLanes is how many lanes the default routes have.
const mostLanes = 3

func newDeeds(kind engine.Kind, residents int) *Deeds {
	return &Deeds{kind: kind, last: make([][mostLanes]engine.ChannelName, residents)}
}

// lane is the lane of the default route that a channel stands in: most kinds have one, outages three.
func (d *Deeds) lane(ch engine.ChannelName) int {
	return max(0, slices.IndexFunc(engine.DefaultRoute(d.kind).Lanes, func(lane engine.Lane) bool {
		return slices.ContainsFunc(lane, func(step engine.Step) bool { return step.Channel == ch })
	}))
}

// Gets notes that a message came to a resident.
func (d *Deeds) Gets(number int, ch engine.ChannelName) {
	d.Letters.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last[number][d.lane(ch)] = ch
}

// Hears notes that a resident was told in the chat of the house.
func (d *Deeds) Hears(number int) {
	d.Neighbours.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last[number][d.lane(engine.HouseChat)] = engine.HouseChat
}

// Loses notes that a message went back; if none came after it in its lane, the resident has nothing of that lane.
func (d *Deeds) Loses(number int, ch engine.ChannelName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if lane := d.lane(ch); d.last[number][lane] == ch {
		d.last[number][lane] = engine.NoChannel
	}
}

// Reached counts the residents who keep a message.
func (d *Deeds) Reached() (n int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, lanes := range d.last {
		if lanes != [mostLanes]engine.ChannelName{} {
			n++
		}
	}
	return n
}
