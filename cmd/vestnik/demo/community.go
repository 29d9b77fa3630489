package demo

import (
	"errors"
	"fmt"
	"maps"
	"strings"

	"vestnik/channels/vk/vktest"
	"vestnik/engine"
)

// firstVK is the VK id of the resident with number 0.
const firstVK = 700_000_000

// community is the company's in VK: a simulator that speaks VK's own protocols, without its limits.
type community struct {
	server *vktest.Server
}

// What the community calls our door with.
const (
	doorSecret       = "demo-secret"
	doorConfirmation = "demo0confirm"
)

// openCommunity opens it; told hears of every message.
func openCommunity(w *World, told func(vktest.Message)) (*community, error) {
	refuse := func(user int64) int { return w.Talks(w.Resident(int(user - firstVK))).Refuses }
	server, err := vktest.Start(vktest.Options{Group: 700, Rate: -1, Keep: 1000, OnMessage: told, Refuse: refuse})
	if err != nil {
		return nil, fmt.Errorf("start the community in VK: %w", err)
	}
	return &community{server}, nil
}

// settings are the company's about its community. It may send as fast as it can.
func (c *community) settings() map[string]string {
	settings := c.server.Settings()
	maps.Copy(settings, map[string]string{"vk.secret": doorSecret, "vk.confirmation": doorConfirmation, "vk.per_second": "1000000"})
	return settings
}

// introduce tells the community where our door is.
func (c *community) introduce(door string) error {
	return c.server.Door(door, doorSecret, doorConfirmation)
}

// Talk is how a resident gets on with the community.
type Talk struct {
	Refuses int  // the error of VK that writing to them meets; 0: none
	Invites bool // allows messages after all, having got a letter
	Denies  bool // forbids them, having read one
	Tires   bool // answers "стоп"
}

// Talks tells how a resident gets on with the community.
func (w *World) Talks(p Resident) Talk {
	r := w.random(aboutDialog, p.Number)
	t := Talk{Invites: r.IntN(100) < 15, Denies: r.IntN(100) < 2, Tires: r.IntN(100) < 3}
	switch chance := r.IntN(100); {
	case chance < 12:
		t.Refuses = 901 // has not allowed it
	case chance < 14:
		t.Refuses = 902 // closed to everybody
	case chance < 15:
		t.Refuses, t.Invites = 18, false // not there any more
	}
	return t
}

// signs are words that stand in every message of a kind and in none of another: how people know what it is about.
var signs = map[engine.Kind]string{
	engine.KindBill: "счёт за ", engine.KindDebt: "задолженност", engine.KindOutage: "Горячее водоснабжение", engine.KindAd: "Поверим счётчики",
	engine.KindAction: "передать показания",
}

// ReceiveVK is what the community's server calls with each message.
func (r *Residents) ReceiveVK(m vktest.Message) {
	defer r.seen.Add(1)
	select {
	case r.room <- struct{}{}:
	case <-r.ctx.Done():
		return
	}
	r.busy.Add(1)
	r.lives.Go(func() {
		defer func() { <-r.room; r.busy.Add(-1) }()
		r.fail(r.liveVK(m))
	})
}

// liveVK is what happens to one message.
func (r *Residents) liveVK(m vktest.Message) error {
	e := r.errand(m)
	if e == nil {
		return nil
	}
	if m.User < firstVK || m.User >= firstVK+int64(r.world.Size) {
		return errors.New("a message in VK came to nobody who lives here")
	}
	e.deeds.Gets(int(m.User-firstVK), engine.VK)
	p := r.world.Resident(int(m.User - firstVK))
	at := reading{resident: p, fate: r.world.Fate(p, e.kind), letter: letter{dialog: true}, errand: e}
	if len(m.Buttons) > 0 {
		at.letter.button = m.Buttons[0].Link
	}
	return r.use(at)
}

// errand finds which campaign a message is of; nil: none that residents know.
func (r *Residents) errand(m vktest.Message) *errand {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.campaigns {
		if sign := signs[e.kind]; sign != "" && strings.Contains(m.Text, sign) {
			return e
		}
	}
	return nil
}

// openDialog reads all that is there, and may be the last thing the resident wants to hear.
func (r *Residents) openDialog(at reading) {
	for _, m := range r.vk.Read(at.resident.VK) {
		if e := r.errand(m); e != nil {
			e.deeds.Opened.Add(1)
		}
	}
	switch talk := r.world.Talks(at.resident); {
	case talk.Denies:
		r.vk.Deny(at.resident.VK)
	case talk.Tires:
		r.mu.Lock()
		r.tired = append(r.tired, at)
		r.mu.Unlock()
	}
}

// invite lets the community write, of somebody who got a letter because it could not.
func (r *Residents) invite(at reading) {
	if talk := r.world.Talks(at.resident); r.vk != nil && talk.Refuses != 0 && talk.Invites && at.resident.VK != 0 {
		r.vk.Allow(at.resident.VK)
	}
}

// Evening is when all campaigns have settled, and who has had enough of them says so: it counts for the newest message of the dialog.
func (r *Residents) Evening() {
	r.mu.Lock()
	tired := r.tired
	r.tired = nil
	r.mu.Unlock()
	said := map[int]bool{}
	for _, at := range tired {
		newest, there := r.vk.Newest(at.resident.VK)
		if said[at.resident.Number] || !there {
			continue
		}
		said[at.resident.Number] = true
		r.vk.Write(at.resident.VK, "Стоп")
		if e := r.errand(newest); e != nil {
			e.deeds.Unsubscribed.Add(1)
		}
	}
}
