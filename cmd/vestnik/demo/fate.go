package demo

import (
	"math/rand/v2"
	"time"

	"vestnik/engine"
)

// Fate is what a resident is going to do about a message. It depends on the seed, the account and the kind, and on nothing that happens.
type Fate struct {
	Returned     bool // the mailbox takes the mail and returns it
	Received     bool // the mailbox reports that it lies there
	Opens        bool
	Clicks       bool // of those who open
	Unsubscribes bool // of those who open
	Pays         Paying
	Beforehand   bool          // pays before anything was sent
	ByAccount    bool          // names account and month instead of the document
	Twice        bool          // the bank reports the payment twice
	Rest         time.Duration // between two things they do
}

// Paying is how a resident pays.
type Paying int

// The ways of paying.
const (
	Never  Paying = iota
	InFull        //
	InTwo         // in two parts
	InPart        // and the rest some other month
)

// habits are chances out of a thousand.
type habits struct{ received, opens, clicks, unsubscribes, pays, unread int }

// customs tell how people take each kind: of those who are reached, so many open; of those who open, so many click; of those who click, so many
// pay. unread is how many pay without having looked.
var customs = map[engine.Kind]habits{
	engine.KindBill:   {received: 985, opens: 690, clicks: 520, pays: 830, unread: 90},
	engine.KindDebt:   {received: 985, opens: 740, clicks: 430, pays: 700, unread: 40},
	engine.KindOutage: {received: 985, opens: 810},
	engine.KindAction: {received: 985, opens: 760, clicks: 450},
	engine.KindAd:     {received: 970, opens: 240, clicks: 160, unsubscribes: 60},
}

// Fate tells what the resident does about a message of the kind.
func (w *World) Fate(p Resident, kind engine.Kind) Fate {
	r := w.random(aboutLife, p.Number)
	for _, k := range engine.Kinds() { // each kind takes its own numbers from the source
		f := fate(r, p, customs[k])
		if k == kind {
			return f
		}
	}
	return Fate{}
}

func fate(r *rand.Rand, p Resident, h habits) Fate {
	chance := func(of int) bool { return r.IntN(1000) < of }
	f := Fate{Received: chance(h.received), Opens: chance(h.opens), Clicks: chance(h.clicks), Unsubscribes: chance(h.unsubscribes)}
	way, pays, unread := r.IntN(100), chance(h.pays), chance(h.unread)
	f.Beforehand, f.ByAccount, f.Twice = chance(250), chance(300), chance(30)
	f.Rest = min(time.Duration(20+r.ExpFloat64()*300)*time.Millisecond, 2*time.Second)
	f.Returned = p.Mailbox == Returns
	f.Clicks, f.Unsubscribes = f.Clicks && f.Opens, f.Unsubscribes && f.Opens
	f.Beforehand = f.Beforehand && unread
	if pays = pays && f.Clicks || unread; pays {
		switch {
		case way < 88 || f.Beforehand:
			f.Pays = InFull
		case way < 94:
			f.Pays = InTwo
		default:
			f.Pays = InPart
		}
	}
	return f
}
