package gosuslugi

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"vestnik/engine"
)

// What was placed for a house is remembered, so that what follows finds it: the outage that lasts longer or is over, in the words of a house chat.
// An event is noted before its notice is sent. Whoever meets a note without an answer knows that nobody knows, and looks before sending again.

// event is what was told a house.
type event struct {
	id        string      // TransportGUID of its notice
	House     string      `json:"house"`
	Reference string      `json:"reference,omitempty"` // of the campaign
	Service   string      `json:"service,omitempty"`   // as the variable has it
	GUID      string      `json:"guid,omitempty"`      // what ГИС ЖКХ calls it; empty: it has not answered
	Deed      deed        `json:"deed,omitempty"`      //
	Report    *outageData `json:"report,omitempty"`    // nil: news
	Meeting   string      `json:"meeting,omitempty"`   // what a notice of a meeting is recognized by
	Follows   string      `json:"follows,omitempty"`   // the event that this one takes the place of
	Was       string      `json:"was,omitempty"`       // the GUID of the report that is edited or annulled
	Over      bool        `json:"over,omitempty"`      // nothing follows it
}

// deed is what a request does with a report.
type deed string

// The deeds.
const (
	placed   deed = "place"
	edited   deed = "edit"
	annulled deed = "annul"
)

// How long an event is remembered: without an answer as long as any doubt, with one as long as the posts of a house chat.
const eventAge = 365 * 24 * time.Hour

func eventNote(id string) string { return "event/" + id }

// abouts are the names of the notes that lead to the last event of a house: by the reference, by the service, and to any; empty where the event
// has none.
func (o *office) abouts(house, reference, service string) [3]string {
	name := func(kind, text string) string {
		return "about/" + guidOf(strings.Join([]string{o.address, o.org, house, kind, text}, "\n"))
	}
	var names [3]string
	if reference != "" {
		names[0] = name("reference", reference)
	}
	if service != "" {
		names[1] = name("service", plain(service))
	}
	names[2] = name("any", "")
	return names
}

// events reads events by id; those that are not there are left out.
func (c *Channel) events(ctx context.Context, o *office, ids []string) (map[string]*event, error) {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = eventNote(id)
	}
	texts, err := c.cfg.Notes.Read(ctx, o.provider, names)
	if err != nil {
		return nil, err
	}
	found := map[string]*event{}
	for i, text := range texts {
		e := &event{id: ids[i]}
		if text != nil && json.Unmarshal(text, e) == nil {
			found[ids[i]] = e
		}
	}
	return found, nil
}

// announce notes events whose notices are about to be sent.
func (c *Channel) announce(ctx context.Context, o *office, list []*event) error {
	notes := map[string][]byte{}
	for _, e := range list {
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		notes[eventNote(e.id)] = text
	}
	if len(notes) == 0 {
		return nil
	}
	return c.cfg.Notes.Write(ctx, o.provider, notes, doubtAge)
}

// retract forgets events that were certainly not placed.
func (c *Channel) retract(ctx context.Context, o *office, ids []string) {
	if len(ids) == 0 {
		return
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = eventNote(id)
	}
	c.forget(context.WithoutCancel(ctx), o, names)
}

// enter notes events that have been placed, and leads what follows to them.
func (c *Channel) enter(ctx context.Context, o *office, list []*event) error {
	notes, gone := map[string][]byte{}, map[string][]byte{}
	for _, e := range list {
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		notes[eventNote(e.id)] = text
		if e.Follows != "" && e.Follows != e.id {
			gone[eventNote(e.Follows)] = nil
		}
		for _, name := range o.abouts(e.House, e.Reference, e.Service) {
			if name != "" && !e.Over {
				notes[name] = []byte(e.id)
			}
		}
	}
	if len(notes) == 0 {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	if err := c.cfg.Notes.Write(ctx, o.provider, notes, eventAge); err != nil {
		return err
	}
	if len(gone) == 0 {
		return nil
	}
	return c.cfg.Notes.Write(ctx, o.provider, gone, time.Second)
}

// past finds the events of stories: their own, of an earlier attempt, and the one each follows. A restoration that finds none by its reference
// follows the last outage of its house of the same service; or the last of all, where a service is not known (package channels/housechat has
// the same rule).
func (v *visit) past(list []*story) error {
	var ids, names []string
	for _, s := range list {
		abouts := v.office.abouts(s.house, v.from.Campaign.Reference, s.Service)
		ids, names = append(ids, s.id), append(names, abouts[:]...)
	}
	leads, err := v.leads(names)
	if err != nil {
		return err
	}
	known, err := v.events(v.ctx, v.office, slices.Concat(ids, slices.DeleteFunc(slices.Clone(leads), func(id string) bool { return id == "" })))
	if err != nil {
		return err
	}
	for k, s := range list {
		s.own = known[s.id]
		for which, id := range leads[3*k : 3*k+3] {
			e := known[id]
			if s.kind != engine.KindOutage || e == nil || e.GUID == "" || e.Over || e.id == s.id || s.earlier != nil {
				continue
			}
			if which == 0 || s.over && (which == 1 || s.Service == "" || e.Service == "") {
				s.earlier = e
			}
		}
	}
	return nil
}

// leads reads what notes lead to; empty names lead nowhere.
func (v *visit) leads(names []string) ([]string, error) {
	var given []string
	for _, name := range names {
		if name != "" {
			given = append(given, name)
		}
	}
	texts, err := v.cfg.Notes.Read(v.ctx, v.office.provider, given)
	if err != nil {
		return nil, err
	}
	ids, next := make([]string, len(names)), 0
	for i, name := range names {
		if name != "" {
			ids[i] = string(texts[next])
			next++
		}
	}
	return ids, nil
}

// answered gives the result of events that an earlier attempt has placed, and looks for those of which nobody knows; the others are returned.
func (v *visit) answered(list []*story) (rest []*story) {
	for _, s := range list {
		switch e := s.own; {
		case e == nil:
			rest = append(rest, s)
		case e.GUID != "":
			v.results[s.of] = engine.Result{ID: e.GUID, Received: true}
		case e.Report != nil || e.Deed == annulled:
			v.seekReport(s.of, e)
		case e.Meeting != "":
			v.seekMeeting(s.of, e)
		default:
			rest = append(rest, s) // news cannot be looked for
		}
	}
	return rest
}
